// Writes dist/commonjs-types: the declarations once more, in a folder that says "commonjs". A compiler in one of the node
// modes refuses to `require` what is declared as a module, although Node does so since 20.19.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const source = "dist";
const target = join(source, "commonjs-types");
const entries = ["index.d.ts", "portable/index.d.ts", "testing/index.d.ts", "testing/suites.d.ts"];

rmSync(target, { recursive: true, force: true });
const pending = entries.map((entry) => join(source, entry));
const seen = new Set(pending);
for (const path of pending) {
  const copy = join(target, relative(source, path));
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(path, copy);
  for (const [, specifier] of readFileSync(path, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.ts"/g)) {
    const imported = join(dirname(path), `${specifier}.d.ts`);
    // Examples in comments import too.
    if (seen.has(imported) || !existsSync(imported)) continue;
    seen.add(imported);
    pending.push(imported);
  }
}
writeFileSync(join(target, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
