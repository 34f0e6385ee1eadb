import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { listPages, writeModules } from "../support/pages.mjs";

/** Inside of the project, so that the package resolves to itself through its `exports`. */
const folder = "dist/pages";

const options = {
  module: "nodenext",
  target: "es2023",
  lib: "es2024,esnext.disposable",
  types: "node",
  strict: "true",
  skipLibCheck: "true",
  inlineSourceMap: "true",
  // The tsconfig.json of `durable init` has it.
  rewriteRelativeImportExtensions: "true",
  rootDir: folder,
  pretty: "false",
};

declare module "vitest" {
  interface ProvidedContext {
    /** What the compiler says of the examples of all pages; lines have the numbers that they have on the page. */
    compilerErrors: readonly string[];
  }
}

/** Compiles the examples of all pages once, with the newest compiler, before the tests that run them. Needs `npm run build`. */
export function setup({ provide }: TestProject): void {
  rmSync(folder, { recursive: true, force: true });
  const paths = listPages().flatMap((page) => writeModules(page, folder).map(({ path }) => path));
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const args = ["node_modules/typescript/bin/tsc", ...paths, "--ignoreConfig", ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", windowsHide: true });
  const errors = stdout.split(/\r?\n/).filter((line) => line !== "");
  if (status !== 0 && errors.length === 0) throw new Error(`the compiler of the pages failed: ${stderr}`);
  provide("compilerErrors", errors);
}
