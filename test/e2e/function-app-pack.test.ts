import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runDurable } from "../support/local-host.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pack-"));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

const appFiles: Record<string, string> = {
  "host.json": '{ "version": "2.0" }',
  "package.json": JSON.stringify({
    main: "dist/{app.js,functions/*.js}",
    type: "module",
    engines: { node: ">=20" },
    dependencies: { "@azure/functions": "^4.5.0", "durable-functions-ts": "^0.1.0" },
    devDependencies: { typescript: "^7.0.0" },
  }),
  ".funcignore": "*.ts\nlocal.settings.json\nnode_modules/typescript/\nnode_modules/.bin\n",
  "local.settings.json": "{}",
  "src/app.ts": "export {};",
  "dist/app.js": 'import { DFApp } from "durable-functions-ts";\nnew DFApp();',
  "dist/functions/hello.js": 'import { app } from "@azure/functions";',
  "node_modules/@azure/functions/package.json": '{ "name": "@azure/functions", "version": "4.16.5" }',
  "node_modules/durable-functions-ts/package.json":
    '{ "name": "durable-functions-ts", "version": "0.1.0", "dependencies": { "inner": "1" } }',
  "node_modules/durable-functions-ts/node_modules/inner/package.json": '{ "name": "inner", "version": "1.0.0" }',
  "node_modules/typescript/package.json": '{ "name": "typescript", "version": "7.0.2" }',
};

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

it("finds nothing against an app that is built and installed for production", async () => {
  await write(appFiles);

  const { code, stdout, stderr } = await runDurable(["pack", "--check", folder]);

  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^· host.json: the app setting 'AzureWebJobsStorage' must name the storage account/);
  expect(stdout).toMatch(/\nReady to deploy\.\n$/);
});

it("finds what is wrong, in the folder that it is in, and ends with 1", async () => {
  await write({
    ...appFiles,
    ".funcignore": "functions\n",
    "dist/app.js": 'import ts from "typescript"; import { x } from "nowhere";',
  });
  await rm(join(folder, "node_modules/durable-functions-ts"), { recursive: true });
  await symlink(folder, join(folder, "circle"));

  const { code, stdout } = await runDurable(["pack", "--check", "--json"], { cwd: folder });

  expect(code).toBe(1);
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { level: string; about: string }[] };
  expect(ok).toBe(false);
  expect(stdout).toMatch(/left out of the package by 'functions' of .funcignore/);
  expect(findings.map(({ level, about }) => `${level} ${about}`)).toEqual(
    expect.arrayContaining([
      "error dist/app.js",
      "error dist/functions/hello.js",
      "error local.settings.json",
      "error durable-functions-ts",
      "error @azure/functions",
      "warning circle",
      "warning src/app.ts",
      "warning typescript",
    ]),
  );
});

it("says that a folder is none", async () => {
  const { code, stderr } = await runDurable(["pack", "--check", join(folder, "nowhere")]);

  expect(code).toBe(1);
  expect(stderr).toMatch(/Unable to find project root/);
});
