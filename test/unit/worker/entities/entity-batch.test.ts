import { expect, it } from "vitest";
import { createEntityHandle } from "../../../../src/orchestration/entity-handle.ts";
import { createOrchestrationHandle } from "../../../../src/orchestration/handles.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";
import type { EntityContext } from "../../../../src/worker/entities/entity-context.ts";
import { InProcessExecutor } from "../../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../../src/worker/registry.ts";
import { numberFromText } from "../../functions/standard-schemas.ts";
import { actionsOf, resultsOf, runBatch } from "./run-batch.ts";

const later = new Date("2030-01-01T00:00:00Z");

interface Audit {
  add(entry: { who: string }): void;
  close(): void;
}

it("signals and starts come out in order, as they were asked for", async () => {
  const audit = createEntityHandle<Audit>("Audit");
  const entity = (context: EntityContext) => {
    const entry = { who: "before" };
    context.df.signalEntity(context.entityId, "again", entry);
    entry.who = "after";
    context.signalEntity({ name: "Audit", key: "a@b" }, "add", 1, { scheduledTime: later });
    context.signalEntity("@audit@c", "close");
    context.signalEntity(audit, "d", "add", entry);
    context.signalEntity(audit, "e", "close", undefined, { scheduledTime: later });
    context.startNewOrchestration("seq", [1], { instanceId: "mine", version: "2", startAt: later });
    context.startNewOrchestration(createOrchestrationHandle<string, void>("typed"), "input");
  };

  const batch = await runBatch(entity, ["go"], { versioning: { version: "1.0" } as never });

  const signal = { kind: "SignalEntity", input: undefined, scheduledTime: undefined };
  expect(actionsOf(batch.outcomes[0])).toEqual([
    { ...signal, instanceId: "@thing@k", operation: "again", input: '{"who":"before"}' },
    { ...signal, instanceId: "@audit@a@b", operation: "add", input: "1", scheduledTime: later },
    { ...signal, instanceId: "@audit@c", operation: "close" },
    { ...signal, instanceId: "@audit@d", operation: "add", input: '{"who":"after"}' },
    { ...signal, instanceId: "@audit@e", operation: "close", scheduledTime: later },
    {
      kind: "StartOrchestration",
      name: "seq",
      version: "2",
      instanceId: "mine",
      input: "[1]",
      scheduledTime: later,
    },
    {
      kind: "StartOrchestration",
      name: "typed",
      version: "1.0",
      instanceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      input: '"input"',
      scheduledTime: undefined,
    },
  ]);
});

it("a schema is looked up among those of the handle, whatever an operation is called", async () => {
  const handle = createEntityHandle("a", { c: numberFromText });
  const entity = (context: EntityContext) => context.signalEntity(handle, "b", context.operationName, 5);

  const batch = await runBatch(entity, ["toString", "__proto__", "constructor", "d"]);

  expect(batch.outcomes.map(({ kind }) => kind)).toEqual(Array(4).fill("completed"));
});

it("the ids of what it starts are the same when the batch runs again, and no two are one", async () => {
  const entity = (context: EntityContext) => [context.startNewOrchestration("a"), context.startNewOrchestration("a")];

  const first = resultsOf(await runBatch(entity, ["go", "go"]));
  const again = resultsOf(await runBatch(entity, ["go", "go"]));

  expect(again).toEqual(first);
  expect(new Set(first.flat()).size).toBe(4);
  expect(resultsOf(await runBatch(entity, ["go"], { name: "Other" }))[0]).not.toEqual(first[0]);
});

it.each<[string, (context: EntityContext) => unknown, string]>([
  ["a signal to nobody", (context) => context.signalEntity("nobody", "add"), "InvalidEntityId"],
  ["a signal to nothing", (context) => context.signalEntity(undefined as never, "add"), "InvalidEntityId"],
  [
    "a handle without key",
    (context) => context.signalEntity(createEntityHandle("A"), 1 as never, "a"),
    "InvalidEntityId",
  ],
  ["a signal without operation", (context) => context.signalEntity("@a@b", ""), "InvalidOption"],
  [
    "a time that is none",
    (context) => context.signalEntity("@a@b", "c", 1, { scheduledTime: new Date(Number.NaN) }),
    "InvalidOption",
  ],
  ["options that are none", (context) => context.signalEntity("@a@b", "c", 1, 5 as never), "InvalidOption"],
  ["an input without JSON form", (context) => context.signalEntity("@a@b", "c", 5n), "InvalidPayload"],
  [
    "an input that the handle refuses",
    (context) => context.signalEntity(createEntityHandle("a", { c: numberFromText }), "b", "c", 5),
    "InvalidPayload",
  ],
  ["a start of nothing", (context) => context.startNewOrchestration(undefined as unknown as string), "InvalidOption"],
  ["a start of what is ours", (context) => context.startNewOrchestration("BuiltIn__HttpActivity"), "InvalidOption"],
  [
    "the id of an entity",
    (context) => context.startNewOrchestration("a", 1, { instanceId: "@a@b" }),
    "InvalidInstanceId",
  ],
  [
    "a version that is none",
    (context) => context.startNewOrchestration("a", 1, { version: 2 as never }),
    "InvalidOption",
  ],
  [
    "a start at no time",
    (context) => context.startNewOrchestration("a", 1, { startAt: "now" as never }),
    "InvalidOption",
  ],
])("%s is refused at once", async (_, use, code) => {
  const batch = await runBatch(use, ["any"]);

  expect(batch.outcomes).toMatchObject([{ kind: "failed", failureDetails: { errorType: code } }]);
});

it("lines are marked with the entity", async () => {
  const lines: unknown[] = [];
  const entity = (context: EntityContext) => {
    context.log("a", 1);
    for (const level of ["trace", "debug", "info", "warn", "error"] as const) context.df[level](level);
  };

  await runBatch(entity, ["any"], { log: (...line) => lines.push(line) });

  expect(lines).toEqual([
    ["info", "@thing@k", "Thing", ["a", 1]],
    ...["trace", "debug", "info", "warn", "error"].map((level) => [level, "@thing@k", "Thing", [level]]),
  ]);
});

it("it says whether somebody waits, and what it was asked with, each time the same", async () => {
  const entity = (context: EntityContext) => [context.isSignal, context.getInput() === context.df.getInput()];

  expect(resultsOf(await runBatch(entity, [["any", {}]], { isSignal: true }))).toEqual([[true, true]]);
  expect(resultsOf(await runBatch(entity, [["any", {}]]))).toEqual([[false, true]]);
});

it("a batch that nobody wants any more stops between two operations", async () => {
  const aborting = new AbortController();
  const ran: string[] = [];
  const entity = (context: EntityContext) => {
    ran.push(context.operationName);
    if (context.operationName === "second") aborting.abort(new Error("the lock is lost"));
  };

  const running = runBatch(entity, ["first", "second", "third"], { signal: aborting.signal });

  await expect(running).rejects.toThrow("the lock is lost");
  expect(ran).toEqual(["first", "second"]);
});

it("an operation that stops because it was told to has not failed: the batch is given back", async () => {
  const aborting = new AbortController();
  const entity = async (context: EntityContext) => {
    const stopped = new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    aborting.abort();
    await stopped;
    context.df.signal.throwIfAborted();
  };

  await expect(runBatch(entity, ["wait"], { signal: aborting.signal })).rejects.toMatchObject({ name: "AbortError" });
});

it("an operation that fails while the host stops has failed", async () => {
  const aborting = new AbortController();
  const entity = () => {
    aborting.abort();
    throw new TypeError("of its own");
  };

  expect(resultsOf(await runBatch(entity, ["any"], { signal: aborting.signal }))).toEqual(["TypeError: of its own"]);
});

it("an entity that nobody has registered is refused, and others may have it", async () => {
  const executor = new InProcessExecutor({ registries: [new Registry()], clock: new SteppedClock() });

  const running = executor.executeEntityBatch({
    instanceId: "@nobody@k",
    entity: { name: "nobody", key: "k" },
    state: undefined,
    operations: [],
    signal: new AbortController().signal,
  });

  await expect(running).rejects.toMatchObject({
    code: "EntityNotRegistered",
    message: expect.stringContaining("'nobody'"),
  });
});

it("of several apps the first that has the entity runs it, with its own converter", async () => {
  const registries = ["first", "second"].map((mark) => {
    const registry = new Registry({
      dataConverter: { serialize: () => JSON.stringify(mark), deserialize: (text) => text },
    });
    if (mark === "second") registry.addEntity({ name: "Late", entity: () => 1 });
    registry.addEntity({ name: "Both", entity: () => 1 });
    return registry;
  });
  const executor = new InProcessExecutor({ registries, clock: new SteppedClock() });
  const run = (name: string) =>
    executor.executeEntityBatch({
      instanceId: `@${name}@k`,
      entity: { name, key: "k" },
      state: undefined,
      operations: [{ id: "1", operation: "any", input: undefined, isSignal: false }],
      signal: new AbortController().signal,
    });

  expect(resultsOf(await run("both"))).toEqual(["first"]);
  expect(resultsOf(await run("late"))).toEqual(["second"]);
});

it("the registry knows entities ignoring case", () => {
  const registry = new Registry();
  registry.addEntity({ name: "Counter", entity: () => 1 });

  expect(registry.findEntity("counter")?.name).toBe("Counter");
  expect(registry.entityNames).toEqual(["Counter"]);
  for (const name of ["Counter", "COUNTER"]) {
    expect(() => registry.addEntity({ name, entity: () => 1 })).toThrow(
      expect.objectContaining({ code: "DuplicateRegistration" }),
    );
  }
  for (const [name, code] of Object.entries({
    "": "InvalidOption",
    "a@b": "InvalidEntityId",
    BuiltIn__x: "InvalidOption",
  })) {
    expect(() => registry.addEntity({ name, entity: () => 1 })).toThrow(expect.objectContaining({ code }));
  }
});
