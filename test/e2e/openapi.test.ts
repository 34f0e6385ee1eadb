import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { validate } from "@hyperjump/json-schema/openapi-3-1";
import { expect, it } from "vitest";
import { startLocalHost } from "../support/local-host.ts";

const appFolder = resolve("test/e2e/apps/described");
const management = "/runtime/webhooks/durabletask";

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string }[];
  readonly requestBody: unknown;
}
interface Document {
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

function durable(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve("dist/cli/main.js"), ...args], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
}

/** By the schema that the OpenAPI Initiative publishes. */
async function isOpenApi(document: unknown): Promise<boolean> {
  return (await validate("https://spec.openapis.org/oas/3.1/schema-base", document as never)).valid;
}

function writeFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "described-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

it("prints what a running host serves, and nothing else", async () => {
  // Of an earlier run of the host.
  rmSync(join(appFolder, ".durable"), { recursive: true, force: true });
  const { status, stdout, stderr } = durable("openapi", "--app", appFolder);
  const document = JSON.parse(stdout) as Document;

  expect(status).toBe(0);
  expect(stderr).toContain("the app is loaded");
  // Nothing was run: no storage, not even its folder.
  expect(existsSync(join(appFolder, ".durable"))).toBe(false);
  await using host = await startLocalHost({ appFolder });
  const served = await fetch(`${host.url}${management}/openapi.json`);
  expect(await served.json()).toEqual(document);
});

it("describes routes and schemas as the specification has it", async () => {
  const document = JSON.parse(durable("openapi", "--script-root", appFolder).stdout) as Document;
  const { paths, components } = document;

  expect(await isOpenApi(document)).toBe(true);
  expect(await isOpenApi({ ...document, paths: { "no slash": { get: { responses: 1 } } } })).toBe(false);
  expect(document.info).toEqual({ title: "described", version: "2.1.0" });
  expect(paths["/v1/orders/{id}/{part}"]!["get"]).toMatchObject({
    operationId: "read",
    parameters: [{ name: "id", schema: { type: "integer" } }, { name: "part" }],
    security: [{ functionsKey: ["function"] }, { functionsKeyInQuery: ["function"] }],
  });
  expect(paths["/v1/orders/{id}"]!["delete"]).toMatchObject({ operationId: "terminate_2", security: [] });
  expect(Object.keys(components.schemas)).toEqual(
    expect.arrayContaining(["orderInput", "orderOutput", "walkInput", "ApprovalEvent", "CounterState"]),
  );
  expect(components.schemas["walkInput"]).toMatchObject({
    properties: { folders: { items: { $ref: "#/components/schemas/walkInput" } } },
  });
  expect(paths[`${management}/instances/{instanceId}/raiseEvent/Approval`]!["post"]).toBeDefined();
});

it("writes a file, and says where", () => {
  const output = join(writeFolder({}), "openapi.json");
  const { status, stdout, stderr } = durable("openapi", "--app", appFolder, "-o", output, "--functions", "read");
  const { paths } = JSON.parse(readFileSync(output, "utf8")) as Document;

  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(stderr).toContain(`Wrote ${output}`);
  expect(paths).toHaveProperty(["/v1/orders/{id}"]);
  expect(paths["/v1/orders/{id}"]).not.toHaveProperty("delete");
});

const main = '{ "type": "module", "main": "app.js" }';
const host = '{ "version": "2.0" }';

it.each<[string, Readonly<Record<string, string>>, string]>([
  ["has no package.json", {}, "has no package.json"],
  ["is not built", { "package.json": main }, "Has the app been built?"],
  [
    "throws",
    { "package.json": main, "app.js": 'throw new Error("no database");' },
    "app.js could not be loaded: Error: no database",
  ],
  ["ends the process", { "package.json": main, "app.js": "process.exit(0);" }, "has ended the process (exit code 0)"],
  ["has a host.json that is none", { "package.json": main, "app.js": "", "host.json": "{" }, "host.json"],
])("fails as a start does for an app that %s", (_, files, message) => {
  const { status, stdout, stderr } = durable("openapi", "--app", writeFolder({ "host.json": host, ...files }));

  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(message);
});

it("fails for a folder that is not there, and for a file that cannot be written", () => {
  const missing = durable("openapi", "--app", join(tmpdir(), "no-such-folder"));
  const unwritable = durable("openapi", "--app", appFolder, "--output", join(tmpdir(), "no-such-folder", "a.json"));

  expect([missing.status, unwritable.status]).toEqual([1, 1]);
  expect(missing.stderr).toContain("Unable to find project root.");
  expect(unwritable.stderr).toContain("The document could not be written: ENOENT");
});
