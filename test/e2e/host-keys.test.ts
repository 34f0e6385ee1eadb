import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { type LocalHostProcess, runDurable, startLocalHost } from "../support/local-host.ts";

const management = "/runtime/webhooks/durabletask";
const json = { "content-type": "application/json" };
const made: string[] = [];
let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(async () => {
  await azurite.stop();
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

const ownApp = `
import { DFApp } from ${JSON.stringify(pathToFileURL(resolve("dist/index.js")).href)};
const app = new DFApp();
app.orchestration("wait", function* (context) {
  return yield* context.waitForExternalEvent("go");
});
app.http("begin", {
  handler: async (request, client) => client.createCheckStatusResponse(request, await client.startNew("wait")),
});
app.http("ours", { authLevel: "function", handler: async () => ({ body: "ours" }) });
app.http("mine", { authLevel: "admin", handler: async () => ({ body: "mine" }) });
`;

const classicApp = `
const { app } = require("@azure/functions");
const df = require("durable-functions");
df.app.orchestration("wait", function* (context) {
  return yield context.df.waitForExternalEvent("go");
});
app.http("begin", {
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew("wait");
    await client.getStatus(id);
    return client.createCheckStatusResponse(request, id);
  },
});
`;

/** A folder of its own for each app, as keys are made once in it. */
function writeApp(code = ownApp): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "durable-keys-")));
  made.push(folder);
  const type = code === classicApp ? "commonjs" : "module";
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "app.js"), code);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type, main: "app.js" }));
  const durableTask = { hubName: `Keys${made.length}` };
  writeFileSync(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensions: { durableTask } }));
  return folder;
}

function start(appFolder: string, args: readonly string[] = ["--host", "0.0.0.0"], env: Record<string, string> = {}) {
  return startLocalHost({ appFolder, args, env: { AzureWebJobsStorage: azurite.connectionString, ...env } });
}

type Keys = Readonly<Record<"master" | "default" | "durabletask_extension", string>>;

function readKeys(appFolder: string): Keys {
  return JSON.parse(readFileSync(join(appFolder, ".durable", "keys.json"), "utf8")) as Keys;
}

const withKey = (key: string | undefined) => (key === undefined ? undefined : { "x-functions-key": key });

async function statusOf(url: string, method = "GET", headers?: Record<string, string>): Promise<number> {
  const body = method === "POST" ? "{}" : null;
  const answer = await fetch(url, { method, body, headers: { ...(method === "POST" && json), ...headers } });
  await answer.arrayBuffer();
  return answer.status;
}

async function begin(host: LocalHostProcess): Promise<Record<string, string>> {
  const answer = await fetch(`${host.url}/api/begin`, { method: "POST" });
  expect(answer.status).toBe(202);
  return (await answer.json()) as Record<string, string>;
}

/** The same link for another instance. */
const retarget = (link: string, from: string, to: string) => link.replace(`/instances/${from}`, `/instances/${to}`);

const fill = (link: string) => link.replace("{eventName}", "go").replace("{text}", "because");

it("asks callers from other machines for keys at every door, and shows the keys once", async () => {
  const appFolder = writeApp();
  await using host = await start(appFolder);
  const keys = readKeys(appFolder);
  const { id } = await begin(host);

  for (const key of Object.values(keys)) expect(host.output()).toContain(key);
  expect(host.output()).not.toContain("HostExposed");
  if (process.platform !== "win32") {
    expect(statSync(join(appFolder, ".durable", "keys.json")).mode & 0o777).toBe(0o600);
  }
  expect(readFileSync(join(appFolder, ".durable", ".gitignore"), "utf8")).toBe("*\n");

  const open = [`${host.url}/`, `${host.url}/api/begin`, `${host.url}/admin/host/ping`];
  for (const url of open) expect([url, await statusOf(url)]).toEqual([url, url.endsWith("begin") ? 202 : 200]);

  const system = ["durabletask_extension", "master"];
  const hook = `${host.url}${management}`;
  const doors: readonly (readonly [method: string, url: string, opening: readonly string[], status?: number])[] = [
    ["GET", `${host.url}/api/ours`, ["default", "master"]],
    ["GET", `${host.url}/api/mine`, ["master"]],
    ["GET", `${host.url}/admin/host/status`, ["master"]],
    ["GET", `${host.url}/admin/functions`, ["master"]],
    ["POST", `${host.url}/admin/functions/ours`, ["master"], 202],
    ["GET", `${hook}/openapi.json`, system],
    ["GET", `${hook}/instances`, system],
    ["GET", `${hook}/instances/${id}`, system, 202],
    ["POST", `${hook}/instances/${id}/raiseEvent/other`, system, 202],
    ["POST", `${hook}/instances/${id}/suspend`, system, 202],
    ["POST", `${hook}/instances/${id}/resume`, system, 202],
    ["POST", `${hook}/instances/${id}/rewind`, system, 412],
    ["POST", `${hook}/instances/${id}/restart`, system, 202],
    ["DELETE", `${hook}/instances/${id}`, system, 412],
    ["POST", `${hook}/orchestrators/wait`, system, 202],
    ["GET", `${hook}/entities`, system],
    ["GET", `${hook}/entities/counter/a`, system, 404],
    ["DELETE", `${hook}/instances?createdTimeFrom=2020-01-01T00:00:00Z`, system, 404],
    ["POST", `${hook}/instances/${id}/terminate`, system, 202],
  ];
  for (const [method, url, opening, status = 200] of doors) {
    const seen: Record<string, number> = {};
    for (const [name, key] of [["none", undefined], ["wrong", "x".repeat(43)], ...Object.entries(keys)] as const) {
      if (!opening.includes(name)) seen[name] = await statusOf(url, method, withKey(key));
    }
    expect([method, url, seen]).toEqual([
      method,
      url,
      Object.fromEntries(Object.keys(seen).map((name) => [name, 401])),
    ]);
    // What opens the door does what is behind it once.
    const opener = opening[0] as keyof Keys;
    expect([method, url, await statusOf(url, method, withKey(keys[opener]))]).toEqual([method, url, status]);
  }
  expect(await statusOf(`${hook}/instances?code=${keys.master}`)).toBe(200);
  expect(await statusOf(`${hook}/instances?code=${keys.master}`, "GET", withKey("wrong"))).toBe(401);

  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each !== undefined && !each.internal && each.family === "IPv4")?.address;
  if (address !== undefined) {
    const byAddress = host.url.replace("localhost", address);
    expect(await statusOf(`${byAddress}/api/ours`)).toBe(401);
    expect(await statusOf(`${byAddress}/api/ours`, "GET", withKey(keys.default))).toBe(200);
  }
});

it("refuses as the Functions host does, and says what to do", async () => {
  const appFolder = writeApp();
  writeFileSync(join(appFolder, "local.settings.json"), '{ "Host": { "LocalHttpAddress": "0.0.0.0" } }');
  await using host = await start(appFolder, ["--verbose"]);
  const keys = readKeys(appFolder);

  for (const path of ["/api/ours", "/admin/functions", `${management}/instances`]) {
    const plain = await fetch(`${host.url}${path}`);
    expect([plain.status, await plain.text()]).toEqual([401, ""]);
    expect(plain.headers.get("www-authenticate")).toMatch(/^Bearer .*x-functions-key/);
    const page = await fetch(`${host.url}${path}`, { headers: { accept: "text/html,*/*" } });
    expect(await page.text()).toContain("x-functions-key");
  }
  const described = await fetch(`${host.url}${management}/openapi.json`, { headers: withKey(keys.master)! });
  expect(await described.json()).toMatchObject({
    components: { securitySchemes: { functionsKey: { name: "x-functions-key" } } },
    paths: {
      "/api/begin": { post: { security: [] } },
      "/api/ours": { get: { security: [{ functionsKey: ["function"] }, { functionsKeyInQuery: ["function"] }] } },
      [`${management}/instances`]: { get: { security: [{ functionsKey: ["system"] }, {}], responses: { 401: {} } } },
    },
  });
  await fetch(`${host.url}/nothing?code=${keys.default}`);
  await host.stop();

  expect(host.output().match(/KeyRefused: /g)).toHaveLength(3);
  // Shown once, on the screen.
  for (const key of Object.values(keys)) expect(host.output().split(key)).toHaveLength(2);

  await using again = await start(appFolder, ["--log-format", "json", "--verbose"]);
  expect(readKeys(appFolder)).toEqual(keys);
  for (const key of Object.values(keys)) expect(again.output()).not.toContain(key);
  expect(again.output()).toContain("Callers need a key of ");
});

it("hands out links that open one instance each, without a key", async () => {
  const appFolder = writeApp();
  await using host = await start(appFolder);
  const keys = readKeys(appFolder);
  const [one, other] = [await begin(host), await begin(host)];
  const links = Object.entries(one).filter(([name]) => name !== "id");
  for (const [, link] of links) for (const key of Object.values(keys)) expect(link).not.toContain(key);

  const methods: Record<string, string> = { statusQueryGetUri: "GET", purgeHistoryDeleteUri: "DELETE" };
  for (const [name, link] of links) {
    const method = methods[name] ?? "POST";
    expect([name, await statusOf(retarget(fill(link), one["id"]!, other["id"]!), method)]).toEqual([name, 401]);
  }
  const search = new URL(one["statusQueryGetUri"]!).search;
  expect(await statusOf(`${host.url}${management}/instances${search}`)).toBe(401);
  expect(await statusOf(`${host.url}${management}/instances${search}`, "DELETE")).toBe(401);
  expect(await statusOf(`${host.url}${management}/orchestrators/wait${search}`, "POST")).toBe(401);
  expect(await statusOf(`${host.url}${management}/entities${search}`)).toBe(401);
  expect(await statusOf(`${host.url}${management}/openapi.json${search}`)).toBe(401);
  expect(await statusOf(`${host.url}/admin/functions${search}`)).toBe(401);
  expect(await statusOf(`${host.url}/api/ours${search}`)).toBe(401);

  // Who always sends the key of a function follows them all the same.
  expect(await statusOf(one["statusQueryGetUri"]!, "GET", withKey(keys.default))).toBe(202);
  const order = ["suspendPostUri", "resumePostUri", "sendEventPostUri"];
  for (const name of order) expect([name, await statusOf(fill(one[name]!), "POST")]).toEqual([name, 202]);
  await expect.poll(() => statusOf(one["statusQueryGetUri"]!)).toBe(200);
  expect(await statusOf(fill(one["restartPostUri"]!), "POST")).toBe(202);
  expect(await statusOf(fill(one["terminatePostUri"]!), "POST")).toBe(202);
  await expect.poll(() => statusOf(one["statusQueryGetUri"]!)).toBe(200);
  expect(await statusOf(one["purgeHistoryDeleteUri"]!, "DELETE")).toBe(200);

  const started = await fetch(`${host.url}${management}/orchestrators/wait`, {
    method: "POST",
    headers: withKey(keys.durabletask_extension)!,
  });
  const link = started.headers.get("location")!;
  expect(link).not.toContain(keys.durabletask_extension);
  expect(await statusOf(link)).toBe(202);
  // The other one is as it was.
  expect(await statusOf(other["statusQueryGetUri"]!)).toBe(202);
});

it("takes rotated keys at once, and the old ones no more", async () => {
  const appFolder = writeApp();
  await using host = await start(appFolder);
  const old = readKeys(appFolder);
  const { statusQueryGetUri } = await begin(host);
  const keys = (...args: string[]) => runDurable(["keys", ...args, "--script-root", appFolder]);

  const listed = await keys();
  expect(listed.stdout).toMatch(/master .*\n.*default .*\n.*durabletask_extension /);
  for (const key of Object.values(old)) expect(listed.stdout).not.toContain(key);
  expect((await keys("--show")).stdout).toContain(old.master);

  const rotated = await keys("rotate", "default");
  const first = readKeys(appFolder);
  expect(first).toEqual({ ...old, default: expect.not.stringContaining(old.default) as string });
  expect(rotated.stdout).toContain(first.default);
  expect(rotated.stdout).not.toContain(first.master);
  expect(await statusOf(`${host.url}/api/ours`, "GET", withKey(old.default))).toBe(401);
  expect(await statusOf(`${host.url}/api/ours`, "GET", withKey(first.default))).toBe(200);
  expect(await statusOf(statusQueryGetUri!)).toBe(202);

  await keys("rotate");
  const all = readKeys(appFolder);
  expect(await statusOf(statusQueryGetUri!)).toBe(401);
  expect(await statusOf((await begin(host))["statusQueryGetUri"]!)).toBe(202);
  expect(await statusOf(`${host.url}/admin/functions`, "GET", withKey(old.master))).toBe(401);
  expect(await statusOf(`${host.url}/admin/functions`, "GET", withKey(all.master))).toBe(200);

  writeFileSync(join(appFolder, ".durable", "keys.json"), "{");
  expect(await statusOf(`${host.url}/admin/functions`, "GET", withKey(all.master))).toBe(200);
  expect(host.output()).toContain("KeysUnusable");
  const broken = await runDurable(["start", "--port", "0", "--host", "0.0.0.0", "--script-root", appFolder]);
  expect([broken.code, broken.stderr]).toEqual([
    1,
    expect.stringMatching(/^The keys of the host in .*keys\.json .*JSON/),
  ]);
  expect(readFileSync(join(appFolder, ".durable", "keys.json"), "utf8")).toBe("{");
});

it("shows keys that a start has made which fails afterwards, of many at once one's", async () => {
  const appFolder = writeApp('throw new Error("boom");');
  const args = ["start", "--port", "0", "--host", "0.0.0.0", "--script-root", appFolder];

  const runs = await Promise.all([runDurable(args), runDurable(args)]);

  expect(runs.map(({ code }) => code)).toEqual([1, 1]);
  const keys = readKeys(appFolder);
  expect(runs.filter(({ stdout }) => stdout.includes(keys.master))).toHaveLength(1);
});

it("needs no keys where that was said, and takes them from settings, on loopback too", async () => {
  const appFolder = writeApp();
  const httpSettings = { allowedHosts: ["localhost", "shop.example"] };
  const hostJson = { version: "2.0", extensions: { durableTask: { hubName: "KeysListed", httpSettings } } };
  writeFileSync(join(appFolder, "host.json"), JSON.stringify(hostJson));
  {
    await using host = await start(appFolder, ["--host", "0.0.0.0"], { DURABLE_NO_AUTH: "true" });
    // Host names that are listed hold beyond loopback too. Not every system has this address.
    const other = host.url.replace("localhost", "127.0.0.2");
    const refused = await fetch(`${other}/admin/functions`).catch(() => undefined);
    if (refused !== undefined) {
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain("httpSettings.allowedHosts of host.json");
    }
    expect(await statusOf(`${host.url}/admin/functions`)).toBe(200);
    expect(await statusOf(`${host.url}/api/mine`)).toBe(200);
    expect((await begin(host))["statusQueryGetUri"]).not.toContain("signature");
    expect(host.output()).toContain("HostExposed");
  }
  const [master, system] = ["m".repeat(40), "s".repeat(40)];
  const given = { DURABLE_MASTER_KEY: master, DURABLE_SYSTEM_KEY: system };
  await using host = await start(appFolder, ["--auth", "--verbose"], given);
  expect(() => readKeys(appFolder)).toThrow("ENOENT");
  expect(await statusOf(`${host.url}/api/ours`)).toBe(401);
  expect(await statusOf(`${host.url}/api/ours`, "GET", withKey(master))).toBe(200);
  expect(await statusOf(`${host.url}${management}/instances`, "GET", withKey(system))).toBe(200);
  const listed = await runDurable(["keys", "--script-root", appFolder, "--json"], { env: given });
  expect(listed.stdout.trim().split(/\r?\n/)).toHaveLength(2);
  expect(host.output()).not.toContain(system);
});

it("lets clients of the package durable-functions work, whose links need the key", async () => {
  const appFolder = writeApp(classicApp);
  await using host = await start(appFolder);
  const { statusQueryGetUri } = await begin(host);

  expect(await statusOf(statusQueryGetUri!)).toBe(401);
  expect(await statusOf(statusQueryGetUri!, "GET", withKey(readKeys(appFolder).durabletask_extension))).toBe(202);
  expect(host.output()).toContain("ClientLinksNotSigned");
});
