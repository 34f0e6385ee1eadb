import { expect, it } from "vitest";
import { DurableTaskWorker, type PlacedWorker, type WorkerRequest } from "../../../src/portable/durable-task-worker.ts";
import { filtersOf } from "../../../src/portable/grpc-place.ts";
import {
  DurableTaskSchedulerClient,
  DurableTaskSchedulerWorker,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
  type WorkerOptions,
} from "../../../src/portable/index.ts";
import { Registry } from "../../../src/worker/registry.ts";

class WorkerUnderTest extends DurableTaskWorker {
  constructor(open: (request: WorkerRequest) => Promise<PlacedWorker>, options: WorkerOptions<undefined> = {}) {
    super({ taskHub: "Hub", description: "nowhere", open }, options);
  }
}

/** A place that notes what is done to it. */
function createPlace(onStart: () => Promise<void> = async () => {}) {
  const calls: string[] = [];
  const requests: WorkerRequest[] = [];
  const open = async (request: WorkerRequest): Promise<PlacedWorker> => {
    requests.push(request);
    return {
      async start() {
        calls.push("start");
        await onStart();
      },
      async stop() {
        calls.push("stop");
      },
    };
  };
  return { open, calls, requests };
}

function work() {}

it("starts once, stops once, and starts again", async () => {
  const { open, calls } = createPlace();
  const worker = new WorkerUnderTest(open);

  await worker.stop();
  expect(worker.isRunning).toBe(false);
  await Promise.all([worker.start(), worker.start()]);
  expect(worker.isRunning).toBe(true);
  await Promise.all([worker.stop(), worker.stop()]);
  expect(worker.isRunning).toBe(false);
  await worker.start();
  await worker[Symbol.asyncDispose]();
  expect(calls).toEqual(["start", "stop", "start", "stop"]);
});

it("a start that fails lets go of what it has opened, and may be tried again", async () => {
  let attempts = 0;
  const { open, calls } = createPlace(async () => {
    if (++attempts === 1) throw new Error("not there");
  });
  const worker = new WorkerUnderTest(open);

  await expect(worker.start()).rejects.toThrow("not there");
  expect(worker.isRunning).toBe(false);
  worker.addActivity(work);
  await worker.start();
  expect(calls).toEqual(["start", "stop", "start"]);
  await worker.stop();
});

it("a stop waits for the start that is under way", async () => {
  const { open, calls } = createPlace();
  const worker = new WorkerUnderTest(open);
  const started = worker.start();
  await worker.stop();
  await started;
  expect(calls).toEqual(["start", "stop"]);
});

it("is ready while it runs, degraded while it is not connected, and says why it has failed", async () => {
  let fail: (failure: string) => void = () => {};
  const failed = new Promise<string>((resolve) => {
    fail = resolve;
  });
  const placed = { isConnected: true, failed, start: async () => {}, stop: async () => {} };
  const worker = new WorkerUnderTest(async () => placed);

  expect(worker.health()).toMatchObject({ status: "unhealthy", isReady: false, state: "starting", taskHub: "Hub" });
  await worker.start();
  expect(worker.health()).toMatchObject({ status: "healthy", isReady: true, storage: "nowhere" });
  expect(worker.healthHandler.fetch(new Request("http://localhost/health/ready")).status).toBe(200);
  placed.isConnected = false;
  expect(worker.health()).toMatchObject({ status: "degraded", isReady: false });
  const stopped = worker.stopped;
  fail("the storage is gone");
  expect(await stopped).toBe("the storage is gone");
  expect(worker.isRunning).toBe(false);
  expect(worker.health()).toMatchObject({ status: "unhealthy", state: "failed" });
});

it("says that it has stopped", async () => {
  const worker = new WorkerUnderTest(createPlace().open);
  await worker.start();
  const { stopped } = worker;
  await worker.stop();
  expect(await stopped).toBeUndefined();
  expect(worker.health().state).toBe("stopped");
});

it("takes functions before it starts only", async () => {
  const { open, requests } = createPlace();
  await using worker = new WorkerUnderTest(open, { concurrency: { maxConcurrentActivities: 3 }, stopGrace: "5s" });
  worker.addActivity(work);
  expect(() => worker.addActivity(work)).toThrow(/registered already/);
  await worker.start();

  expect(requests[0]).toMatchObject({ concurrency: { maxConcurrentActivities: 3 }, stopGraceMs: 5000 });
  expect(requests[0]?.registry.activityNames).toEqual(["work"]);
  expect(() => worker.addOrchestration(async function late() {})).toThrow(/before the worker starts/);
});

it.each<[WorkerOptions<undefined>, RegExp]>([
  [{ concurrency: { maxConcurrentActivities: 0 } }, /'concurrency.maxConcurrentActivities' must be a whole number/],
  [{ concurrency: 5 as never }, /'concurrency' must be an object/],
  [{ stopGrace: "soon" as never }, /'stopGrace'/],
  [{ stopOnSignals: "yes" as never }, /'stopOnSignals'/],
  [{ replayCheck: "yes" as never }, /'replayCheck'/],
  [{ log: {} as never }, /'log' must be a function/],
  [{ versioning: { version: 5 as never } }, /'version'/],
])("refuses %o", (options, problem) => {
  expect(() => new WorkerUnderTest(createPlace().open, options)).toThrow(problem);
});

it("each place says at once what it cannot use", () => {
  expect(() => new EmbeddedTaskHubWorker({ storage: "memory", taskHub: "a b" })).toThrow(/'taskHub' must be 3 to 45/);
  expect(() => new EmbeddedTaskHubClient({ storage: "" })).toThrow(/'storage' must be "memory"/);
  expect(() => new DurableTaskSchedulerWorker("Endpoint=http://localhost:8080")).toThrow(/has no TaskHub/);
  expect(() => new DurableTaskSchedulerClient(undefined as never)).toThrow(/connectionString/);
  expect(() => new DurableTaskSchedulerClient({ endpoint: "http://localhost:8080", taskHub: "" })).toThrow(/'taskHub'/);
  expect(() => new TaskHubGrpcWorker("ftp://localhost")).toThrow(/ftp/);
  expect(() => new TaskHubGrpcClient(undefined as never)).toThrow(/address/);
});

it("each place takes what it needs, and opens nothing yet", async () => {
  const scheduler = "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None";
  await using worker = new DurableTaskSchedulerWorker(scheduler, { workItemFilters: true });
  await using client = new DurableTaskSchedulerClient({ endpoint: "http://localhost:8080", taskHub: "default" });
  await using grpc = new TaskHubGrpcWorker("localhost:4001");
  await using grpcClient = new TaskHubGrpcClient({ address: "localhost:4001", taskHub: "default" });
  expect([worker.isRunning, grpc.isRunning]).toEqual([false, false]);
  expect(client).not.toBe(grpcClient);
});

it("filters name what is registered and what every worker has", () => {
  const versioning = { version: "2.0", matchStrategy: "strict" } as const;
  const registry = new Registry({ versioning });
  registry.addOrchestration({ name: "order", orchestrator: () => {} });
  registry.addActivity({ name: "pay", activity: () => {} });
  registry.addEntity({ name: "Stock", entity: () => {} });

  expect(filtersOf(registry)).toEqual({
    orchestrations: [
      { name: "order", versions: ["2.0"] },
      { name: "BuiltIn__HttpPollOrchestrator", versions: [] },
      { name: "BuiltIn__CallEntity", versions: [] },
    ],
    activities: [
      { name: "pay", versions: [] },
      { name: "BuiltIn__HttpActivity", versions: [] },
    ],
    entities: [{ name: "stock" }],
  });
});

it("tells of its end those who have asked before it began", async () => {
  const { open } = createPlace();
  const worker = new WorkerUnderTest(open);
  const { stopped } = worker;

  await worker.start();
  await worker.stop();

  expect(await stopped).toBeUndefined();
});

it("starts anew when it is asked to while it stops", async () => {
  const { open, calls } = createPlace();
  const worker = new WorkerUnderTest(open);
  await worker.start();

  await Promise.all([worker.stop(), worker.start()]);

  expect(worker.isRunning).toBe(true);
  await worker.stop();
  expect(calls).toEqual(["start", "stop", "start", "stop"]);
});

it("is where it was when it is stopped while a start fails", async () => {
  let refuse: (error: Error) => void = () => {};
  let attempts = 0;
  const { open } = createPlace(() => {
    attempts++;
    if (attempts > 1) return Promise.resolve();
    return new Promise((_, reject) => {
      refuse = reject;
    });
  });
  const worker = new WorkerUnderTest(open);
  const failing = worker.start();
  failing.catch(() => {});
  while (attempts === 0) await new Promise((turn) => setImmediate(turn));

  const stopping = worker.stop();
  refuse(new Error("not there"));
  const again = worker.start();

  await expect(failing).rejects.toThrow("not there");
  await stopping;
  await again;
  expect(worker.isRunning).toBe(true);
  await worker.stop();
  expect(worker.isRunning).toBe(false);
});

it.each([
  ["the worker", () => new EmbeddedTaskHubWorker({ storage: "memory", taskhub: "Orders" } as never), "'taskHub'"],
  ["the client", () => new EmbeddedTaskHubClient({ storag: "memory" } as never), "'storage'"],
  [
    "a count",
    () => new EmbeddedTaskHubWorker({ storage: "memory", concurrency: { maxActivities: 3 } as never }),
    "takes",
  ],
  ["a connection", () => new TaskHubGrpcClient("localhost:1", { rootCertificate: "" } as never), "'rootCertificates'"],
])("names what was meant by a misspelt option of %s", (_, make, meant) => {
  expect(make).toThrow(meant);
});

it("hands its limits to its place; only where the engine is ours unknown names may wait", async () => {
  const { open, requests } = createPlace();
  const limits = { maxUnfinishedRuns: 3, unknownNames: "wait" } as const;
  await using worker = new WorkerUnderTest(open, { limits });
  await worker.start();

  expect(requests[0]?.limits).toMatchObject({ maxUnfinishedRuns: 3, maxBlockedMs: 0, unknownNameGraceMs: 0 });
  expect(() => new EmbeddedTaskHubWorker({ storage: "memory", limits: { maxHistoryEvents: 1 } })).toThrow(
    "'limits.maxHistoryEvents'",
  );
});
