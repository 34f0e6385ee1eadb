import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";

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
function closureOf(entry: string): ReadonlySet<string> {
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

const heavy =
  /^src\/(?:engine|backends\/(?!azure-storage\/storage\/connection-string\.ts$))|^@grpc|^@bufbuild|^@azure\/(?!functions$)/;

it("the main entry loads neither an engine nor storage nor gRPC", () => {
  const loaded = closureOf("src/index.ts");
  expect(loaded.size).toBeGreaterThan(30);
  expect([...loaded].filter((path) => heavy.test(path))).toEqual([]);
  expect([...loaded].filter((path) => path.startsWith("src/hosting/"))).toEqual(["src/hosting/start-worker.ts"]);
});

it("the portable entry loads neither an engine nor storage nor gRPC, and nothing of Functions", () => {
  const loaded = closureOf("src/portable/index.ts");
  expect(loaded.size).toBeGreaterThan(30);
  const packages = [...loaded].filter((path) => !path.startsWith("src/") && !path.startsWith("node:"));
  expect(packages).toEqual([]);
  expect([...loaded].filter((path) => heavy.test(path) || path.startsWith("src/functions/"))).toEqual([]);
});

it("follows what is loaded", () => {
  expect(closureOf("src/portable/grpc-place.ts").has("@grpc/grpc-js")).toBe(true);
  expect(closureOf("src/hosting/library-host.ts").has("src/engine/task-hub-worker.ts")).toBe(true);
});
