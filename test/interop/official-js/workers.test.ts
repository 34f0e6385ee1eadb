import {
  EntityInstanceId,
  TaskEntity,
  TaskHubGrpcWorker,
  type TaskHubGrpcWorkerOptions,
  VersionFailureStrategy,
  VersionMatchStrategy,
  type WorkItemFilters,
} from "@microsoft/durabletask-js";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { completed, newId, OfficialHub, quiet } from "./official-hub.ts";

// Each test has a hub and workers of its own. That a client or worker has stopped is seen a second late, whatever there
// was to do, so all are waited for at the end.
let hub: OfficialHub;
let workers: TaskHubGrpcWorker[];
const closing: Promise<unknown>[] = [];
beforeEach(async () => {
  hub = new OfficialHub();
  workers = [];
  await hub.open({ kind: "memory" }, { worker: false });
});
afterEach(() => {
  closing.push(...workers.map((worker) => worker.stop()), hub.close());
});
afterAll(() => Promise.all(closing));

/** How often an activity has been started. */
const started = new Map<string, number>();

interface WorkerSetup extends TaskHubGrpcWorkerOptions {
  /** What its orchestrators and activities answer with. */
  readonly as?: string;
}

/** Knows `Greet`, which calls the activity `greet`; `Wait`; `Nothing`; and the entity `counter`. */
async function startWorker({ as = "worker", ...options }: WorkerSetup = {}): Promise<TaskHubGrpcWorker> {
  const worker = new TaskHubGrpcWorker({ hostAddress: hub.sidecar.address, logger: quiet, ...options });
  worker.addNamedOrchestrator("Greet", async function* (ctx, name: string): AsyncGenerator {
    const greeting = yield ctx.callActivity("greet", name);
    return [as, greeting, ctx.version];
  });
  worker.addNamedOrchestrator("Wait", async function* (ctx): AsyncGenerator {
    return [as, yield ctx.waitForExternalEvent("end")];
  });
  worker.addNamedOrchestrator("Nothing", () => as);
  worker.addNamedOrchestrator("Count", async function* (ctx, key: string): AsyncGenerator {
    return yield ctx.entities.callEntity(new EntityInstanceId("Counter", key), "add", 1);
  });
  worker.addNamedOrchestrator("Repeat", async function* (ctx, { text, count }): AsyncGenerator {
    for (let i = 0; i < count; i++) yield ctx.callActivity("greet", text);
  });
  worker.addNamedOrchestrator("Work", async function* (ctx, key: string): AsyncGenerator {
    return yield ctx.callActivity("work", key);
  });
  worker.addNamedActivity("work", async (_ctx, key: string) => {
    started.set(key, (started.get(key) ?? 0) + 1);
    // The first one to run it never ends.
    if (started.get(key) === 1) await new Promise(() => {});
    return as;
  });
  worker.addNamedActivity("greet", (_ctx, name: string) => `hello ${name} from ${as}`);
  worker.addNamedEntity("Counter", () => new Counter());
  workers.push(worker);
  await worker.start();
  return worker;
}

class Counter extends TaskEntity<{ value: number }> {
  protected override initializeState() {
    return { value: 0 };
  }
  add(amount: number) {
    this.state.value += amount;
    return this.state.value;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("the version of a worker", () => {
  const versioned = (version: string, match: "Strict" | "CurrentOrOlder" | "None", failure: "Reject" | "Fail") =>
    startWorker({
      versioning: {
        version,
        matchStrategy: VersionMatchStrategy[match],
        failureStrategy: VersionFailureStrategy[failure],
      },
    });
  const greeting = (version: string) => completed(["worker", "hello you from worker", version]);
  const run = (version: string) => hub.run("Greet", "you", version === "" ? {} : { version });

  it("does not matter without a strategy", async () => {
    await versioned("1.0.0", "None", "Fail");
    expect(await run("2.0.0")).toEqual(greeting("2.0.0"));
    expect(await run("")).toEqual(greeting(""));
  });

  it("must be that of the orchestration when it is strict, or the orchestration fails", async () => {
    await versioned("1.2.0", "Strict", "Fail");
    expect(await run("1.2.0")).toEqual(greeting("1.2.0"));
    expect(await run("1.2")).toEqual(greeting("1.2"));
    for (const version of ["1.1.0", "1.3.0", ""]) {
      expect(await run(version)).toMatchObject({ status: "FAILED", failure: { errorType: "VersionMismatch" } });
    }
  });

  it("must not be older than the orchestration, or the orchestration fails", async () => {
    await versioned("2.0.0", "CurrentOrOlder", "Fail");
    for (const version of ["2.0.0", "1.9.9", ""]) expect(await run(version)).toEqual(greeting(version));
    const outcome = await run("2.0.1");
    expect(outcome).toMatchObject({ status: "FAILED", failure: { errorType: "VersionMismatch" } });
    expect(outcome.failure?.message).toContain("greater than the worker version");
  });

  it.each([
    ["Strict", "1.0.0", "2.0.0"],
    ["CurrentOrOlder", "1.0.0", "2.0.0"],
  ] as const)("leaves an orchestration to another worker: %s", async (match, version, other) => {
    await versioned(version, match, "Reject");
    const id = await hub.start("Greet", "you", { version: other });
    await pause(300);
    expect(["PENDING", "RUNNING"]).toContain(await hub.status(id));
    // The rejecting one does not starve what it does take.
    expect(await run(version)).toEqual(greeting(version));
    await startWorker({
      as: "newer",
      versioning: { version: other, matchStrategy: VersionMatchStrategy.Strict, failureStrategy: 0 },
    });
    expect(await hub.ended(id)).toMatchObject({ status: "COMPLETED", output: ["newer", expect.any(String), other] });
  });

  it("is what a client gives when an orchestration has none", async () => {
    await startWorker();
    const client = hub.newClient({ defaultVersion: "7.0" });
    const id = await client.scheduleNewOrchestration("Greet", "you");
    expect(await hub.ended(id)).toEqual(greeting("7.0"));
    await client.stop();
  });
});

describe("the filters of a worker", () => {
  const filtered = (workItemFilters: WorkItemFilters | "auto", as = "filtered") => startWorker({ as, workItemFilters });

  it("made of what is registered let that pass", async () => {
    await filtered("auto");
    expect(await hub.run("Greet", "you")).toEqual(completed(["filtered", "hello you from filtered", ""]));
    expect(await hub.run("Count", newId())).toEqual(completed(1));
  });

  it("leave alone what is not registered", async () => {
    await filtered("auto");
    const id = await hub.start("NotRegistered");
    await pause(300);
    expect(await hub.status(id)).toBe("PENDING");
    expect(await hub.run("Nothing")).toEqual(completed("filtered"));
    await hub.client.terminateOrchestration(id);
  });

  it("leave alone what is registered and not named", async () => {
    await filtered({ orchestrations: [{ name: "Nothing" }] });
    const id = await hub.start("Greet", "you");
    expect(await hub.run("Nothing")).toEqual(completed("filtered"));
    await pause(200);
    expect(await hub.status(id)).toBe("PENDING");
    await startWorker({ as: "other" });
    expect(await hub.ended(id)).toMatchObject({ status: "COMPLETED", output: ["other", "hello you from other", ""] });
  });

  it("tell versions apart", async () => {
    await filtered({
      orchestrations: [{ name: "Greet", versions: ["3.0.0"] }],
      activities: [{ name: "greet" }],
    });
    const other = await hub.start("Greet", "you", { version: "9.9.9" });
    const none = await hub.start("Greet", "you");
    expect(await hub.run("Greet", "you", { version: "3.0.0" })).toMatchObject({ status: "COMPLETED" });
    await pause(200);
    expect([await hub.status(other), await hub.status(none)]).toEqual(["PENDING", "PENDING"]);
    for (const id of [other, none]) await hub.client.terminateOrchestration(id);
  });

  it("of a strict version let its activities pass, which have none", async () => {
    const versioning = { version: "3.0.0", matchStrategy: VersionMatchStrategy.Strict };
    await startWorker({ workItemFilters: "auto", versioning });
    const other = await hub.start("Greet", "you", { version: "2.0.0" });
    expect(await hub.run("Greet", "you", { version: "3.0.0" })).toMatchObject({ status: "COMPLETED" });
    expect(await hub.status(other)).toBe("PENDING");
  });

  it("give each worker its own activities", async () => {
    await filtered({ orchestrations: [{ name: "Greet" }] }, "orchestrator");
    await filtered({ activities: [{ name: "greet" }] }, "activities");
    expect(await hub.run("Greet", "you")).toEqual(completed(["orchestrator", "hello you from activities", ""]));
  });

  it("give each worker its own entities", async () => {
    await filtered({ orchestrations: [{ name: "Count" }] });
    const key = newId();
    const id = await hub.start("Count", key);
    await pause(200);
    expect(await hub.status(id)).toBe("RUNNING");
    await filtered({ entities: [{ name: "counter" }] });
    expect(await hub.ended(id)).toEqual(completed(1));
  });
});

describe("workers that come and go", () => {
  it("find what was started before them", async () => {
    const id = await hub.start("Greet", "you");
    await pause(200);
    expect(await hub.status(id)).toBe("PENDING");
    await startWorker();
    expect(await hub.ended(id)).toMatchObject({ status: "COMPLETED" });
  });

  it("go on with what others began", async () => {
    const first = await startWorker({ as: "first" });
    const id = await hub.start("Wait");
    await hub.running(id);
    workers.splice(workers.indexOf(first), 1);
    await first.stop();
    await hub.client.raiseOrchestrationEvent(id, "end", "x");
    await startWorker({ as: "second" });
    expect(await hub.ended(id)).toEqual(completed(["second", "x"]));
  });

  it("run again what others have left unfinished", async () => {
    const first = await startWorker({ as: "first", shutdownTimeoutMs: 10 });
    const key = newId();
    const id = await hub.start("Work", key);
    await expect.poll(() => started.get(key)).toBe(1);
    await startWorker({ as: "second" });
    workers.splice(workers.indexOf(first), 1);
    closing.push(first.stop());
    expect(await hub.ended(id)).toEqual(completed("second"));
  });

  it("run again what was unfinished when the sidecar stopped", async () => {
    await startWorker({ shutdownTimeoutMs: 10 });
    const key = newId();
    const id = await hub.start("Work", key);
    await expect.poll(() => started.get(key)).toBe(1);
    await hub.sidecar.stop();
    await hub.sidecar.start();
    await expect.poll(() => hub.client.getOrchestrationState(id).then(() => "up", String)).toBe("up");
    expect(await hub.ended(id)).toEqual(completed("worker"));
  });

  it("run hundreds of instances at once", async () => {
    await startWorker({ as: "a" });
    await startWorker({ as: "b" });
    const runs = Array.from({ length: 300 }, (_, i) => hub.run(i % 2 === 0 ? "Greet" : "Nothing", "you"));
    expect((await Promise.all(runs)).filter(({ status }) => status !== "COMPLETED")).toEqual([]);
  });

  it("share the work", async () => {
    await startWorker({ as: "a" });
    await startWorker({ as: "b" });
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => hub.run("Greet", "you")));
    expect(outcomes.every(({ status }) => status === "COMPLETED")).toBe(true);
  });

  it("find a sidecar that was started again, and so do clients", async () => {
    await startWorker();
    const id = await hub.start("Wait");
    await hub.running(id);
    await hub.sidecar.stop();
    await pause(100);
    await hub.sidecar.start();
    await expect
      .poll(() => hub.client.raiseOrchestrationEvent(id, "end", "x").then(() => "raised", String))
      .toBe("raised");
    expect(await hub.ended(id)).toEqual(completed(["worker", "x"]));
    expect(await hub.run("Greet", "you")).toMatchObject({ status: "COMPLETED" });
  });

  // The first call of this version of the package is not repeated: a worker must have been connected once.
  it("try again until the sidecar is there again", async () => {
    await startWorker();
    expect(await hub.run("Nothing")).toEqual(completed("worker"));
    await hub.sidecar.stop();
    // Longer than the pause before the first try, which fails.
    await pause(1500);
    await hub.sidecar.start();
    await expect.poll(() => hub.client.getOrchestrationState("x").then(() => "up", String)).toBe("up");
    expect(await hub.run("Nothing")).toEqual(completed("worker"));
  });
});

describe("large payloads", () => {
  it("that are too large for one message harm nobody else", async () => {
    closing.push(hub.close());
    hub = new OfficialHub();
    await hub.open({ kind: "memory" }, { worker: false, maxMessageBytes: 1_000_000 });
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    await startWorker({ logger: { ...quiet, info: write, warn: write, error: write, debug: write } });
    const id = await hub.start("Repeat", { text: "x".repeat(300_000), count: 4 });
    // By then it has become too large, and was sent again if anything was.
    await pause(1500);
    expect(await hub.run("Nothing")).toEqual(completed("worker"));
    expect(await hub.run("Greet", "you")).toMatchObject({ status: "COMPLETED" });
    expect(await hub.status(id)).toBe("RUNNING");
    await hub.client.terminateOrchestration(id, "too large");
    expect(await hub.ended(id)).toMatchObject({ status: "TERMINATED", output: "too large" });
    expect(lines.filter((line) => line.includes("Stream"))).toEqual([]);
    await expect(hub.start("Greet", "x".repeat(1_100_000))).rejects.toMatchObject({ code: 8 });
  });

  it.each([1, 5])("of %d MB go through input, activity, event and output", async (megabytes) => {
    await startWorker();
    const text = "é".repeat((megabytes * 1_000_000) / 2);
    const outcome = await hub.run("Greet", text);
    expect(outcome.status).toBe("COMPLETED");
    expect((outcome.output as string[])[1]).toBe(`hello ${text} from worker`);
    const id = await hub.start("Wait");
    await hub.client.raiseOrchestrationEvent(id, "end", text);
    expect((await hub.ended(id)).output).toEqual(["worker", text]);
  });
});
