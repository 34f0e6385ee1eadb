import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { RetryOptions } from "../../src/core/retry-policy.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import {
  type DurableHttpRequest,
  ManagedIdentityTokenSource,
} from "../../src/orchestration/http/durable-http-request.ts";
import { DurableHttpResponse } from "../../src/orchestration/http/durable-http-response.ts";
import { TaskFailedError } from "../../src/orchestration/task-failed-error.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { HorrorServer } from "./durable-http-horrors.ts";

const own = new HorrorServer();
const other = new HorrorServer();
const hub = new MemoryTaskHub({ clock: systemClock, taskHub: "Hub" });
const client = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
const logged: string[] = [];
let worker: TaskHubWorker;

beforeAll(async () => {
  await Promise.all([own.listen(), other.listen()]);
  const registry = new Registry({
    durableHttp: {
      minPollInterval: 1,
      defaultPollInterval: 5,
      maxPollInterval: 50,
      tokenProvider: async () => "canary-token",
    },
  });
  registry.addOrchestration({
    name: "call",
    *orchestrator(context, request: DurableHttpRequest) {
      const tokenSource = request.tokenSource && new ManagedIdentityTokenSource("https://vault.azure.net");
      const answer = yield* context.df.callHttp({ ...request, tokenSource });
      return { isOurs: answer instanceof DurableHttpResponse, type: answer.getHeader("Content-Type"), answer };
    },
  });
  registry.addOrchestration({
    name: "callWithOldRetry",
    *orchestrator(context, uri: string) {
      const answer = yield* context.callHttp({
        uri,
        content: "x",
        method: "post",
        retryOptions: new RetryOptions(1, 3),
      });
      return answer.content;
    },
  });
  registry.addOrchestration({
    name: "catch",
    async orchestrator(context, request: DurableHttpRequest) {
      try {
        await context.callHttp(request);
        return "no failure";
      } catch (error) {
        return error instanceof TaskFailedError && { message: error.message, type: error.failureDetails.errorType };
      }
    },
  });
  registry.addOrchestration({
    name: "sneak",
    *orchestrator(context, name: string): Generator<unknown, unknown, unknown> {
      return yield name.includes("Activity") ? context.callActivity(name, {}) : context.callSubOrchestrator(name, {});
    },
  });
  worker = new TaskHubWorker({
    backend: hub,
    store: hub,
    executor: new InProcessExecutor({ registries: [registry], clock: systemClock }),
    clock: systemClock,

    log: { log: (...entry) => void logged.push(JSON.stringify(entry)) },
  });
  await worker.start();
});

afterAll(async () => {
  await worker.stop();
  await Promise.all([own.close(), other.close()]);
});

beforeEach(() => {
  own.seen.length = 0;
  other.seen.length = 0;
});

async function run(name: string, input: unknown): Promise<{ readonly instanceId: string; readonly value: unknown }> {
  const instanceId = await client.startInstance({ name, input: JSON.stringify(input) });
  return { instanceId, value: await outcomeOf(instanceId) };
}

/** The output of an instance, or how it failed. */
async function outcomeOf(instanceId: string): Promise<unknown> {
  const findEnd = async () => {
    const history = (await client.getHistory(instanceId)) ?? [];
    return history.find((event) => event.type === "ExecutionCompleted");
  };
  await expect.poll(findEnd, { interval: 10 }).toBeDefined();
  const end = (await findEnd())!;
  return end.failureDetails ?? (end.result === undefined ? undefined : JSON.parse(end.result));
}

/** Answers 202 the first `times` times, and then 200. */
function pendsFor(server: HorrorServer, path: string, times: number, headers: Record<string, string>) {
  let left = times;
  server.on(path, (_request, response) => {
    if (left-- > 0) response.writeHead(202, headers).end();
    else response.writeHead(200, { "content-type": "text/plain" }).end("done");
  });
}

it("polls by GET, at a relative Location, until it is done", async () => {
  own.answers("/job", 202, { location: "status?id=1", "retry-after": "0" });
  pendsFor(own, "/status", 2, { location: "/status?id=2" });

  const { value } = await run("call", {
    url: `${own.origin}/job`,
    method: "POST",
    body: { n: 1 },
    headers: { authorization: "Bearer mine", "x-functions-key": "key" },
  });

  expect(value).toMatchObject({ isOurs: true, type: "text/plain", answer: { statusCode: 200, content: "done" } });
  expect(own.seen.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
    'POST /job {"n":1}',
    "GET /status?id=1 ",
    "GET /status?id=2 ",
    "GET /status?id=2 ",
  ]);
  expect(own.seen.map(({ headers }) => headers["authorization"])).toEqual(Array(4).fill("Bearer mine"));
  expect(own.seen.map(({ headers }) => headers["x-functions-key"])).toEqual(["key", undefined, undefined, undefined]);
});

it.each([
  ["seconds beyond all bounds", "99999999999999999999"],
  ["a date in the past", "Wed, 21 Oct 2015 07:28:00 GMT"],
  ["a date far away", "Wed, 21 Oct 2115 07:28:00 GMT"],
  ["nonsense", "soon"],
  ["a negative number", "-5"],
  ["a fraction", "0.5"],
  ["nothing", ""],
  ["an exponent", "1e9"],
])("a Retry-After of %s is brought within bounds", async (_, retryAfter) => {
  pendsFor(own, "/later", 1, { location: "/later", "retry-after": retryAfter });

  expect((await run("call", { url: `${own.origin}/later` })).value).toMatchObject({ answer: { content: "done" } });
});

it("credentials stay at the origin when a 202 leads elsewhere, also on the way back", async () => {
  own.answers("/trap", 202, { location: `${other.origin}/poll` });
  other.answers("/poll", 202, { location: `${own.origin}/home` });

  const { value } = await run("call", {
    url: `${own.origin}/trap`,
    method: "POST",
    headers: {
      authorization: "canary",
      cookie: "canary",
      "x-api-key": "canary",
      "x-goog-token": "canary",
      "x-plain": "1",
    },
    tokenSource: true,
  });

  expect(value).toMatchObject({ answer: { content: "arrived" } });
  expect(own.seen[0]!.headers["authorization"]).toBe("Bearer canary-token");
  expect(other.seen[0]!.headers["x-plain"]).toBe("1");
  expect(JSON.stringify([other.seen, own.seen[1]])).not.toContain("canary");
});

it("credentials do not follow a 202 that came after a redirect to elsewhere", async () => {
  own.answers("/redirected", 307, { location: `${other.origin}/accept` });
  other.answers("/accept", 202, { location: `${own.origin}/confused` });

  await run("call", { url: `${own.origin}/redirected`, headers: { authorization: "canary" }, tokenSource: true });

  expect(own.seen.map(({ path }) => path)).toEqual(["/redirected", "/confused"]);
  expect(JSON.stringify([other.seen, own.seen[1]])).not.toContain("canary");
});

it.each([
  ["a 202 without Location", {}, {}],
  ["a 202 when polling is off", { location: "/never" }, { enablePolling: false }],
  ["a 202 when it is off by its old name", { location: "/never" }, { asynchronousPatternEnabled: false }],
])("%s is an answer", async (_, headers, options) => {
  own.answers("/accepted", 202, headers);

  const { value } = await run("call", { url: `${own.origin}/accepted`, ...options });

  expect(value).toMatchObject({ answer: { statusCode: 202 } });
  expect(own.seen).toHaveLength(1);
});

it("many polls keep one history short", async () => {
  pendsFor(own, "/long", 120, { location: "/long" });

  const { value, instanceId } = await run("call", { url: `${own.origin}/long` });
  const parent = await client.getHistory(instanceId);
  const child = parent!.find((event) => event.type === "SubOrchestrationInstanceCreated")!;
  const history = await client.getHistory(child.instanceId);

  expect(value).toMatchObject({ answer: { content: "done" } });
  expect(own.seen).toHaveLength(121);
  expect(history!.filter(({ type }) => type === "TaskScheduled").length).toBeLessThan(60);
});

it.each<[string, () => void, Partial<DurableHttpRequest>, string]>([
  ["endless 202", () => own.answers("/x", 202, { location: "/x" }), { pollingTimeout: 60 }, "HttpPollingTimedOut"],
  [
    "a Location of another scheme",
    () => own.answers("/x", 202, { location: "file:///etc/passwd" }),
    {},
    "HttpRequestRefused",
  ],
  ["a Location that is no URL", () => own.answers("/x", 202, { location: "http://[" }), {}, "HttpRequestRefused"],
  ["a redirect loop", () => own.answers("/x", 302, { location: "/x" }), {}, "HttpRequestRefused"],
  ["silence", () => own.on("/x", () => {}), { timeout: 100 }, "TaskTimeout"],
  [
    "an error that counts",
    () => own.answers("/x", 500),
    { retry: { firstInterval: 1, maxAttempts: 2 } },
    "HttpRequestFailed",
  ],
])("%s is a failure to catch, and names its kind", async (_, misbehave, options, type) => {
  misbehave();

  const { value } = await run("catch", {
    url: `${own.origin}/x?code=secret`,
    headers: { authorization: "secret" },
    ...options,
  });

  expect(value).toMatchObject({ type, message: expect.stringContaining(`HTTP call 'GET ${own.origin}' failed: `) });
  expect(JSON.stringify(value)).not.toContain("secret");
});

it("tries again by the policy, and takes the retry options of durable-functions 3.x", async () => {
  let attempts = 0;
  own.on("/flaky", (_request, response) => response.writeHead(++attempts < 3 ? 503 : 200).end(`attempt ${attempts}`));

  expect((await run("callWithOldRetry", `${own.origin}/flaky`)).value).toBe("attempt 3");
  expect(own.seen.map(({ method, body }) => `${method} ${body}`)).toEqual(Array(3).fill("POST x"));
});

it.each([
  ["a GET with body", { url: "http://127.0.0.1/", body: "x" }],
  ["a HEAD with body", { url: "http://127.0.0.1/", method: "head", content: "x" }],
  ["no URL", {}],
  ["a relative URL", { url: "/x" }],
  ["another scheme", { url: "file:///etc/passwd" }],
  ["a password in the URL", { url: "http://user:secret@127.0.0.1/" }],
  ["a header with a line break", { url: "http://127.0.0.1/", headers: { "x-a": "secret\r\nx-b: 2" } }],
  ["a header name with a space", { url: "http://127.0.0.1/", headers: { "x a": "1" } }],
  ["a method with a line break", { url: "http://127.0.0.1/", method: "GET / HTTP/1.1\r\n" }],
  ["CONNECT", { url: "http://127.0.0.1/", method: "connect" }],
  [
    "statuses that are none",
    { url: "http://127.0.0.1/", retry: { firstInterval: 1, maxAttempts: 1, statusCodes: ["all"] } },
  ],
])("%s is refused before anything is sent", async (_, request) => {
  const { value } = await run("call", request);

  expect(value).toMatchObject({ errorType: "InvalidOption" });
  expect(JSON.stringify(value)).not.toContain("secret");
});

it.each([
  "BuiltIn__HttpPollOrchestrator",
  "builtin__httppollorchestrator",
  "BuiltIn__HttpActivity",
  "BuiltIn::HttpActivity",
])("%s cannot be started, called or defined by name", async (name) => {
  await expect(client.startInstance({ name, input: "{}" })).rejects.toMatchObject({ code: "InvalidOption" });
  expect(() => new Registry().addOrchestration({ name, orchestrator: () => {} })).toThrow("reserved");
  expect(() => new Registry().addActivity({ name, activity: () => {} })).toThrow("reserved");
  expect((await run("sneak", name)).value).toMatchObject({ errorType: "OrchestrationMisuse" });
});

it("a poller that was smuggled into the hub without a parent refuses to run", async () => {
  await hub.createInstance({
    replaces: undefined,
    event: {
      type: "ExecutionStarted",
      eventId: -1,
      timestamp: new Date(),
      orchestrationInstance: { instanceId: "smuggled", executionId: "e1" },
      parentInstance: undefined,
      name: "BuiltIn__HttpPollOrchestrator",
      version: undefined,
      input: JSON.stringify({
        request: { method: "GET", url: own.origin },
        enablePolling: true,
        pollingTimeoutMs: 1000,
      }),
      tags: undefined,
      correlation: undefined,
      parentTraceContext: undefined,
      scheduledStartTime: undefined,
      generation: 0,
      generateNewTrace: false,
    },
  });
  expect(await outcomeOf("smuggled")).toMatchObject({ errorType: "HttpRequestRefused" });
  expect(own.seen).toEqual([]);
  await expect(client.restart("smuggled", { restartWithNewInstanceId: true })).rejects.toMatchObject({
    code: "InvalidOption",
  });
});

it("no log line holds a credential", () => {
  expect(logged.join("\n")).not.toMatch(/canary|secret|Bearer/);
});
