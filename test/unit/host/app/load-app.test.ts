import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cureOf, findEntryFiles, readManifest } from "../../../../src/host/app/load-app.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-entries-"));
  mkdirSync(join(folder, "dist", "functions"), { recursive: true });
  for (const name of ["index.js", "index.d.ts", "a.txt", "functions/b.js", "functions/a.js"]) {
    writeFileSync(join(folder, "dist", name), "");
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it.each([
  ["dist/{index.js,functions/*.js}", ["dist/index.js", "dist/functions/a.js", "dist/functions/b.js"]],
  ["./dist/*.js", ["dist/index.js"]],
  ["dist/index.*", ["dist/index.js"]],
  ["dist\\functions\\a.js", ["dist/functions/a.js"]],
  ["dist/functions", ["dist/functions/a.js", "dist/functions/b.js"]],
])("main %s loads files before those of subfolders, by name", async (main, expected) => {
  const files = await findEntryFiles(folder, main);

  expect(files.map((file) => relative(folder, file))).toEqual(expected);
});

it("main that matches nothing is an error that names it and says to build", async () => {
  await expect(findEntryFiles(folder, "out/*.js")).rejects.toThrow(/"out\/\*\.js".*npm run build/);
});

it("a package.json is read as Node reads it, a byte order mark in front of it too", async () => {
  writeFileSync(join(folder, "package.json"), '\uFEFF{ "type": "module", "main": "app.js" }\r\n');

  expect(await readManifest(folder)).toMatchObject({ main: "app.js", isModule: true });
});

it.each([
  ["DIST/*.js", "dist/index.js"],
  ["dist/Index.js", "dist/index.js"],
  ["dist/FUNCTIONS/{a,b}.js", "dist/functions/a.js"],
  [".\\Dist\\functions\\*.js", "dist/functions/a.js"],
])("main %s, which differs in case from its files, says so", async (main, actual) => {
  const refused = await findEntryFiles(folder, main).catch((error: Error) => error.message);

  expect(refused).toContain(`differs in case from ${actual}`);
});

it("main that matches nothing in any case is no question of case", async () => {
  for (const main of ["dist/other/*.js", "dist/*.cjs", "functions/a.js"]) {
    await expect(findEntryFiles(folder, main)).rejects.toThrow("Has the app been built?");
  }
});

it("an import of greet.js, where only its source is, says to name that", () => {
  writeFileSync(join(folder, "greet.ts"), "");
  // As Node says it.
  const missing = (name: string) => ({ code: "ERR_MODULE_NOT_FOUND", url: pathToFileURL(join(folder, name)).href });

  expect(cureOf(missing("greet.js"))).toMatch(/^\nThere is greet\.ts: .*imports name it so/);
  expect(cureOf(missing("gone.js"))).toBe("");
  expect(cureOf({ code: "ERR_MODULE_NOT_FOUND" })).toBe("");
});
