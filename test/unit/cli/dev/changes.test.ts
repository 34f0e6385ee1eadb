import { expect, it } from "vitest";
import { changedFiles, formatSeconds, nameChanges } from "../../../../src/cli/dev/changes.ts";
import { readDevMessage } from "../../../../src/cli/dev/dev-channel.ts";
import { createIgnoreTest } from "../../../../src/cli/dev/watched-paths.ts";

it("files that were added, changed or removed are changes, others not", () => {
  const before = new Map([
    ["same", "1"],
    ["changed", "1"],
    ["removed", "1"],
  ]);
  const after = new Map([
    ["same", "1"],
    ["changed", "2"],
    ["added", "1"],
  ]);

  expect(changedFiles(before, after)).toEqual(["added", "changed", "removed"]);
  expect(changedFiles(after, after)).toEqual([]);
});

it.each([
  [["a.ts"], "a.ts"],
  [["a.ts", "b.ts"], "a.ts and b.ts"],
  [["a.ts", "b.ts", "c.ts", "d.ts"], "a.ts and 3 more files"],
])("changes of %j are called %j", (files, text) => {
  expect(nameChanges(files)).toBe(text);
});

it.each([
  [432, "0.4 s"],
  [9_960, "10.0 s"],
  [12_345, "12 s"],
])("%d ms are %j", (ms, text) => {
  expect(formatSeconds(ms)).toBe(text);
});

it.each([[undefined], [null], ["ready"], [{ "watch:import": ["file:///x.js"] }], [{ type: "dependency", path: "/x" }]])(
  "what Node and its loaders say to each other is no message: %j",
  (message) => {
    expect(readDevMessage(message)).toBeUndefined();
  },
);

it("changes count where the app is made, and not where it is built or others work", () => {
  const test = (plan: Parameters<typeof createIgnoreTest>[0]["plan"]) =>
    createIgnoreTest({
      appFolder: "/app",
      plan,
      ignore: ["data/", "*.gen.ts"],
      exists: (path) => path === "/app/a.ts",
    });
  const sources = test({ kind: "sources", main: "src/*.ts", runner: "tsx", outDir: "dist" });
  const isIgnored = (path: string, isFolder = false) => sources(path, isFolder);

  for (const folder of ["node_modules", "src/node_modules", ".git", ".durable", ".vscode", "dist", "data"]) {
    expect(isIgnored(`/app/${folder}`, true)).toBe(true);
  }
  for (const folder of ["src", "lib/dist", "../shared"]) expect(isIgnored(`/app/${folder}`, true)).toBe(false);
  for (const file of ["notes.md", "log.txt", "package-lock.json", "src/x.gen.ts", "dist.tsbuildinfo"]) {
    expect(isIgnored(`/app/${file}`)).toBe(true);
  }
  for (const file of ["src/a.ts", "a.js", "host.json", "local.settings.json", "package.json", ".env", ".env.local"]) {
    expect(isIgnored(`/app/${file}`)).toBe(false);
  }
  const compiled = test({ kind: "compile", outDir: "", isOfProjects: false });
  expect(compiled("/app/a.js", false)).toBe(true);
  expect(compiled("/app/b.js", false)).toBe(false);
  const asIs = test({ kind: "asIs", note: undefined });
  expect(asIs("/app/dist", true)).toBe(false);
  expect(asIs("/app/src/a.ts", false)).toBe(true);
});
