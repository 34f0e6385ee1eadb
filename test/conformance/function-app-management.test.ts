import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DurableClient } from "../../src/functions/durable-client.ts";
import { createFunctionAppEngine, type FunctionAppEngine } from "../../src/hosting/function-app-engine.ts";
import type { HttpManagementPayload } from "../../src/management/management-links.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

const origin = "https://shop.example.net";

let azurite: Azurite;
let appFolder: string;
let engine: FunctionAppEngine;
const lines: string[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  appFolder = await mkdtemp(join(tmpdir(), "function-app-"));
  await writeFile(join(appFolder, "host.json"), '{ "version": "2.0" }');
  engine = await createEngine();
  await engine.start();
});
afterAll(async () => {
  await engine.stop();
  await azurite.stop();
  await rm(appFolder, { recursive: true, force: true });
});

function createRegistry(): Registry {
  const registry = new Registry();
  registry.addOrchestration({
    name: "approval",
    orchestrator: async (context) => await context.waitForExternalEvent("approve"),
  });
  return registry;
}

function createEngine(env: Record<string, string> = {}): Promise<FunctionAppEngine> {
  return createFunctionAppEngine({
    registries: [createRegistry()],
    appFolder,
    env: {
      AzureWebJobsStorage: azurite.connectionString,
      AzureFunctionsJobHost__extensions__durableTask__hubName: `App${randomUUID().slice(0, 8)}`,
      WEBSITE_HOSTNAME: "shop.azurewebsites.net",
      ...env,
    },
    log: ({ level, category, message }) => lines.push(`${level} ${category} ${message}`),
  });
}

/** As whoever has a function key. */
const keyed = (path: string, init?: RequestInit): Promise<Response> =>
  engine.handleManagement(new Request(`${origin}/api/durabletask${path}`, init));
/** As whoever has a link. */
const follow = (link: string, method = "GET", body?: string): Promise<Response> =>
  engine.handleSignedLink(
    new Request(link, {
      method,
      body: body ?? null,
      headers: body === undefined ? {} : { "content-type": "application/json" },
    }),
  );

async function runtimeStatusOf(links: HttpManagementPayload): Promise<unknown> {
  const status = (await (await follow(links.statusQueryGetUri)).json()) as { readonly runtimeStatus: unknown };
  return status.runtimeStatus;
}

async function startApproval(): Promise<HttpManagementPayload> {
  const response = await keyed("/orchestrators/approval", { method: "POST" });
  expect(response.status).toBe(202);
  const links = (await response.json()) as HttpManagementPayload;
  await expect.poll(() => runtimeStatusOf(links)).toBe("Running");
  return links;
}

describe("the door with a key", () => {
  it("serves all, and its links lead to the other door", async () => {
    const links = await startApproval();

    expect(links.statusQueryGetUri).toMatch(
      new RegExp(
        `^${origin}/api/durabletask-links/instances/${links.id}\\?taskHub=App\\w+&connection=Storage&allow=read&expires=\\d+&signature=[\\w-]{43}$`,
      ),
    );
    expect((await keyed(`/instances/${links.id}`)).status).toBe(202);
    expect((await keyed("/instances")).status).toBe(200);
    expect((await keyed("/nothing")).status).toBe(404);
  });

  it("tells how the app is", async () => {
    const response = await keyed("/health");

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "healthy", isReady: true, state: "running" });
  });

  it("lets pages of other origins in, which have a key then", async () => {
    const headers = { origin: "https://pages.example.org" };
    expect((await keyed("/orchestrators/approval", { method: "POST", headers })).status).toBe(202);
  });
});

describe("the door for links", () => {
  it("lets the holder of each link do what it is for", async () => {
    const links = await startApproval();

    expect((await follow(links.suspendPostUri, "POST")).status).toBe(202);
    expect((await follow(links.resumePostUri, "POST")).status).toBe(202);
    expect((await follow(links.sendEventPostUri.replace("{eventName}", "approve"), "POST", "true")).status).toBe(202);
    await expect.poll(async () => (await follow(links.statusQueryGetUri)).status).toBe(200);
    expect(await (await follow(`${links.statusQueryGetUri}&showHistory=true`)).json()).toMatchObject({ output: true });

    const restarted = await follow(links.restartPostUri, "POST");
    expect(restarted.status).toBe(202);
    const again = (await restarted.json()) as HttpManagementPayload;
    expect(again.id).toBe(links.id);
    // Who may restart may look, and no more.
    expect(again.statusQueryGetUri).toMatch(/signature=/);
    expect(again.terminatePostUri).not.toMatch(/signature=/);

    expect((await follow(links.terminatePostUri.replace("{text}", "over"), "POST")).status).toBe(202);
    await expect.poll(async () => (await follow(links.statusQueryGetUri)).status).toBe(200);
    expect((await follow(links.purgeHistoryDeleteUri, "DELETE")).status).toBe(200);
    expect((await follow(links.statusQueryGetUri)).status).toBe(404);
  });

  it("lets a page of any origin that has a link do what it is for, and no page anything without", async () => {
    const links = await startApproval();
    const post = (link: string) =>
      engine.handleSignedLink(new Request(link, { method: "POST", headers: { origin: "https://pages.example.org" } }));

    expect((await post(links.suspendPostUri.replace(/&signature=[^&]+/, ""))).status).toBe(401);
    expect((await post(links.suspendPostUri)).status).toBe(202);
    expect((await post(links.resumePostUri)).status).toBe(202);
  });

  it("lets nobody do anything else", async () => {
    const links = await startApproval();
    const other = await startApproval();
    const status = links.statusQueryGetUri;
    const refused: (readonly [string, string?])[] = [
      [status.replace(links.id, other.id)],
      [status.replace(/&signature=.*/, "")],
      [status.replace(/signature=.{4}/, "signature=AAAA")],
      [status.replace(/expires=\d/, "expires=9")],
      [status, "DELETE"],
      [status.replace("?", "/terminate?"), "POST"],
      [status.replace("?", "/raiseEvent/approve?"), "POST"],
      [status.replace("allow=read", "allow=terminate").replace("?", "/terminate?"), "POST"],
      [links.terminatePostUri.replace("/terminate?", "/rewind?"), "POST"],
      [links.terminatePostUri.replace("/terminate?", "/suspend?"), "POST"],
      [links.purgeHistoryDeleteUri],
      [links.restartPostUri.replace("restartWithNewInstanceId=false&", ""), "POST"],
      [links.restartPostUri.replace("=false&", "=true&"), "POST"],
      [`${links.restartPostUri}&RestartWithNewInstanceId=true`, "POST"],
      [status.replace(`/${links.id}`, "")],
      [status.replace(`/${links.id}`, ""), "DELETE"],
      [status.replace(`/instances/${links.id}`, "/orchestrators/approval"), "POST"],
      [status.replace(`/instances/${links.id}`, "/entities/counter")],
      [status.replace(`/instances/${links.id}`, "/entities/counter/a"), "POST"],
    ];

    for (const [link, method] of refused) {
      expect([method, link, (await follow(link, method)).status]).toEqual([method, link, 401]);
    }
    // The other door's paths are not behind this one, and it tells nobody how the app is.
    expect((await follow(status.replace("durabletask-links", "durabletask"))).status).toBe(404);
    expect((await follow(`${origin}/api/durabletask-links/health`)).status).toBe(404);
    expect(await runtimeStatusOf(links)).toBe("Running");
  });

  it("opens nothing of another hub, and nothing after its time", async () => {
    const links = await startApproval();
    const hub = new URL(links.statusQueryGetUri).searchParams.get("taskHub")!;
    const elsewhere = await createEngine();
    const briefly = await createEngine({
      AzureFunctionsJobHost__extensions__durableTask__hubName: hub,
      DURABLE_LINK_LIFETIME: "1s",
    });
    const ownKey = await createEngine({
      AzureFunctionsJobHost__extensions__durableTask__hubName: hub,
      DURABLE_LINK_KEY: "a secret of the app's own, long enough",
    });
    const ask = (app: FunctionAppEngine, link: string) => app.handleSignedLink(new Request(link));
    const linkOf = (app: FunctionAppEngine) =>
      new DurableClient(app.connection).createHttpManagementPayload(links.id).statusQueryGetUri;
    try {
      const moved = links.statusQueryGetUri.replace(hub, elsewhere.connection.client.taskHub);
      expect((await ask(elsewhere, moved)).status).toBe(401);
      expect((await ask(ownKey, links.statusQueryGetUri)).status).toBe(401);
      expect((await ask(ownKey, linkOf(ownKey))).status).toBe(202);

      const brief = linkOf(briefly);
      expect(brief).toMatch(/^https:\/\/shop\.azurewebsites\.net\/api\/durabletask-links\/instances\//);
      expect((await ask(briefly, brief)).status).toBe(202);
      await expect.poll(async () => (await ask(briefly, brief)).status).toBe(401);
      expect(await (await ask(briefly, brief)).json()).toEqual({
        Message: "This link has expired: ask for a new one where it came from, or show a key",
      });
    } finally {
      await Promise.all([elsewhere, briefly, ownKey].map((app) => app.stop()));
    }
  });
});

it("a client works before the engine runs, and after it was told to stop the engine takes nothing", async () => {
  const app = await createEngine();
  const client = new DurableClient(app.connection);
  const id = await client.startNew("approval");
  expect(app.health()).toMatchObject({ state: "starting", isReady: false });
  expect((await client.getStatus(id))?.runtimeStatus).toBe("Pending");
  await expect(client.startNew("unknown")).rejects.toThrow(/there is no orchestration named 'unknown'/);

  const starting = app.start();
  await app.stop();

  await expect(starting).rejects.toMatchObject({ code: "Aborted" });
  expect(app.health()).toMatchObject({ state: "stopped", isReady: false });
  expect((await client.getStatus(id))?.runtimeStatus).toBe("Pending");
});

it("without an account key links are not signed, and lead to the door with a key", async () => {
  const connectionString = `${azurite.connectionString.replace(/AccountKey=[^;]*;/, "")}SharedAccessSignature=sv=2024&sig=x`;
  const app = await createEngine({ AzureWebJobsStorage: connectionString });

  const { statusQueryGetUri } = new DurableClient(app.connection).createHttpManagementPayload("a");

  expect(statusQueryGetUri).toMatch(/\/api\/durabletask\/instances\/a\?/);
  expect(statusQueryGetUri).not.toMatch(/signature/);
  expect(lines.join("\n")).toMatch(/LinksNotSigned/);
  await app.stop();
});

it("a management API that is switched off is not there", async () => {
  const app = await createEngine({ DURABLE_MANAGEMENT_ROUTE: "none" });

  expect(app.management).toBeUndefined();
  expect((await app.handleManagement(new Request(`${origin}/api/durabletask/instances`))).status).toBe(404);
  expect((await app.handleSignedLink(new Request(`${origin}/api/durabletask-links/instances/a`))).status).toBe(404);
  expect(() => new DurableClient(app.connection).createHttpManagementPayload("a")).toThrow(/DURABLE_MANAGEMENT_ROUTE/);
  await app.stop();
});

it("takes bodies as large as the setting of its host says", async () => {
  const other = await createEngine({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "100" });
  const body = JSON.stringify("x".repeat(200));
  const url = `${origin}/api/durabletask/instances/none/raiseEvent/approve`;
  const answer = await other.handleManagement(
    new Request(url, { method: "POST", body, headers: { "content-type": "application/json" } }),
  );

  expect(answer.status).toBe(413);
  expect(await answer.text()).toContain("at most 100 bytes; the setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT");
  await other.stop();
});

it("says what a page needs that may not change anything, where no key is asked for", async () => {
  const open = await createEngine({ DURABLE_MANAGEMENT_AUTH_LEVEL: "anonymous" });
  const url = `${origin}/api/durabletask/instances/none/terminate`;
  const answer = await open.handleManagement(
    new Request(url, { method: "POST", headers: { origin: "https://page.example" } }),
  );

  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("where DURABLE_MANAGEMENT_AUTH_LEVEL is 'function' or 'admin'");
  await open.stop();
});
