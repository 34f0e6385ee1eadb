// Puts the code of the storage libraries into dist in place of the one module that imports them, and their licences
// beside it. As dependencies they cannot be held: each asks for the newest of its own parts, which no longer take the
// oldest Node that this package takes, and only some package managers look for older ones.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { isInNodeRange } from "../dist/cli/node-range.js";

const target = join("dist", "backends", "azure-storage", "storage", "azure-sdk.js");
const { engines, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

const bundle = await rolldown({
  input: target,
  platform: "node",
  onwarn: (warning) => {
    throw new Error(`the storage libraries cannot be bundled: ${warning.message}`);
  },
});
const { output } = await bundle.generate({
  format: "esm",
  codeSplitting: false,
  comments: { legal: false, annotation: false, jsdoc: false },
  // Names and lines stay, for the stacks of failed requests.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
});
await bundle.close();
const [chunk, ...others] = output;
if (others.length > 0) throw new Error(`one file was expected, not also ${others.map(({ fileName }) => fileName)}`);

const packages = new Map();
for (const id of chunk.moduleIds) {
  const home = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id.replace(/^\0/, ""))?.[0];
  if (home !== undefined && !packages.has(home)) packages.set(home, readPackage(home));
}
const bundled = [...packages.values()].sort((a, b) => (a.title < b.title ? -1 : 1));
if (bundled.length === 0) throw new Error(`${target} holds no package: run tsc first`);
// The oldest version of each line: 20.19.0 and 22.12.0 of `^20.19.0 || >=22.12.0`.
for (const [oldest, ...numbers] of engines.node.matchAll(/(\d+)\.(\d+)\.(\d+)/g)) {
  const refused = bundled.find(({ node }) => isInNodeRange(numbers.map(Number), node) !== true);
  if (refused) throw new Error(`${refused.title} wants Node ${refused.node}, and "engines" takes ${oldest}`);
}
const missing = chunk.imports.filter((name) => !isBuiltin(name) && !(name in dependencies));
if (missing.length > 0) throw new Error(`the bundle imports what users do not have: ${missing.join(", ")}`);

writeFileSync(target, chunk.code);
rmSync(`${target}.map`, { force: true });
// Refers to packages that users do not have; nothing public needs it.
rmSync(target.replace(/\.js$/, ".d.ts"), { force: true });
const texts = bundled.map(({ title, license }) => `${title}\n\n${license.trim()}\n`);
const head = `${target.replaceAll("\\", "/")} contains code of these packages:\n`;
writeFileSync(join("dist", "third-party-licenses.txt"), [head, ...texts].join(`\n${"-".repeat(80)}\n\n`));

/** @throws when the package says no licence */
function readPackage(home) {
  const { name, version, license, author, engines: own } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry));
  const owner = typeof author === "object" ? author?.name : author;
  const stated = `${license}. Copyright (c) ${owner}.`;
  if (license !== "MIT") throw new Error(`${name} ${version} has the licence ${license}: is it one to ship under?`);
  const text = file === undefined ? stated : readFileSync(join(home, file), "utf8");
  return { title: `${name} ${version}`, license: text, node: own?.node ?? "*" };
}
