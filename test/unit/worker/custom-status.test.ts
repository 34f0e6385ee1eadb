import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { jsonDataConverter } from "../../../src/core/payloads/data-converter.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { type GeneratorCode, inEveryStyle, styles } from "../../../src/testing/behaviours/styles.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionCompleted,
  executionStarted,
  executionSuspended,
  executionTerminated,
  taskCompleted,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { InProcessSession } from "../../../src/worker/in-process-session.ts";
import { openSession } from "../../support/run-episode.ts";

/** Two steps, a wait and an end, each with a status of its own. */
const code: GeneratorCode = function* (ctx) {
  ctx.setCustomStatus("begun");
  yield ctx.callActivity("first");
  ctx.setCustomStatus({ step: 1 });
  yield ctx.callActivity("second");
  ctx.setCustomStatus("waits");
  const answer = yield* ctx.waitForExternalEvent("go");
  ctx.setCustomStatus("ended");
  if (answer === "fail") throw new Error("as asked");
  return answer;
};

const started = [episodeStarted(), executionStarted("test")];
const begun = [...started, taskScheduled(0, "first"), episodeCompleted()];
const step1 = [...begun, episodeStarted(1), taskCompleted(0), taskScheduled(1, "second"), episodeCompleted()];
const waits = [...step1, episodeStarted(2), taskCompleted(1), episodeCompleted()];
const ended = (answer: string, status: "Completed" | "Failed") => {
  return [...waits, episodeStarted(3), eventRaised("go", answer), executionCompleted(2, status), episodeCompleted()];
};

const histories: readonly (readonly [what: string, history: readonly HistoryEvent[], status: unknown])[] = [
  ["has begun", begun, "begun"],
  ["waits for its second activity", step1, { step: 1 }],
  ["waits for an event", waits, "waits"],
  [
    "has met an event that nobody waits for",
    [...waits, episodeStarted(3), eventRaised("x"), episodeCompleted()],
    "waits",
  ],
  ["is suspended", [...waits, episodeStarted(3), executionSuspended("pause"), episodeCompleted()], "waits"],
  [
    "has met an event while it was suspended",
    [...waits, episodeStarted(3), executionSuspended("pause"), eventRaised("go"), episodeCompleted()],
    "waits",
  ],
  ["has completed", ended("done", "Completed"), "ended"],
  ["has failed by its code", ended("fail", "Failed"), "ended"],
  [
    "was terminated",
    [
      ...waits,
      episodeStarted(3),
      executionTerminated("enough"),
      executionCompleted(2, "Terminated"),
      episodeCompleted(),
    ],
    "waits",
  ],
  [
    "was terminated while it was suspended",
    [
      ...waits,
      ...[episodeStarted(3), executionSuspended("pause"), executionTerminated("enough")],
      ...[executionCompleted(2, "Terminated"), episodeCompleted()],
    ],
    "waits",
  ],
];

describe.each(styles)("%s: the whole history, and no new events", (style) => {
  const orchestrator = inEveryStyle(code)[style];

  it.each(histories)(
    "of an instance that %s gives its custom status and asks for nothing",
    async (_, history, status) => {
      const result = await openSession(orchestrator).execute({ pastEvents: history, newEvents: [] });

      expect(result).toEqual({ actions: [], customStatus: JSON.stringify(status) });
    },
  );

  it("leave a session that takes the next episode", async () => {
    const session = openSession(orchestrator);
    await session.execute({ pastEvents: waits, newEvents: [] });

    const result = await session.execute({ pastEvents: [], newEvents: [episodeStarted(3), eventRaised("go", "done")] });

    expect(result).toMatchObject({ actions: [{ status: "Completed", result: '"done"' }], customStatus: '"ended"' });
  });

  it("of an instance that has set none give none", async () => {
    const silent = inEveryStyle(function* (ctx) {
      yield ctx.callActivity("first");
    })[style];

    const result = await openSession(silent).execute({ pastEvents: begun, newEvents: [] });

    expect(result).toEqual({ actions: [], customStatus: undefined });
  });
});

/** What the code has become, with a history of the code above. */
const strangers: readonly (readonly [what: string, code: GeneratorCode, history: readonly HistoryEvent[]])[] = [
  [
    "calls another activity",
    function* (ctx) {
      ctx.setCustomStatus("new");
      yield ctx.callActivity("other");
    },
    step1,
  ],
  [
    "ends where history goes on",
    function* (ctx) {
      ctx.setCustomStatus("new");
      yield ctx.callActivity("first");
      return 1;
    },
    waits,
  ],
  [
    "ends with the last of a history that has not ended",
    function* (ctx) {
      ctx.setCustomStatus("new");
      yield ctx.callActivity("first");
      yield ctx.callActivity("second");
    },
    waits,
  ],
  [
    "goes on where history ends",
    function* (ctx) {
      yield* code(ctx, undefined);
      ctx.setCustomStatus("new");
      yield ctx.waitForExternalEvent("never");
    },
    ended("done", "Completed"),
  ],
  [
    "fails where history completes",
    function* (ctx) {
      yield* code(ctx, undefined);
      ctx.setCustomStatus("new");
      throw new Error("new");
    },
    ended("done", "Completed"),
  ],
  [
    "waits for what no event can complete",
    function* (ctx) {
      ctx.setCustomStatus("new");
      yield ctx.callActivity("first");
      const timer = ctx.createTimer(1000);
      timer.cancel();
      yield timer;
    },
    [...begun, episodeStarted(1), taskCompleted(0), episodeCompleted()],
  ],
];

describe.each(styles)("%s: code that history does not fit", (style) => {
  it.each(strangers)("because it %s does not know the custom status", async (_, other, history) => {
    const session = openSession(inEveryStyle(other)[style]);

    const result = await session.execute({ pastEvents: history, newEvents: [] });

    expect(result.keepsCustomStatus).toBe(true);
  });

  it("fails as nondeterministic, and keeps the custom status", async () => {
    const other = inEveryStyle(strangers[0]![1])[style];

    const result = await openSession(other).execute({
      pastEvents: step1,
      newEvents: [episodeStarted(2), taskCompleted(1)],
    });

    expect(result).toMatchObject({
      actions: [{ status: "Failed", failureDetails: { errorType: "NondeterministicOrchestration" } }],
      keepsCustomStatus: true,
    });
  });
});

const findCode = (orchestrator: Orchestrator, versioning?: { version: string; failureStrategy: "fail" }) => {
  return () => ({ orchestrator, dataConverter: jsonDataConverter, versioning });
};
const [oldStart, oddSchema] = [
  [episodeStarted(), executionStarted("test", { version: "9.0" })],
  { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "never" }] }) } },
] as const;

it.each<
  [string, ConstructorParameters<typeof InProcessSession>[0]["findOrchestration"], readonly HistoryEvent[], string]
>([
  ["is registered nowhere", () => undefined, started, "OrchestratorNotRegistered"],
  [
    "is of a version that fails",
    findCode(code, { version: "1.0", failureStrategy: "fail" }),
    oldStart,
    "VersionMismatch",
  ],
  ["has an input that is refused", () => ({ ...findCode(code)(), inputSchema: oddSchema }), started, "InvalidPayload"],
  ["has a damaged history", findCode(code), [...started, timerFired(-5, at(0))], "CorruptData"],
])("an orchestration that %s keeps its custom status", async (_, findOrchestration, newEvents, errorType) => {
  const session = new InProcessSession({
    instanceId: "instance",
    executionId: "execution",
    findOrchestration,
    log: () => {},
  });

  const result = await session.execute({ pastEvents: [], newEvents });

  expect(result).toMatchObject({
    actions: [{ status: "Failed", failureDetails: { errorType } }],
    keepsCustomStatus: true,
  });
});

it("code that fails by itself, also by misuse, gives the custom status that it has set", async () => {
  const misused: Orchestrator = async (ctx) => {
    ctx.setCustomStatus("mine");
    await new Promise(() => {});
  };
  const thrown: Orchestrator = (ctx) => {
    ctx.setCustomStatus("mine");
    throw new Error("mine");
  };

  for (const orchestrator of [misused, thrown]) {
    const result = await openSession(orchestrator).execute({ pastEvents: [], newEvents: started });

    expect(result).toMatchObject({ actions: [{ status: "Failed" }], customStatus: '"mine"' });
    expect(result.keepsCustomStatus).toBeUndefined();
  }
});

it("a rewound history that has not been woken asks in its next episode too for what was undone", async () => {
  const undone = (eventId: number): HistoryEvent => {
    return { type: "GenericEvent", eventId, timestamp: at(1), data: "Rewound: TaskScheduled" };
  };
  const history = [
    ...begun,
    episodeStarted(1),
    taskCompleted(0),
    undone(1),
    timerCreated(2, at(5)),
    episodeCompleted(),
  ];
  const session = openSession(function* (ctx) {
    yield ctx.callActivity("first");
    ctx.setCustomStatus("again");
    yield ctx.all([ctx.callActivity("second"), ctx.createTimer(5000)]);
  });

  const before = await session.execute({ pastEvents: history, newEvents: [] });
  const after = await session.execute({
    pastEvents: [],
    newEvents: [episodeStarted(9), { type: "GenericEvent", eventId: -1, timestamp: at(9), data: "fixed" }],
  });

  expect(before).toMatchObject({ customStatus: '"again"' });
  expect(before.keepsCustomStatus).toBeUndefined();
  expect(after.actions).toMatchObject([{ kind: "ScheduleTask", id: 1, name: "second" }]);
});
