import { describe, expect, it } from "vitest";
import { parseIgnoreRules, ruleAgainst } from "../../../src/cli/ignore-rules.ts";
import { isInNodeRange } from "../../../src/cli/node-range.ts";
import { checkPack } from "../../../src/cli/pack-findings.ts";
import { importsOf, type PackageManifest, type PackFolder } from "../../../src/cli/pack-folder.ts";

const manifest: PackageManifest = {
  name: "shop",
  main: "dist/*.js",
  engines: { node: ">=20" },
  dependencies: { "@azure/functions": "^4.5.0", "durable-functions-ts": "^0.1.0" },
};

const good: PackFolder = {
  hostJson: '{ "version": "2.0" }',
  manifest,
  hasFuncIgnore: true,
  rules: parseIgnoreRules("local.settings.json\nsrc\n"),
  hasLocalSettings: true,
  files: new Map([
    ["dist/app.js", 1000],
    ["host.json", 20],
    ["package.json", 200],
  ]),
  entryFiles: ["dist/app.js"],
  links: [],
  packages: new Map([
    ["node_modules/@azure/functions", { version: "4.16.5" }],
    [
      "node_modules/durable-functions-ts",
      { version: "0.1.0", dependencies: { tiny: "1" }, peerDependencies: { "@azure/functions": "^4.5.0" } },
    ],
    ["node_modules/tiny", { version: "1.0.0" }],
  ]),
  imports: new Map([["durable-functions-ts", "dist/app.js"]]),
};

const problemsOf = (folder: Partial<PackFolder>): string[] =>
  checkPack({ ...good, ...folder })
    .filter(({ level }) => level !== "note")
    .map(({ level, about, text }) => `${level} ${about} ${text}`);

describe("a folder that is about to be deployed", () => {
  it("has nothing against it when all is there", () => {
    expect(problemsOf({})).toEqual([]);
    expect(checkPack(good)).toContainEqual({
      level: "note",
      about: "host.json",
      text: "the app setting 'AzureWebJobsStorage' must name the storage account, by a connection string or by an identity",
    });
  });

  it.each<[string, Partial<PackFolder>, RegExp]>([
    ["no host.json", { hostJson: undefined }, /^error host.json is missing/],
    ["a host.json of version 1", { hostJson: "{}" }, /^error host.json .*"version" must be "2.0"/],
    [
      "a host.json with a wrong value",
      { hostJson: '{"version":"2.0","extensions":{"durableTask":{"hubName":"a-b"}}}' },
      /^error host.json .*hubName/,
    ],
    ["no package.json", { manifest: undefined }, /^error package.json is missing/],
    [
      "a package.json that is not JSON",
      { manifest: "Unexpected token" },
      /^error package.json is not JSON: Unexpected/,
    ],
    ["no main", { manifest: { ...manifest, main: undefined } }, /^error package.json names no "main"/],
    ["a main that nothing matches", { entryFiles: [] }, /^error package.json .*has the app been built/],
    ["a main of sources", { entryFiles: ["host.json"] }, /^error host.json .*JavaScript only/],
    [
      "entry files that are left out",
      { entryFiles: ["src/app.js"] },
      /^error src\/app.js .*left out of the package by 'src' of .funcignore/,
    ],
    [
      "an engine that Azure lacks",
      { manifest: { ...manifest, engines: { node: "^18.0.0" } } },
      /^error package.json .*18/,
    ],
    [
      "a package that is for development",
      {
        manifest: { ...manifest, devDependencies: { zod: "4" } },
        imports: new Map([["zod", "dist/app.js"]]),
      },
      /^error dist\/app.js imports 'zod', which is in "devDependencies" only/,
    ],
    [
      "a package that nobody names",
      { imports: new Map([["zod", "dist/app.js"]]) },
      /^error dist\/app.js imports 'zod', which is not installed/,
    ],
    [
      "a package that another has brought",
      { imports: new Map([["tiny", "dist/app.js"]]) },
      /^warning dist\/app.js imports 'tiny'/,
    ],
    [
      "a dependency of a dependency that is missing",
      { packages: new Map([...good.packages].filter(([folder]) => !folder.endsWith("tiny"))) },
      /^error tiny is needed by node_modules\/durable-functions-ts and not in node_modules/,
    ],
    [
      "two copies of the library",
      {
        packages: new Map([
          ...good.packages,
          ["node_modules/tiny/node_modules/@azure/functions", { version: "4.5.0" }],
        ]),
      },
      /^error @azure\/functions is installed 2 times/,
    ],
    [
      "an old library",
      { packages: new Map([...good.packages, ["node_modules/@azure/functions", { version: "4.4.9" }]]) },
      /^error @azure\/functions is version 4.4.9/,
    ],
    [
      "a library of the next generation",
      { packages: new Map([...good.packages, ["node_modules/@azure/functions", { version: "5.0.0" }]]) },
      /^error @azure\/functions is version 5.0.0/,
    ],
    [
      "Azurite among the dependencies",
      {
        manifest: { ...manifest, dependencies: { ...manifest.dependencies, azurite: "3" } },
        packages: new Map([...good.packages, ["node_modules/azurite", { version: "3.35.0" }]]),
      },
      /^error azurite is in "dependencies"/,
    ],
    [
      "tools that are deployed",
      { packages: new Map([...good.packages, ["node_modules/typescript", { version: "7.0.2" }]]) },
      /^warning typescript is deployed/,
    ],
    ["no .funcignore", { hasFuncIgnore: false }, /^warning .funcignore is missing/],
    ["local settings", { rules: [] }, /^error local.settings.json holds secrets/],
    ["a file of secrets", { files: new Map([...good.files, [".env", 1]]) }, /^error .env is deployed/],
    [
      "the local store",
      { files: new Map([...good.files, [".durable/azurite/x", 1]]) },
      /^warning .durable\/azurite\/x/,
    ],
    [
      "the keys of the host",
      { files: new Map([...good.files, [".durable/keys.json", 1]]) },
      /^error .durable\/keys.json holds the keys/,
    ],
    ["sources", { files: new Map([...good.files, ["lib/app.ts", 1]]) }, /^warning lib\/app.ts is a source/],
    ["machine code", { files: new Map([...good.files, ["node_modules/a/b.node", 1]]) }, /^warning .*machine code/],
    ["links", { links: ["node_modules/tiny"] }, /^warning node_modules\/tiny is a link/],
    ["too much", { files: new Map([["dist/app.js", 2 ** 31]]) }, /^error package .*too large/],
  ])("is told of %s", (_what, folder, problem) => {
    const problems = problemsOf(folder);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it("names the settings that host.json refers to", () => {
    const hostJson = JSON.stringify({
      version: "2.0",
      extensions: { durableTask: { hubName: "%HUB%", storageProvider: { connectionName: "Orders" } } },
    });

    const notes = checkPack({ ...good, hostJson }).filter(({ level }) => level === "note");

    expect(notes.map(({ text }) => text)).toEqual([
      "the app setting 'Orders' must name the storage account, by a connection string or by an identity",
      "refers to the app setting 'HUB', which must be there",
      expect.stringMatching(/^3 files/),
    ]);
  });
});

it.each([
  ["src", "src/app.ts", true],
  ["src", "dist/src/app.ts", true],
  ["/src", "dist/src/app.ts", false],
  ["src/", "src", false],
  ["src/", "src/app.ts", true],
  ["*.ts", "a/b.ts", true],
  ["*.js.map", "a/b.js", false],
  ["a/*.ts", "a/b/c.ts", false],
  ["a/**", "a/b/c.ts", true],
  ["**/b", "a/b/c", true],
  ["a/**/c", "a/c", true],
  ["x?.ts", "xy.ts", true],
  ["[ab].ts", "b.ts", true],
  ["[!ab].ts", "b.ts", false],
  ["*.ts\n!keep.ts", "keep.ts", false],
  ["lib\n!lib/keep.ts", "lib/keep.ts", true],
  ["# lib", "lib", false],
  ["\\#lib", "#lib", true],
  ["a+b(c)", "a+b(c)", true],
  ["node_modules/@types/", "node_modules/@types/node/index.d.ts", true],
])("the rules %j leave out %s: %s", (rules, path, isLeftOut) => {
  expect(ruleAgainst(path, parseIgnoreRules(rules)) !== undefined).toBe(isLeftOut);
});

it.each([
  [">=20", true],
  [">= 20.19", true],
  ["^20.0.0 || ^22.0.0", true],
  ["20.x", true],
  ["20", true],
  ["~20.18", false],
  ["~20.19", true],
  [">20", false],
  [">20.18.1", true],
  ["<=20", true],
  ["<20", false],
  [">=18 <21", true],
  ["^18", false],
  ["*", true],
  ["20.19.5", true],
  ["lts", undefined],
])("Node.js 20.19.5 is in %j: %s", (range, isIn) => {
  expect(isInNodeRange([20, 19, 5], range)).toBe(isIn);
});

it("finds the packages that a module imports", () => {
  const text = `
    import { a } from "first";
    import * as b from '@scope/second/part';
    import "third";
    export { c } from "fourth";
    import fs from "node:fs";
    import { d } from "./own.js";
    // import "commented";
    const e = require("fifth"); const f = await import("sixth/deep");
    console.log("text from somewhere");
  `;

  expect([...importsOf(text)].sort()).toEqual(["@scope/second", "fifth", "first", "fourth", "sixth", "third"]);
});
