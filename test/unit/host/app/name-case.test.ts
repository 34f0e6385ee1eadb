import { expect, it } from "vitest";
import { findOtherCase } from "../../../../src/host/app/name-case.ts";

const folders: Record<string, readonly string[]> = {
  "": ["dist", "package.json"],
  dist: ["app.js", "Functions"],
  "dist/Functions": ["a.js"],
};
const list = async (folder: string) => folders[folder] ?? [];

it.each([
  ["Dist/App.js", "dist/app.js"],
  ["dist/functions/a.js", "dist/Functions/a.js"],
])("%s is found as %s by a file system that ignores case", async (given, actual) => {
  expect(await findOtherCase(given, list)).toEqual({ given, actual });
});

it.each([["dist/app.js"], ["dist/Functions/a.js"], ["../other/app.js"], ["dist/none.js"]])(
  "%s differs from nothing in case alone",
  async (path) => {
    expect(await findOtherCase(path, list)).toBeUndefined();
  },
);
