import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** What a module loads when it is loaded: imports of types are erased, and `import()` comes later. */
function loads(path: string): string[] {
  const text = readFileSync(path, "utf8").replace(/^\s*\*.*$/gm, "");
  const statements = text.matchAll(
    /^(?:import|export)\s+(?!type\b)(?:(\{[^}]*\}|\*[^"]*|[\w\s,{}*]*)\s+from\s+)?"([^"]+)"/gm,
  );
  return [...statements].flatMap(([, names, specifier]) => {
    const listed = names?.startsWith("{")
      ? names
          .slice(1, -1)
          .split(",")
          .map((name) => name.trim())
      : undefined;
    const onlyTypes = listed?.filter(Boolean).every((name) => name.startsWith("type "));
    return onlyTypes === true ? [] : [specifier!];
  });
}

/** Everything that is loaded with a module: files of `src`, and packages. */
export function closureOf(entry: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    if (!path.startsWith("src/")) return;
    for (const specifier of loads(path)) {
      visit(specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier);
    }
  };
  visit(entry);
  return reached;
}
