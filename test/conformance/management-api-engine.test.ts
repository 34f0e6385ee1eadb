import { afterAll, beforeAll, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { DFApp } from "../../src/functions/df-app.ts";
import type { DurableClient } from "../../src/functions/durable-client.ts";
import { type EmbeddedApp, installEmbeddedHost } from "../../src/functions/embedded-host.ts";
import { createManagementApi } from "../../src/http/management-api.ts";
import { createStartChecks } from "../../src/management/start-checks.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import type { Registry } from "../../src/worker/registry.ts";

const basePath = "/runtime/webhooks/durabletask";
const baseUrl = `http://localhost:7071${basePath}`;
const hub = new MemoryTaskHub({ clock: systemClock, taskHub: "Hub" });
const client = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
const registries: Registry[] = [];
const api = createManagementApi({
  client,
  basePath,
  taskHub: "Hub",
  connectionName: "Storage",
  startChecks: createStartChecks(() => registries),
});

let worker: TaskHubWorker;
let durable: DurableClient;

beforeAll(async () => {
  const uninstall = installEmbeddedHost({
    attach: (app: EmbeddedApp) => void registries.push(app.registry),
    connect: async () => ({ client, managementBaseUrl: baseUrl, connectionName: "Storage" }),
  });
  const app = new DFApp();
  uninstall();
  const sayHello = app.activity("sayHello", (city: string) => `Hello ${city}!`);
  app.orchestration("greet", function* (context, cities: string[]) {
    return yield* context.all(cities.map((city) => context.callActivity(sayHello, city)));
  });
  app.orchestration("decide", async (context) => {
    context.setCustomStatus("waiting");
    return await context.waitForExternalEvent<string>("Decision");
  });
  app.orchestration("fail", async () => {
    throw new RangeError("too far");
  });
  worker = new TaskHubWorker({
    backend: hub,
    store: hub,
    executor: new InProcessExecutor({ registries, clock: systemClock }),
    clock: systemClock,

    log: silentLog,
  });
  await worker.start();
  durable = await app.connect();
});

afterAll(() => worker.stop());

function send(method: string, pathOrUrl: string, body?: unknown): Promise<Response> {
  const url = pathOrUrl.startsWith("http") ? pathOrUrl : `${baseUrl}/${pathOrUrl}`;
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return api(new Request(url, { method, ...json }));
}

async function start(name: string, input?: unknown): Promise<Record<string, string>> {
  const response = await send("POST", `orchestrators/${name}`, input);
  expect(response.status).toBe(202);
  return (await response.json()) as Record<string, string>;
}

async function outcome(statusQueryGetUri: string): Promise<Record<string, unknown>> {
  await expect.poll(async () => (await send("GET", statusQueryGetUri)).status).not.toBe(202);
  const response = await send("GET", statusQueryGetUri);
  return (await response.json()) as Record<string, unknown>;
}

it("runs an orchestration to its output, and shows its history", async () => {
  const { statusQueryGetUri } = await start("greet", ["Tokyo", "Oslo"]);

  const status = await outcome(`${statusQueryGetUri}&showHistory=true&showHistoryOutput=true`);

  expect(status).toMatchObject({
    name: "greet",
    runtimeStatus: "Completed",
    input: ["Tokyo", "Oslo"],
    output: ["Hello Tokyo!", "Hello Oslo!"],
  });
  const events = status["historyEvents"] as Record<string, unknown>[];
  expect(events[0]).toMatchObject({ EventType: "ExecutionStarted", FunctionName: "greet", Input: '["Tokyo","Oslo"]' });
  expect(events.filter((event) => event["EventType"] === "TaskCompleted")).toMatchObject([
    { FunctionName: "sayHello", ScheduledTime: expect.any(String) },
    { FunctionName: "sayHello", ScheduledTime: expect.any(String) },
  ]);
  expect(events.at(-1)).toMatchObject({ EventType: "ExecutionCompleted", OrchestrationStatus: "Completed" });
  expect(events).toHaveLength(4);
});

it("waits for the output when asked to", async () => {
  const response = await send("POST", "orchestrators/greet?timeout=20&pollingInterval=0.05", ["Rome"]);

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(["Hello Rome!"]);
});

it("hands an event to the instance that waits for it, by the link it was given", async () => {
  const links = await start("decide");
  await expect.poll(async () => (await durable.getStatus(links["id"]!)).customStatus).toBe("waiting");

  const raised = await send("POST", links["sendEventPostUri"]!.replace("{eventName}", "decision"), "yes");
  const status = await outcome(links["statusQueryGetUri"]!);
  const tooLate = await send("POST", links["sendEventPostUri"]!.replace("{eventName}", "decision"), "no");

  expect(raised.status).toBe(202);
  expect(status).toMatchObject({ runtimeStatus: "Completed", output: "yes" });
  expect(tooLate.status).toBe(410);
});

it("suspends, resumes and terminates by its links", async () => {
  const links = await start("decide");
  const runtimeStatus = async () => (await durable.getStatus(links["id"]!)).runtimeStatus;
  await expect.poll(runtimeStatus).toBe("Running");

  expect((await send("POST", links["suspendPostUri"]!.replace("{text}", "rest"))).status).toBe(202);
  await expect.poll(runtimeStatus).toBe("Suspended");
  expect((await send("POST", links["resumePostUri"]!.replace("{text}", ""))).status).toBe(202);
  await expect.poll(runtimeStatus).toBe("Running");
  expect((await send("POST", links["terminatePostUri"]!.replace("{text}", "by%20hand"))).status).toBe(202);

  expect(await outcome(links["statusQueryGetUri"]!)).toMatchObject({ runtimeStatus: "Terminated", output: "by hand" });
});

it("shows a failure, restarts it, rewinds it, and forgets it", async () => {
  const links = await start("fail", { n: 1 });

  const failed = await outcome(links["statusQueryGetUri"]!);
  const asError = await send("GET", `${links["statusQueryGetUri"]}&returnInternalServerErrorOnFailure=true`);
  const restarted = (await (await send("POST", links["restartPostUri"]!)).json()) as Record<string, string>;

  expect(failed).toMatchObject({
    runtimeStatus: "Failed",
    input: { n: 1 },
    output: expect.stringContaining("too far"),
  });
  expect(asError.status).toBe(500);
  expect(restarted["id"]).not.toBe(links["id"]);
  expect(await outcome(restarted["statusQueryGetUri"]!)).toMatchObject({ runtimeStatus: "Failed", input: { n: 1 } });
  expect((await send("DELETE", links["purgeHistoryDeleteUri"]!)).status).toBe(200);
  expect((await send("GET", links["statusQueryGetUri"]!)).status).toBe(404);
});

it("lists all instances in pages, and purges them by filter", async () => {
  for (const id of ["page-1", "page-🦊", "page-ü"]) await durable.startNew("greet", { instanceId: id, input: [] });
  await expect.poll(() => listIds("instanceIdPrefix=page-&runtimeStatus=Completed&top=2")).toHaveLength(3);

  expect((await listIds("instanceIdPrefix=page-&top=2")).sort()).toEqual(["page-1", "page-ü", "page-🦊"]);
  expect((await send("DELETE", "instances?createdTimeFrom=2024-01-01&runtimeStatus=Completed")).status).toBe(200);
  expect(await listIds("instanceIdPrefix=page-")).toEqual([]);
  expect((await send("DELETE", "instances?createdTimeFrom=2024-01-01&runtimeStatus=Completed")).status).toBe(404);
});

async function listIds(query: string): Promise<string[]> {
  const ids: string[] = [];
  let token: string | null = "";
  do {
    const request: Request = new Request(`${baseUrl}/instances?${query}`, {
      headers: token === "" ? {} : { "x-ms-continuation-token": token },
    });
    const page: Response = await api(request);
    ids.push(...((await page.json()) as { instanceId: string }[]).map((status) => status.instanceId));
    token = page.headers.get("x-ms-continuation-token");
  } while (token !== null);
  return ids;
}

it("a list is cut by bytes, and a foreign token is refused", async () => {
  const input = "x".repeat(5_000_000);
  for (const id of ["heavy-1", "heavy-2", "heavy-3"]) await durable.startNew("decide", { instanceId: id, input });
  const list = (query: string, token?: string) => {
    const headers = token === undefined ? {} : { "x-ms-continuation-token": token };
    return api(new Request(`${baseUrl}/instances?instanceIdPrefix=heavy-&${query}`, { headers }));
  };
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await list("top=100", token);
    const instances = (await page.json()) as { readonly instanceId: string }[];
    expect(instances).toHaveLength(1);
    found.push(...instances.map(({ instanceId }) => instanceId));
    token = page.headers.get("x-ms-continuation-token") ?? undefined;
  } while (token !== undefined);
  const bare = (await (await list("showInput=false")).json()) as unknown[];
  const refused = await list("top=1", "bmV4dA");

  expect([found, bare.length, refused.status]).toEqual([["heavy-1", "heavy-2", "heavy-3"], 3, 400]);
  expect(((await refused.json()) as { readonly Message: string }).Message).toContain("continuationToken");
});
