import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isInNodeRange } from "../../src/cli/node-range.ts";
import { AppFolder, execute, npm, type Program, packInto } from "./app-folder.ts";

const managers = resolve("test/install/managers/node_modules");
const script = (path: string): Program => ({ program: process.execPath, args: [join(managers, path)] });
const pnpm = script("pnpm/bin/pnpm.cjs");
const yarn = script("yarn/bin/yarn.js");
const berry = script("@yarnpkg/cli-dist/bin/yarn.js");
const azurite = "azurite@~3.35.0";

/** What `engines` of package.json says is the oldest of each line. */
const oldestNodes = ["20.19.0", "22.12.0"];

let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-tarball-"));
  tarball = await packInto(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.concurrent("the packed package, installed without a lock file, runs an app", () => {
  it("with npm, which holds every package to its engines, in CommonJS on the oldest versions of Node too", async () => {
    await using app = await AppFolder.create("npm", tarball, "commonjs");
    await execute(npm, ["install", "--engine-strict", "--no-audit", "--no-fund", "--ignore-scripts"], app.path);

    expect(await findOutsideEngines(app.path)).toEqual([]);

    await execute(npm, ["install", "-D", "--engine-strict", "--no-audit", "--no-fund", azurite], app.path);
    await app.smoke();
    for (const version of oldestNodes) {
      const print = ["exec", "--yes", `--package=node@${version}`, "--", "node", "-p", "process.execPath"];
      const node = (await execute(npm, print, folder)).trim();
      expect(await execute({ program: node, args: ["-p"] }, ["process.versions.node"], folder)).toContain(version);
      await app.smoke({ node });
    }

    // What an image holds: an emulator of 180 MB and its hundreds of packages are no part of it.
    await execute(npm, ["prune", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"], app.path);
    const kept = Object.keys(await packagesOf(app.path));
    expect(kept).toContain("node_modules/durable-functions-ts");
    expect(kept.filter((path) => /azurite|sequelize|identity/.test(path))).toEqual([]);
  });

  it("with pnpm", async () => {
    await using app = await AppFolder.create("pnpm", tarball, "module");
    await execute(pnpm, ["install", "--no-frozen-lockfile", "--config.engine-strict=true"], app.path);
    await execute(pnpm, ["add", "-D", azurite], app.path);

    await app.smoke();
  });

  it("with Yarn 1, which refuses what engines does not take", async () => {
    await using app = await AppFolder.create("yarn", tarball, "module");
    const quiet = ["--non-interactive", "--no-progress"];
    await execute(yarn, ["install", "--no-lockfile", ...quiet], app.path);
    // The emulator's own dependencies ask for Node 22 by now.
    await execute(yarn, ["add", "-D", azurite, "--ignore-engines", ...quiet], app.path);

    await app.smoke();
  });

  it.each([["node-modules"], ["pnp"]])("with Yarn 4 and its linker %s", async (linker) => {
    await using app = await AppFolder.create(linker, tarball, "module");
    await app.write(".yarnrc.yml", `nodeLinker: ${linker}\nenableTelemetry: false\nenableImmutableInstalls: false\n`);
    await app.write("yarn.lock", "");
    await execute(berry, ["install"], app.path);
    await execute(berry, ["add", "-D", azurite], app.path);

    const hooks = `--require ${join(app.path, ".pnp.cjs")} --experimental-loader ${join(app.path, ".pnp.loader.mjs")}`;
    await app.smoke(linker === "pnp" ? { env: { NODE_OPTIONS: hooks } } : {});
  });
});

type InstalledPackages = Record<string, { version: string; engines?: { node?: string } }>;

/** By the paths that they have in a folder that npm has installed. */
async function packagesOf(appFolder: string): Promise<InstalledPackages> {
  const text = await readFile(join(appFolder, "node_modules/.package-lock.json"), "utf8");
  return (JSON.parse(text) as { packages: InstalledPackages }).packages;
}

/** Installed packages that do not take the oldest versions of Node that this package takes. */
async function findOutsideEngines(appFolder: string): Promise<readonly string[]> {
  const packages = await packagesOf(appFolder);
  expect(Object.keys(packages).length).toBeGreaterThan(10);
  return Object.entries(packages).flatMap(([path, { version, engines }]) => {
    const range = engines?.node ?? "*";
    const takes = (node: string) => isInNodeRange(node.split(".").map(Number) as [number, number, number], range);
    return oldestNodes.every(takes) ? [] : [`${path} ${version} wants Node ${range}`];
  });
}
