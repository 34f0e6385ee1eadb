import { describe, expect, it } from "vitest";
import { hasForeignSyntax, isTypeScript, type ProjectFacts, planRun } from "../../../../src/cli/dev/run-plan.ts";
import type { TsConfig } from "../../../../src/cli/dev/tsconfig.ts";

const tsconfig: TsConfig = {
  outDir: "/app/dist",
  rootDir: "/app/src",
  noEmit: false,
  isForNode: false,
  hasReferences: false,
};

function plan(facts: Partial<ProjectFacts>, patterns: readonly string[] = []) {
  return planRun({
    appFolder: "/app",
    main: "dist/functions/*.js",
    imports: "",
    scripts: [],
    tsconfig,
    hasTsx: false,
    hasCompiler: true,
    nodeVersion: "v20.19.0",
    nodeRunsTypeScript: false,
    build: undefined,
    needTranslation: async () => false,
    finds: async (pattern) => patterns.includes(pattern),
    ...facts,
  });
}

describe("an app whose main names what is built", () => {
  const sources = ["src/functions/*.ts"];

  it("runs its sources through tsx where that is installed", async () => {
    expect(await plan({ hasTsx: true }, sources)).toEqual({
      kind: "sources",
      main: "src/functions/*.ts",
      runner: "tsx",
      outDir: "dist",
    });
  });

  it("runs them in Node where that removes types and the compiler keeps to it", async () => {
    const isForNode = { ...tsconfig, isForNode: true };

    expect(await plan({ tsconfig: isForNode, nodeRunsTypeScript: true, hasTsx: true }, sources)).toMatchObject({
      kind: "sources",
      runner: "node",
    });
    expect((await plan({ tsconfig: isForNode }, sources)).kind).toBe("compile");
    const decorated = { tsconfig: isForNode, nodeRunsTypeScript: true, needTranslation: async () => true };
    expect((await plan(decorated, sources)).kind).toBe("compile");
    expect(await plan({ ...decorated, hasTsx: true }, sources)).toMatchObject({ runner: "tsx" });
  });

  it("is built by its compiler where the sources do not run as they are", async () => {
    expect(await plan({ nodeRunsTypeScript: true }, sources)).toEqual({
      kind: "compile",
      outDir: "dist",
      isOfProjects: false,
    });
    expect((await plan({ hasTsx: true }, [])).kind).toBe("compile");
    expect((await plan({ hasTsx: true, imports: '{"#lib":"./dist/lib.js"}' }, sources)).kind).toBe("compile");
    expect((await plan({ hasCompiler: false }, sources)).kind).toBe("asIs");
  });

  it.each([
    ["dist/index.js", "/app", "index.ts"],
    ["./dist/src/{index.js,functions/*.js}", "/app", "src/{index.ts,functions/*.ts}"],
    ["dist/**/*.{js,mjs}", "/app/src", "src/**/*.{ts,mts}"],
    ["dist", "/app/src", "src/**/*.{ts,mts,cts}"],
    ["dist/app.cjs", "/app/src", "src/app.cts"],
  ])("finds the sources of %j below %j", async (main, rootDir, expected) => {
    const found = await plan({ main, tsconfig: { ...tsconfig, rootDir }, hasTsx: true }, [expected]);

    expect(found).toMatchObject({ kind: "sources", main: expected });
  });

  it("looks in the folder and in src where no rootDir says where the sources are", async () => {
    const open = { ...tsconfig, rootDir: undefined };

    expect(await plan({ tsconfig: open, hasTsx: true }, sources)).toMatchObject({ main: "src/functions/*.ts" });
    expect(await plan({ tsconfig: open, hasTsx: true }, ["functions/*.ts"])).toMatchObject({ main: "functions/*.ts" });
  });

  it("runs as it is where somebody else builds it", async () => {
    expect((await plan({ tsconfig: undefined })).kind).toBe("asIs");
    expect((await plan({ tsconfig: { ...tsconfig, noEmit: true } }, sources)).kind).toBe("asIs");
    expect((await plan({ main: "bundle/app.js" }, sources)).kind).toBe("asIs");
    expect(
      (await plan({ main: "app.js", tsconfig: { ...tsconfig, outDir: undefined, rootDir: undefined } })).kind,
    ).toBe("asIs");
  });
});

describe("an app whose main names TypeScript", () => {
  const main = "src/functions/*.ts";

  it("runs through tsx, or in a Node that can", async () => {
    expect(await plan({ main, hasTsx: true })).toMatchObject({ kind: "sources", main, runner: "tsx" });
    expect(await plan({ main, nodeRunsTypeScript: true })).toMatchObject({ kind: "sources", main, runner: "node" });
  });

  it("is told what to do where nothing runs it", async () => {
    const told = await plan({ main });

    expect(told).toMatchObject({ kind: "impossible" });
    expect(told).toHaveProperty("text", expect.stringMatching(/Node 20\.19\.0 does not .*npm i -D tsx.*22\.18.*tsc/));
  });

  it.each([
    ["src/*.ts", true],
    ["src/{a,b}.mts", true],
    ["src/{index.ts,functions/*.ts}", true],
    ["src/*.{ts,mts}", true],
    ["dist/*.js", false],
    ["dist", false],
    ["src/index.d.ts", false],
    ["charts/*.js", false],
  ])("%j is TypeScript: %j", (pattern, expected) => {
    expect(isTypeScript(pattern)).toBe(expected);
  });
});

it.each([
  ["class Greeter {\n  @activity()\n  greet() {}\n}", true, true],
  ["/**\n * @param name\n */\nfunction greet() {}", false, false],
  ["  await using lock = await context.lock(a);", false, true],
  ["  using lock: Lock = take();", false, true],
  ["// nobody is using it = sure", false, false],
  ["const using = 1;", false, false],
  ['import { greet } from "../greet.js";', true, true],
  ["export * from './greet.mjs';", true, true],
  ['import "./greet.js";\nawait import("./b.js");', true, true],
  ['import { greet } from "../greet.ts";\nimport yaml from "yaml/dist/index.js";', false, false],
])("%j needs a compiler on Node 24: %s, on Node 22: %s", (text, on24, on22) => {
  expect([hasForeignSyntax(text, true), hasForeignSyntax(text, false)]).toEqual([on24, on22]);
});

it("a build that was asked for is a script of package.json", async () => {
  expect(await plan({ build: "bundle", scripts: ["bundle"] })).toEqual({
    kind: "script",
    script: "bundle",
    outDir: "dist",
  });
  expect(await plan({ build: "bundle", scripts: ["bundle"], main: "app.js" })).toHaveProperty("outDir", undefined);
  expect(await plan({ build: "bndle", scripts: ["bundle"] })).toEqual({
    kind: "impossible",
    text: "--build: package.json has no script 'bndle' (there is: bundle)",
  });
});
