import { describe, expect, it } from "vitest";
import { createEventLog } from "../../../src/core/event-log.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { openHostAccess } from "../../../src/host/access/host-access.ts";
import { createHostManagement } from "../../../src/host/host-management.ts";
import { publicOriginBy } from "../../../src/management/management-links.ts";
import { FakeClock, FakeOrchestrationClient, instance } from "../http/fake-orchestration-client.ts";

const basePath = "/runtime/webhooks/durabletask";
const base = `http://host:7071${basePath}`;
const [master, system] = ["m".repeat(32), "s".repeat(32)];

async function create(auth = true) {
  const clock = new FakeClock();
  const client = new FakeOrchestrationClient(instance({ instanceId: "one" }), instance({ instanceId: "other" }));
  const access = await openHostAccess({
    appFolder: "/nowhere",
    address: "0.0.0.0",
    auth,
    env: { DURABLE_MASTER_KEY: master, DURABLE_SYSTEM_KEY: system, DURABLE_LINK_LIFETIME: "1h" },
    clock,
    events: createEventLog(silentLog),
  });
  const options = {
    client,
    clock,
    basePath,
    taskHub: "Hub",
    connectionName: "Storage",
    allowedHosts: "any",
    allowedOrigins: "any",
    publicOrigin: publicOriginBy({ trustForwardedHeaders: true }),
  } as const;
  const management = createHostManagement(options, access);
  const ask = (path: string, init: RequestInit = {}) => management.api(new Request(`${base}${path}`, init));
  const signed = (id: string, verb: "read" | "restart" | "terminate") => management.signLink!(id, verb);
  return { ...management, ask, signed, clock };
}

const keyed = { headers: { "x-functions-key": system } };

describe("the management API of a host that needs keys", () => {
  it("is served to who shows one, and its links need none", async () => {
    const { ask } = await create();

    expect((await ask("/instances/one")).status).toBe(401);
    expect((await ask("/instances/one", keyed)).status).toBe(202);
    expect((await ask(`/instances/one?code=${master}`)).status).toBe(202);
    const started = await ask("/orchestrators/seq", { ...keyed, method: "POST" });
    const links = (await started.json()) as Record<string, string>;
    expect(JSON.stringify(links)).not.toContain(system);
    expect(links["statusQueryGetUri"]).toMatch(/allow=read&expires=\d+&signature=[\w-]{43}$/);
  });

  it("opens by a link its instance, for its verb, until its end", async () => {
    const { ask, signed, clock } = await create();
    const read = signed("one", "read");

    expect((await ask(`/instances/one?${read}`)).status).toBe(202);
    expect((await ask(`/instances/one?${read}`, { headers: { "x-functions-key": "of a function" } })).status).toBe(202);
    for (const [path, method] of [
      [`/instances/other?${read}`, "GET"],
      [`/instances/one/terminate?${read}`, "POST"],
      [`/instances/one?${read}`, "DELETE"],
      [`/instances?${read}`, "GET"],
      [`/instances?createdTimeFrom=2020-01-01&${read}`, "DELETE"],
      [`/orchestrators/seq?${read}`, "POST"],
      [`/entities?${read}`, "GET"],
      [`/openapi.json?${read}`, "GET"],
      [`/instances/one?${read}&allow=read`, "GET"],
      [`/instances/one?${read.replace("allow=read", "allow=read%20terminate")}`, "GET"],
      [`/instances/one?${read.replace(/expires=\d+/, "expires=99999999999")}`, "GET"],
      [`/instances/one/restart?${signed("one", "restart")}`, "POST"],
    ] as const) {
      expect([path, method, (await ask(path, { method })).status]).toEqual([path, method, 401]);
    }

    await clock.sleep(60 * 60_000);
    const late = await ask(`/instances/one?${read}`);
    expect([late.status, await late.text()]).toEqual([401, expect.stringContaining("This link has expired")]);
  });

  it("gives who restarts by a link a link to read, and no more", async () => {
    const { ask, signed } = await create();
    const query = `restartWithNewInstanceId=false&${signed("one", "restart")}`;
    const links = (await (await ask(`/instances/one/restart?${query}`, { method: "POST" })).json()) as object;

    const signedNames = Object.entries(links).filter(([, link]) => String(link).includes("signature="));
    expect(signedNames.map(([name]) => name)).toEqual(["statusQueryGetUri"]);
  });

  it("leads a poller to the address that it came by, also behind a proxy", async () => {
    const { ask, signed } = await create();
    const headers = { "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" };
    const query = signed("one", "read");

    const answer = await ask(`/instances/one?${query}`, { headers });
    expect(answer.headers.get("location")).toBe(`https://shop.example${basePath}/instances/one?${query}`);
  });

  it("asks what runs in the host for nothing, under the names of loopback only", async () => {
    const { inner } = await create();

    expect((await inner(new Request(`http://127.0.0.1:1${basePath}/instances/one`))).status).toBe(202);
    expect((await inner(new Request(`http://evil.test${basePath}/instances/one`))).status).toBe(403);
  });
});

it("a host that needs no keys signs nothing", async () => {
  const { ask, signLink } = await create(false);

  expect(signLink).toBeUndefined();
  expect((await ask("/instances/one")).status).toBe(202);
  const links = await (await ask("/orchestrators/seq", { method: "POST" })).text();
  expect(links).not.toContain("signature");
});
