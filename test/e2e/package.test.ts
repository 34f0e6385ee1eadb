import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

it("npm pack of a clone that nobody has built is whole, and names no maps that it does not hold", () => {
  const folder = mkdtempSync(join(tmpdir(), "durable-clone-"));
  try {
    const sources = ["src", "samples", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json"];
    for (const name of [...sources, "README.md", "LICENSE", "CHANGELOG.md", ".npmrc"]) {
      cpSync(name, join(folder, name), { recursive: true });
    }
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, "unpacked"));

    execFileSync("npm", ["pack"], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    const { version, bin } = JSON.parse(readFileSync("package.json", "utf8"));
    execFileSync("tar", ["-xzf", `durable-functions-ts-${version}.tgz`, "-C", "unpacked"], { cwd: folder });

    const unpacked = join(folder, "unpacked", "package");
    const files = execFileSync("find", [unpacked, "-type", "f"], { encoding: "utf8" }).trim().split("\n");
    const names = files.map((file) => file.slice(unpacked.length + 1));
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
    expect(names.filter((name) => name.endsWith(".map") || /^(?:src|test|samples)\//.test(name))).toEqual([]);
    const dangling = files.filter(
      (file) => file.endsWith(".js") && /\n\/\/# sourceMappingURL=(?!data:)/.test(readFileSync(file, "utf8")),
    );
    expect(dangling).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
