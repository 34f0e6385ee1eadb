import { describe, expect, it } from "vitest";
import type { EntityAction, EntityOutcome } from "../../../src/core/entity-batch.ts";
import type { EntityRef } from "../../../src/core/entity-id.ts";
import type { EventRaised } from "../../../src/core/history-event.ts";
import {
  continueEventName,
  createRequest,
  type EntityRequest,
  formatRelease,
  formatRequest,
  lockGrantedResult,
  orphanedLockReleaseId,
  readRequest,
  releaseEventName,
} from "../../../src/entities/entity-message.ts";
import { finishEntityBatch, planEntityBatch } from "../../../src/entities/entity-scheduler.ts";
import { MessageSorter } from "../../../src/entities/message-sorter.ts";
import type { OutboxEntry } from "../../../src/entities/outbox.ts";
import {
  formatSchedulerState,
  noSchedulerState,
  parseSchedulerState,
  type SchedulerState,
} from "../../../src/entities/scheduler-state.ts";
import { noTime } from "../../../src/entities/wire-time.ts";
import { eventRaised } from "../../../src/testing/history-builder.ts";
import { forSeeds, SeededRandom } from "../../support/seeded-random.ts";

const self = "@account@a";
const now = new Date(Date.UTC(2026, 0, 1));
const options = { now, maxOperations: 1000 };
const days = 86_400_000;

const event = (name: string, input: string | undefined): EventRaised => ({ ...eventRaised(name), input });
const request = (members: Partial<EntityRequest>) =>
  createRequest({ id: `id of ${members.operation}`, isSignal: members.parentInstanceId === undefined, ...members });
const signal = (operation: string, parentInstanceId?: string) =>
  event("op", formatRequest(request({ operation, parentInstanceId, isSignal: true })));
const call = (operation: string, parentInstanceId: string) =>
  event("op", formatRequest(request({ operation, parentInstanceId, parentExecutionId: "e" })));
const account = (key: string): EntityRef => ({ name: "account", key });
function lockRequest(parentInstanceId: string, keys: readonly string[] = ["a"], lockPosition = 0, id = "") {
  const lockSet = keys.map(account);
  return event(
    "op",
    formatRequest(
      request({
        id: id || `lock of ${parentInstanceId}`,
        parentInstanceId,
        parentExecutionId: "e",
        lockSet,
        lockPosition,
        isSignal: false,
      }),
    ),
  );
}
const release = (parentInstanceId: string, id = `lock of ${parentInstanceId}`) =>
  event(releaseEventName, formatRelease({ parentInstanceId, id }));

/** An entity over several batches, whose state passes through its text each time. */
class TestEntity {
  scheduler: SchedulerState = noSchedulerState;
  readonly ran: string[] = [];
  sent: OutboxEntry[] = [];
  readonly actions = new Map<string, readonly EntityAction[]>();
  refused: readonly EventRaised[] = [];

  receive(events: readonly EventRaised[], more: { now?: Date; maxOperations?: number } = {}): this {
    const planOptions = { ...options, ...more };
    const plan = planEntityBatch(self, this.scheduler, events, planOptions);
    const outcomes: EntityOutcome[] = [];
    for (const step of plan.steps) {
      if (step.kind !== "operation") continue;
      const { operation = "" } = step.request;
      this.ran.push(operation);
      outcomes.push(
        operation === "fail"
          ? { kind: "failed", failureDetails: { errorType: "Error", errorMessage: "no", isNonRetriable: false } }
          : { kind: "completed", result: `"${operation}"`, actions: this.actions.get(operation) ?? [] },
      );
    }
    const after = finishEntityBatch(self, plan, { outcomes, state: "0" }, planOptions.now);
    this.sent = after.outbox.flatMap(({ entries }) => entries);
    this.refused = plan.refused;
    this.scheduler = parseSchedulerState(formatSchedulerState({ ...after, outbox: [] }))!;
    return this;
  }

  get answers(): readonly string[] {
    return this.sent
      .filter(({ instanceId }) => !instanceId.startsWith("@"))
      .map(({ instanceId, name }) => {
        return `${instanceId}: ${name}`;
      });
  }
}

const entity = () => new TestEntity();

describe("operations", () => {
  it("E1: run in order of arrival, and answer those who call", () => {
    const { ran, sent } = entity().receive([signal("a"), call("b", "caller"), call("fail", "caller"), signal("c")]);
    expect(ran).toEqual(["a", "b", "fail", "c"]);
    expect(sent).toEqual([
      expect.objectContaining({
        instanceId: "caller",
        executionId: "e",
        name: "id of b",
        input: '{"result":"\\"b\\""}',
      }),
      expect.objectContaining({ name: "id of fail", input: expect.stringContaining('"ErrorMessage":"no"') }),
    ]);
  });

  it("E1: beyond the limit of a batch wait, and the entity wakes itself to go on", () => {
    const counter = entity().receive([signal("a"), signal("b"), signal("c")], { maxOperations: 2 });
    expect(counter.ran).toEqual(["a", "b"]);
    expect(counter.sent).toEqual([expect.objectContaining({ instanceId: self, name: "continue", input: undefined })]);
    counter.receive([event(continueEventName, undefined), signal("d")], { maxOperations: 2 });
    expect(counter.ran).toEqual(["a", "b", "c", "d"]);
    expect(counter.sent).toEqual([]);
    expect(counter.receive([event(continueEventName, undefined)]).ran).toHaveLength(4);
  });

  it("E3: that come before they are due are sent again, at most six days ahead", () => {
    const delayed = (ms: number) =>
      event("op@x", formatRequest(request({ operation: "late", dueAt: new Date(now.getTime() + ms) })));
    const counter = entity().receive([delayed(30 * days)]);
    expect(counter.sent).toEqual([
      expect.objectContaining({ instanceId: self, deliverAt: new Date(now.getTime() + 6 * days) }),
    ]);
    const [again] = counter.sent;
    const later = new Date(now.getTime() + 6 * days);
    counter.receive([event(again!.name, again!.input)], { now: later });
    expect(counter.sent[0]).toMatchObject({ deliverAt: new Date(now.getTime() + 12 * days) });
    expect(counter.ran).toEqual([]);
    expect(counter.receive([delayed(100), delayed(101)]).ran).toEqual(["late"]);
    expect(counter.sent[0]).toMatchObject({ name: "op@2026-01-01T00:00:00.1010000Z" });
  });

  it("what no entity understands is refused, and the rest is done", () => {
    const wrong = [
      event("op", undefined),
      event("op", "[]"),
      event("op", '{"id":"x"}'),
      event("operation", formatRequest(request({ operation: "a" }))),
      event(releaseEventName, "5"),
      event("38785649-4a9b-55a3-585a-2b1c539f095e", '{"result":"1"}'),
      event("__proto__", "{}"),
      lockRequest("p", ["other"]),
      lockRequest("p", ["a"], 7),
    ];
    const counter = entity().receive([...wrong.slice(0, 5), signal("a"), ...wrong.slice(5)]);
    expect(counter.refused).toEqual(wrong);
    expect(counter.ran).toEqual(["a"]);
    expect(counter.scheduler.lockedBy).toBeUndefined();
  });

  it("a lock set that names no entity is refused, so that nothing fails when it is passed on", () => {
    const lockSets = [
      [account("a"), { name: "", key: "b" }],
      [account("a"), { name: "x@y", key: "b" }],
    ];
    const events = lockSets.map((lockSet) => event("op", formatRequest(request({ parentInstanceId: "p", lockSet }))));
    const ofNobody = event("op", formatRequest(request({ lockSet: [account("a")] })));
    const counter = entity().receive([...events, ofNobody]);
    expect(counter.refused).toHaveLength(3);
    expect(counter.scheduler.lockedBy).toBeUndefined();
  });
});

describe("locks", () => {
  it("E1: of several entities go from one to the next, and the last one answers", () => {
    const first = entity().receive([lockRequest("p", ["a", "b"])]);
    expect(first.scheduler).toMatchObject({ lockedBy: "p", lockId: "lock of p" });
    expect(first.sent).toEqual([
      expect.objectContaining({ instanceId: "@account@b", name: "op", deliverAt: undefined }),
    ]);
    expect(readRequest(first.sent[0]!.input)).toMatchObject({ lockPosition: 1, id: "lock of p", predecessor: noTime });
    const last = entity().receive([lockRequest("p", ["0", "a"], 1)]);
    expect(last.sent).toEqual([
      expect.objectContaining({
        instanceId: "p",
        executionId: "e",
        name: "lock of p",
        input: `{"result":"${lockGrantedResult}","lockset":[{"name":"account","key":"0"},{"name":"account","key":"a"}]}`,
      }),
    ]);
  });

  it("the name of an entity counts whatever its case, its key as it is", () => {
    const lockSet = [{ name: "Account", key: "a" }];
    const parentInstanceId = "p";
    expect(
      entity().receive([event("op", formatRequest(request({ parentInstanceId, lockSet })))]).scheduler.lockedBy,
    ).toBe("p");
    const other = [{ name: "account", key: "A" }];
    expect(
      entity().receive([event("op", formatRequest(request({ parentInstanceId, lockSet: other })))]).refused,
    ).toHaveLength(1);
  });

  it("a signal to the entity that a lock request went on to waits for nothing", () => {
    const account = entity();
    account.actions.set("pay", [
      { kind: "SignalEntity", instanceId: "@account@b", operation: "add", input: "1", scheduledTime: undefined },
    ]);
    account.receive([lockRequest("p", ["a", "b"]), call("pay", "p")]);
    const signalled = readRequest(account.sent.find(({ input }) => input?.includes('"add"'))!.input)!;
    expect(new MessageSorter().receive(signalled, now)).toHaveLength(1);
  });

  it("E1: keep all others waiting until they are given back", () => {
    const account = entity().receive([lockRequest("p"), signal("other"), call("mine", "p"), lockRequest("q")]);
    expect(account.ran).toEqual(["mine"]);
    expect(account.scheduler.queue).toHaveLength(2);
    account.receive([signal("later")]);
    expect(account.ran).toEqual(["mine"]);
    account.receive([release("p")]);
    expect(account.ran).toEqual(["mine", "other"]);
    expect(account.scheduler).toMatchObject({ lockedBy: "q", lockId: "lock of q" });
    expect(account.receive([release("q")]).ran).toEqual(["mine", "other", "later"]);
  });

  it("E1: what the holder has sent goes before what has waited, also when it gives the lock back at once", () => {
    const account = entity().receive([lockRequest("p"), signal("other")]);
    account.receive([call("mine", "p"), release("p"), call("after", "p")]);
    expect(account.ran).toEqual(["mine", "other", "after"]);
  });

  it("E1: what the holder has sent keeps its order over the limit of a batch", () => {
    const account = entity().receive([lockRequest("p"), signal("other")]);
    account.receive([call("1", "p"), call("2", "p"), call("3", "p")], { maxOperations: 2 });
    account.receive([call("4", "p"), event(continueEventName, undefined)], { maxOperations: 1 });
    account.receive([release("p"), event(continueEventName, undefined)], { maxOperations: 1 });
    account.receive([event(continueEventName, undefined)]);
    expect(account.ran).toEqual(["1", "2", "3", "4", "other"]);
  });

  it("E2: a repeat of a request does not lock again once it was given back", () => {
    // Passed on, so that no order makes it known for a repeat.
    const passedOn = (holder: string) => lockRequest(holder, ["0", "a"], 1);
    const account = entity()
      .receive([passedOn("p")])
      .receive([passedOn("q"), passedOn("p")]);
    expect(account.answers).toEqual(["p: lock of p"]);
    account.receive([release("p"), passedOn("p")]);
    expect(account.scheduler.lockedBy).toBe("q");
    account.receive([passedOn("p"), release("q"), passedOn("q")]);
    expect(account.scheduler.lockedBy).toBeUndefined();
    expect(account.answers).toEqual([]);
  });

  it("E2: a release that comes before its request counts", () => {
    const account = entity()
      .receive([release("p")])
      .receive([lockRequest("p"), signal("a")]);
    expect(account.ran).toEqual(["a"]);
    expect(account.scheduler.lockedBy).toBeUndefined();
    expect(account.receive([lockRequest("p", ["a"], 0, "another lock of p")]).scheduler.lockedBy).toBe("p");
  });

  it("E2: the next lock of a holder is not given back by what is left of the one before", () => {
    const first = lockRequest("p", ["0", "a"], 1, "first");
    const account = entity().receive([first]);
    account.receive([lockRequest("p", ["a"], 0, "second")]);
    account.receive([first]);
    expect(account.answers).toEqual([]);
    account.receive([release("p", "first"), call("other", "q")]);
    expect(account.scheduler).toMatchObject({ lockedBy: "p", lockId: "second" });
    expect(account.receive([release("p", "second")]).ran).toEqual(["other"]);
  });

  it("E2: only the holder gives a lock back, and only the one it holds", () => {
    const account = entity().receive([lockRequest("p")]);
    account.receive([release("q", "lock of p"), release("p", "an earlier lock of p")]);
    expect(account.scheduler.lockedBy).toBe("p");
    expect(account.receive([release("p"), release("p"), release("p")]).scheduler.lockedBy).toBeUndefined();
  });

  it("E2: the lock of a holder that is gone is taken from it, for good", () => {
    const account = entity()
      .receive([lockRequest("p")])
      .receive([release("q", orphanedLockReleaseId)]);
    expect(account.scheduler.lockedBy).toBe("p");
    account.receive([release("p", orphanedLockReleaseId), lockRequest("p", ["0", "a"], 1)]);
    expect(account.scheduler.lockedBy).toBeUndefined();
    account.receive([lockRequest("q")]);
    expect(account.scheduler.lockedBy).toBe("q");
  });

  it("E2: a lock that .NET has granted has no id, and its holder gives it back under any", () => {
    const account = entity();
    account.scheduler = parseSchedulerState('{"lockedBy":"p","sorter":{}}')!;
    expect(account.receive([release("p"), lockRequest("p")]).scheduler.lockedBy).toBeUndefined();
  });

  it("E2: remembers the last releases, not all", () => {
    const account = entity();
    for (let index = 0; index < 200; index++) account.receive([release("p", `lock ${index}`)]);
    expect(account.scheduler.releasedLocks).toHaveLength(64);
    expect(account.scheduler.releasedLocks.at(-1)).toBe("lock 199");
  });

  it("end free, and each granted once, however requests and releases of many are shuffled and doubled", async () => {
    await forSeeds(300, (seed) => {
      const random = new SeededRandom(seed);
      const holders = Array.from({ length: 1 + random.below(5) }, (_, index) => `p${index}`);
      const lock = (holder: string) => (random.chance(0.5) ? lockRequest(holder) : lockRequest(holder, ["0", "a"], 1));
      const events = holders.flatMap((holder) => [lock(holder), release(holder), call(`of ${holder}`, holder)]);
      const doubled = random.shuffle(events.flatMap((each) => (random.chance(0.3) ? [each, each] : [each])));
      const account = entity();
      while (doubled.length > 0) account.receive(doubled.splice(0, 1 + random.below(3)), { maxOperations: 2 });
      for (let round = 0; round < 20; round++) account.receive([event(continueEventName, undefined)]);
      expect(account.scheduler).toMatchObject({ lockedBy: undefined, lockId: undefined, queue: [] });
      expect(new Set(account.ran)).toEqual(new Set(holders.map((holder) => `of ${holder}`)));
    });
  });
});

describe("what a batch sends", () => {
  const start: EntityAction = {
    kind: "StartOrchestration",
    name: "Audit",
    version: undefined,
    instanceId: undefined,
    input: "1",
    scheduledTime: undefined,
  };
  const signalOther = (operation: string, scheduledTime?: Date): EntityAction => {
    return { kind: "SignalEntity", instanceId: "@counter@x", operation, input: "1", scheduledTime };
  };

  it("goes out in order: of each operation its actions, then its answer", () => {
    const counter = entity();
    counter.actions.set("a", [signalOther("first"), start, signalOther("second")]);
    counter.receive([call("a", "p"), call("b", "p"), lockRequest("q")]);
    expect(counter.sent.map(({ kind, instanceId, name }) => [kind, kind === "start" ? "" : instanceId, name])).toEqual([
      ["event", "@counter@x", "op"],
      ["start", "", "Audit"],
      ["event", "@counter@x", "op"],
      ["event", "p", "id of a"],
      ["event", "p", "id of b"],
      ["event", "q", "lock of q"],
    ]);
    const [first, , second] = counter.sent.map(({ input }) => readRequest(input));
    expect(first).toMatchObject({ operation: "first", isSignal: true, parentInstanceId: self, predecessor: noTime });
    expect(second?.predecessor).toBe(first?.timestamp);
  });

  it("has the same ids when the batch is repeated, and others for other operations", () => {
    const run = (operation: string) => {
      const counter = entity();
      counter.actions.set("a", [signalOther("x"), start, start]);
      counter.actions.set("b", [signalOther("x"), start, start]);
      return counter.receive([signal(operation)]).sent;
    };
    expect(run("a")).toEqual(run("a"));
    const ids = [...run("a"), ...run("b")].map(({ instanceId, input }) => readRequest(input)?.id ?? instanceId);
    expect(new Set(ids).size).toBe(6);
    expect(readRequest(run("a")[0]!.input)?.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("is delayed without a place in the order", () => {
    const counter = entity();
    const at = new Date(now.getTime() + 1000);
    counter.actions.set("a", [signalOther("late", at), signalOther("soon")]);
    counter.receive([signal("a")]);
    expect(counter.sent[0]).toMatchObject({ name: "op@2026-01-01T00:00:01.0000000Z", deliverAt: at });
    expect(readRequest(counter.sent[0]!.input)).toMatchObject({ dueAt: at, timestamp: noTime });
    expect(readRequest(counter.sent[1]!.input)).toMatchObject({ predecessor: noTime });
  });

  it("is added to what may be unsent, and to nothing if it is nothing", () => {
    const owed = [{ madeAt: now, entries: [] }];
    const plan = planEntityBatch(self, { ...noSchedulerState, outbox: owed }, [], options);
    expect(finishEntityBatch(self, plan, { outcomes: [], state: undefined }, now).outbox).toEqual(owed);
  });
});

it("a plan changes nothing of the state that it is made for", () => {
  const before = entity().receive([lockRequest("p"), signal("a")]).scheduler;
  const text = formatSchedulerState(before);
  planEntityBatch(self, before, [release("p"), signal("b"), lockRequest("q")], options);
  expect(formatSchedulerState(before)).toBe(text);
  expect(formatSchedulerState(noSchedulerState)).toBe('{"sorter":{}}');
});

it("10,000 requests that wait take no time that grows with their square", () => {
  const signals = Array.from({ length: 10_000 }, (_, index) => signal(String(index)));
  const begun = process.cpuUsage();
  const counter = entity().receive([lockRequest("p"), ...signals]);
  expect(counter.scheduler.queue).toHaveLength(10_000);
  counter.receive([release("p")], { maxOperations: 10_000 });
  expect(counter.ran).toHaveLength(10_000);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1000).toBeLessThan(3000);
});
