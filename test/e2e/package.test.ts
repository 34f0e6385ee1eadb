import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { expect, it } from "vitest";
import { npmCommand } from "../support/npm-command.mjs";
import { unpackTarball } from "../support/tarball.mjs";

it("npm pack of a clone that nobody has built is whole, and names no maps that it does not hold", () => {
  const folder = mkdtempSync(join(tmpdir(), "durable-clone-"));
  try {
    const sources = ["src", "samples", "scripts", "docs", "package.json", "tsconfig.json", "tsconfig.build.json"];
    for (const name of [...sources, "README.md", "LICENSE", "CHANGELOG.md", ".npmrc"]) {
      cpSync(name, join(folder, name), { recursive: true });
    }
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, "unpacked"));

    const [npm, ...npmArgs] = npmCommand;
    execFileSync(npm, [...npmArgs, "pack"], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    const { version, bin } = JSON.parse(readFileSync("package.json", "utf8"));
    const unpacked = join(folder, "unpacked");
    unpackTarball(join(folder, `durable-functions-ts-${version}.tgz`), unpacked);
    const entries = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = entries.map(({ parentPath, name }) => join(parentPath, name));
    const names = files.map((file) => relative(unpacked, file).split(sep).join("/"));
    for (const entry of [
      "index.js",
      "index.d.ts",
      "commonjs-types/index.d.ts",
      "portable/index.js",
      "testing/index.js",
    ]) {
      expect(names).toContain(`dist/${entry}`);
    }
    expect(Object.keys(bin)).toEqual(["durable", "durable-functions-ts"]);
    const script = join(unpacked, bin["durable-functions-ts"]);
    expect(execFileSync(process.execPath, [script, "--version"], { encoding: "utf8" })).toBe(`${version}\n`);
    expect(names.filter((name) => name.endsWith(".map") || /^(?:src|test)\//.test(name))).toEqual([]);
    const dangling = files.filter(
      (file) => file.endsWith(".js") && /\n\/\/# sourceMappingURL=(?!data:)/.test(readFileSync(file, "utf8")),
    );
    expect(dangling).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
