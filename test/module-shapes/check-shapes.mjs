// Loads and type-checks one app in each shape that users' projects have: compilers and their module options, Node, loaders,
// bundlers and Jest. The package is packed first, so that it is what users get. Needs `npm run build`, and the tools that
// `npm ci --prefix test/module-shapes/tools` installs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { npmCommand } from "../support/npm-command.mjs";
import { unpackTarball } from "../support/tarball.mjs";

const tools = resolve("test/module-shapes/tools/node_modules");
if (!existsSync(join(tools, "tsx"))) throw new Error("npm ci --prefix test/module-shapes/tools is needed first");
const output = "Hello Tokyo!";

/** An app, and a program that runs it on a hub in memory; `extension` is that of its own import. */
const filesOf = (extension) => ({
  "app.ts": `import { DFApp } from "durable-functions-ts";

export const app: DFApp = new DFApp();
const sayHello = app.activity("sayHello", (city: string) => \`Hello \${city}!\`);
export const greet = app.orchestration("greet", function* (context, city: string) {
  return yield* context.callActivity(sayHello, city);
});
`,
  "main.ts": `import { startWorker } from "durable-functions-ts";
import { EmbeddedTaskHubClient } from "durable-functions-ts/portable";
import { app, greet } from "./app${extension}";

async function main(): Promise<string> {
  const host = await startWorker({ apps: [app], storage: "memory", taskHub: "Shapes" });
  const id = await host.client.startNew(greet, { input: "Tokyo" });
  const status = await host.client.waitForCompletion(id, { timeout: "20s", pollInterval: "20ms" });
  await host.stop();
  await new EmbeddedTaskHubClient({ storage: "memory", taskHub: "Shapes" }).close();
  return status.runtimeStatus === "Completed" ? status.output : status.runtimeStatus;
}

main().then(console.log, (error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
`,
});

const bin = (name) => join(tools, name);
const typescript = bin("typescript/bin/tsc");
const newest = resolve("node_modules/typescript/bin/tsc");

const checks = [
  ...["nodenext", "node16"].flatMap((module) => ["module", "commonjs"].map((type) => ({ type, module }))),
  { type: "commonjs", module: "commonjs" },
  { type: "commonjs", module: "commonjs", moduleResolution: "node10", old: true },
  { type: "module", module: "es2022", moduleResolution: "bundler" },
  { type: "module", module: "preserve", moduleResolution: "bundler" },
];

const root = mkdtempSync(join(tmpdir(), "module-shapes-"));
try {
  install();
  for (const { old = false, ...shape } of checks) {
    const name = `${shape.module}${shape.moduleResolution ? `, ${shape.moduleResolution}` : ""}, type ${shape.type}`;
    const folder = writeApp(shape, ".js");
    // Types alone first, by the newest compiler, which no longer knows the oldest resolution.
    if (!old) run(newest, ["-p", folder, "--noEmit"], folder);
    run(typescript, ["-p", folder], folder);
    runsWith(`tsc and node: ${name}`, [join(folder, "out/main.js")], folder);
  }
  for (const type of ["module", "commonjs"]) {
    const folder = writeApp({ type, module: "nodenext" }, ".js");
    runsWith(`tsx: type ${type}`, [bin("tsx/dist/cli.mjs"), "main.ts"], folder);
  }
  const plain = writeApp({ type: "commonjs", module: "commonjs" }, "");
  runsWith("ts-node: module commonjs", [bin("ts-node/dist/bin.js"), "main.ts"], plain);
  for (const format of ["esm", "cjs"]) {
    const file = `bundle.${format === "esm" ? "mjs" : "cjs"}`;
    // What is bundled as a module may still require what is CommonJS.
    const banner = 'import { createRequire as own } from "node:module"; const require = own(import.meta.url);';
    const options = {
      entryPoints: ["main.ts"],
      bundle: true,
      platform: "node",
      format,
      target: "node20",
      outfile: file,
    };
    const more = {
      external: ["@azure/functions-core", "azurite"],
      ...(format === "esm" && { banner: { js: banner } }),
    };
    script(
      plain,
      "esbuild.mjs",
      `import esbuild from ${path("esbuild/lib/main.js")};
await esbuild.build(${JSON.stringify({ ...options, ...more })});`,
    );
    runsWith(`esbuild: ${format}`, [file], plain);
  }
  const compiled = writeApp({ type: "module", module: "nodenext" }, ".js");
  run(typescript, ["-p", compiled], compiled);
  script(
    compiled,
    "webpack.mjs",
    `import webpack from ${path("webpack/lib/index.js")};
webpack({ mode: "development", target: "node20", entry: "./out/main.js", context: ${JSON.stringify(compiled)},
  externalsType: "commonjs", externals: ["@azure/functions-core", /^azurite(\\/|$)/],
  output: { path: ${JSON.stringify(compiled)}, filename: "bundle.cjs" } }, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});`,
  );
  runsWith("webpack", ["bundle.cjs"], compiled);
  jest(plain);
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** The packed package, and beside it what the project has installed. */
function install() {
  const [npm, ...npmArgs] = npmCommand;
  const args = [...npmArgs, "pack", "--silent", "--ignore-scripts", "--pack-destination", root];
  const packed = spawnSync(npm, args, { encoding: "utf8" });
  if (packed.status !== 0) throw new Error(packed.stderr);
  const modules = join(root, "node_modules");
  const own = join(modules, "durable-functions-ts");
  mkdirSync(own, { recursive: true });
  unpackTarball(join(root, packed.stdout.trim().split(/\r?\n/).at(-1)), own);
  symlinkSync(bin("typescript"), join(modules, "typescript"), "junction");
  for (const name of readdirSync("node_modules")) {
    if (name.startsWith(".") || existsSync(join(modules, name))) continue;
    symlinkSync(resolve("node_modules", name), join(modules, name), "junction");
  }
}

/** A folder with the app and the settings of its compiler. */
function writeApp({ type, ...module }, extension) {
  const folder = mkdtempSync(join(root, "app-"));
  const base = { target: "es2022", strict: true, types: ["node"], rootDir: ".", outDir: "out", skipLibCheck: true };
  const files = {
    ...filesOf(extension),
    "package.json": JSON.stringify({ type }),
    "tsconfig.json": JSON.stringify({ compilerOptions: { ...base, ...module }, files: ["main.ts"] }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Jest with modules of its own: what it compiles to CommonJS can import no ES module before Node 24.9. */
function jest(folder) {
  const presets = [
    [bin("@babel/preset-env"), { targets: { node: "current" }, modules: false }],
    bin("@babel/preset-typescript"),
  ];
  const config = {
    rootDir: folder,
    testMatch: ["**/app.test.ts"],
    extensionsToTreatAsEsm: [".ts"],
    transform: { "\\.ts$": [bin("babel-jest"), { babelrc: false, configFile: false, presets }] },
  };
  writeFileSync(join(folder, "jest.config.json"), JSON.stringify(config));
  writeFileSync(
    join(folder, "app.test.ts"),
    `import { createTestHub } from "durable-functions-ts/testing";
import { greet } from "./app";
test("greets", async () => {
  const run = await createTestHub().start(greet, "Tokyo");
  expect(await run.result()).toBe("Hello Tokyo!");
});
`,
  );
  const args = [bin("jest/bin/jest.js"), "--config", "jest.config.json", "--no-cache"];
  run("--experimental-vm-modules", args, folder);
  process.stdout.write("jest: runs a test of the app\n");
}

function path(name) {
  return JSON.stringify(pathToFileURL(bin(name)).href);
}

function script(folder, name, text) {
  writeFileSync(join(folder, name), text);
  run(join(folder, name), [], folder);
}

function runsWith(name, args, cwd) {
  const said = run(args[0], args.slice(1), cwd).trim();
  if (said !== output) throw new Error(`${name}: ${said}`);
  process.stdout.write(`${name}: runs\n`);
}

/** Returns what the program prints. @throws when it fails */
function run(program, args, cwd) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8", cwd });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
