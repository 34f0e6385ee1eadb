import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OrchestrationStatus as WireStatus } from "../../../src/grpc/proto/orchestrator_service_pb.ts";
import { completed, newId, useHub } from "./official-hub.ts";
import { RawClient } from "./raw-client.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);
const done = hub.orchestrator(async function* (ctx, input) {
  return yield ctx.callActivity(echo, input);
});
const failed = hub.orchestrator(async function* (ctx) {
  yield ctx.callActivity(echo);
  throw new Error("it fails");
});
const waiting = hub.orchestrator(async function* (ctx, input) {
  return [input, yield ctx.waitForExternalEvent("end")];
});

let raw: RawClient;
beforeAll(() => {
  raw = new RawClient(hub.sidecar.address);
});
afterAll(() => raw.close());

async function startWaiting(instanceId = newId()): Promise<string> {
  await hub.start(waiting, "first", { instanceId });
  await hub.running(instanceId);
  return instanceId;
}

/** `ALREADY_EXISTS`; `INVALID_ARGUMENT`. */
const alreadyExists = { code: 6 };
const invalidArgument = { code: 3 };

describe("an id that is taken", () => {
  it("is refused while its instance runs", async () => {
    const instanceId = await startWaiting();
    await expect(hub.start(waiting, "second", { instanceId })).rejects.toMatchObject(alreadyExists);
    await hub.client.raiseOrchestrationEvent(instanceId, "end", 1);
    expect(await hub.ended(instanceId)).toEqual(completed(["first", 1]));
  });

  it("is refused while its instance waits for its time", async () => {
    const instanceId = newId();
    await hub.start(done, "first", { instanceId, startAt: new Date(Date.now() + 3_600_000) });
    await expect(hub.start(done, "second", { instanceId })).rejects.toMatchObject(alreadyExists);
    await hub.client.terminateOrchestration(instanceId);
  });

  it("is refused at once for all but one of many", async () => {
    const instanceId = newId();
    const starts = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => hub.start(waiting, i, { instanceId })),
    );
    expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await hub.client.terminateOrchestration(instanceId);
  });
});

describe("a policy for an id that is taken", () => {
  const { RUNNING, COMPLETED, FAILED, TERMINATED, PENDING, SUSPENDED } = WireStatus;
  const start = (instanceId: string, name: string, replaceableStatus: WireStatus[]) =>
    raw.call("startInstance", {
      instanceId,
      name,
      input: '"second"',
      orchestrationIdReusePolicy: { replaceableStatus },
    });

  it("replaces an instance that has ended in one of its states", async () => {
    const cases: [string, WireStatus][] = [
      [await hub.start(done, "first"), COMPLETED],
      [await hub.start(failed, "first"), FAILED],
      [await startWaiting(), TERMINATED],
    ];
    await hub.client.terminateOrchestration(cases[2]![0]);
    for (const [id, status] of cases) {
      await hub.ended(id);
      await expect(start(id, done, [])).rejects.toMatchObject(alreadyExists);
      const others = [COMPLETED, FAILED, TERMINATED].filter((other) => other !== status);
      await expect(start(id, done, others)).rejects.toMatchObject(alreadyExists);
      expect(await start(id, done, [status])).toMatchObject({ instanceId: id });
      expect(await hub.ended(id)).toEqual(completed("second"));
    }
  });

  it("replaces a running instance", async () => {
    const id = await startWaiting();
    await start(id, done, [RUNNING, COMPLETED, FAILED, TERMINATED, PENDING, SUSPENDED]);
    expect(await hub.ended(id)).toEqual(completed("second"));
    expect(await hub.client.getOrchestrationState(id)).toMatchObject({ name: done, serializedInput: '"second"' });
  });

  it("keeps a running instance that it does not name", async () => {
    const id = await startWaiting();
    await expect(start(id, done, [COMPLETED, FAILED, TERMINATED])).rejects.toMatchObject(alreadyExists);
    expect(await hub.client.getOrchestrationState(id)).toMatchObject({ serializedInput: '"first"' });
    await hub.client.terminateOrchestration(id);
  });

  it("is refused when it names running states without the terminated one", async () => {
    const id = await startWaiting();
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await expect(start(id, done, [SUSPENDED, COMPLETED, FAILED])).rejects.toMatchObject({
      ...invalidArgument,
      details: expect.stringContaining("must have 'Terminated' where they have one of an instance that has not ended"),
    });
    expect(await hub.status(id)).toBe("SUSPENDED");
    await hub.client.terminateOrchestration(id);
  });

  it("does not matter for an id that is free", async () => {
    const id = newId();
    await start(id, done, []);
    expect(await hub.ended(id)).toEqual(completed("second"));
  });
});

describe("a start", () => {
  it("answers with the id that the server made", async () => {
    const { instanceId } = await raw.call("startInstance", { name: done, input: "1" });
    expect(instanceId).not.toBe("");
    expect(await hub.ended(instanceId)).toEqual(completed(1));
  });

  it("needs a name", async () => {
    await expect(raw.call("startInstance", { instanceId: newId() })).rejects.toMatchObject(invalidArgument);
  });

  it("keeps no input apart from an empty one", async () => {
    const [none, empty] = [newId(), newId()];
    await raw.call("startInstance", { name: done, instanceId: none });
    await raw.call("startInstance", { name: done, instanceId: empty, input: "" });
    await Promise.all([hub.ended(none), hub.ended(empty)]);
    const inputOf = async (instanceId: string) =>
      (await raw.call("getInstance", { instanceId, getInputsAndOutputs: true })).orchestrationState?.input;
    expect([await inputOf(none), await inputOf(empty)]).toEqual([undefined, ""]);
  });

  it("hands the trace of its caller on", async () => {
    const instanceId = newId();
    const traceParent = `00-${"4bf92f3577b34da6a3ce929d0e0e4736"}-00f067aa0ba902b7-01`;
    await raw.call("startInstance", {
      name: done,
      instanceId,
      parentTraceContext: { traceParent, spanID: "00f067aa0ba902b7", traceState: "vendor=1" },
    });
    await hub.ended(instanceId);
    const history = await hub.client.getOrchestrationHistory(instanceId);
    expect(history.find(({ type }) => type === "ExecutionStarted")).toMatchObject({
      parentTraceContext: { traceParent, traceState: "vendor=1" },
    });
  });
});
