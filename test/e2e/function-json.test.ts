import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startLocalHost } from "../support/local-host.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-function-json-"));
  cpSync("test/e2e/apps/function-json", folder, { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(resolve("node_modules/@azure"), join(folder, "node_modules/@azure"));
  symlinkSync(resolve("."), join(folder, "node_modules/durable-functions"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

it("an app of folders with a function.json runs, with its orchestrations, activities, entities and starters", async () => {
  await using host = await startLocalHost({ appFolder: folder });
  const post = (path: string, body: unknown) =>
    fetch(`${host.url}/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  const started = await post("orchestrators/Hello", ["Tokyo"]);
  const waited = await post("wait/Hello", ["Oslo", "Lima"]);
  const old = await fetch(`${host.url}/api/Old?q=5`);
  const done = await fetch(`${host.url}/api/Done`);
  const links = (await started.json()) as { readonly id: string; readonly statusQueryGetUri: string };

  expect([started.status, started.headers.get("location")]).toEqual([202, links.statusQueryGetUri]);
  await expect
    .poll(async () => (await fetch(links.statusQueryGetUri)).json())
    .toMatchObject({ runtimeStatus: "Completed", output: ["Hello Tokyo!", "X", expect.any(Number)] });
  expect([waited.status, await waited.json()]).toEqual([200, ["Hello Oslo!", "Hello Lima!", "X", expect.any(Number)]]);
  expect([old.status, old.headers.get("x-a"), await old.json()]).toEqual([201, "1", { q: "5", host: true }]);
  expect([done.status, await done.text()]).toEqual([200, "done"]);
  expect((await fetch(`${host.url}/api/Off`)).status).toBe(404);
  expect(host.output()).toContain(`hello ${links.id}`);
  expect(host.output()).toContain("saying");
  expect(host.output()).toContain(`started ${links.id}`);
  expect(host.output()).toContain("'Bad' must export what df.orchestrator of durable-functions-ts returns");
  expect(host.output()).toContain("Worse/function.json is not JSON");
  expect(await (await post("Put", { n: 1 })).text()).toBe("put");
  await expect.poll(() => host.output()).toMatch(/inbox \{ n: 1 \} received 1 times/);
  await expect.poll(() => host.output()).toContain("tick past due: false");
});

it("folders do not run where code registers a function, and the log names them", async () => {
  writeFileSync(
    join(folder, "index.js"),
    'const df = require("durable-functions");\ndf.app.client.http("byCode", { handler: () => ({ body: "code" }) });\n',
  );
  await using host = await startLocalHost({ appFolder: folder });

  expect(await (await fetch(`${host.url}/api/byCode`)).text()).toBe("code");
  expect((await fetch(`${host.url}/api/Done`)).status).toBe(404);
  expect(host.output()).toMatch(
    /FunctionJsonIgnored: functions with a function\.json do not run.*: Bad, Counter, Done/,
  );
});
