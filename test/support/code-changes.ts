import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { GeneratorCode } from "../../src/testing/behaviours/styles.ts";

/** Every code ends with it, so that an instance is still under way when its code changes. */
export function* hold(ctx: OrchestrationContext): Generator<unknown, void, unknown> {
  yield ctx.waitForExternalEvent("hold");
}

const retry = { firstInterval: "5s", maxAttempts: 2 } as const;

/** What changed, the code that made the history, the code that meets it, and the two sides of the message. */
export type Change = readonly [string, GeneratorCode, GeneratorCode, string, string];

export function* callsA(ctx: OrchestrationContext) {
  yield ctx.callActivity("a");
  yield* hold(ctx);
}

export const changes: readonly Change[] = [
  [
    "an activity has another name",
    callsA,
    function* (ctx) {
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 0",
    "ScheduleTask('b')",
  ],
  [
    "a timer takes the place of an activity",
    callsA,
    function* (ctx) {
      yield ctx.createTimer(1000);
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 0",
    "CreateTimer(2026-01-01T00:00:01.000Z)",
  ],
  [
    "a child takes the place of an activity of its name",
    callsA,
    function* (ctx) {
      yield ctx.callSubOrchestrator("a");
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 0",
    "CreateSubOrchestration('a')",
  ],
  [
    "a sent event takes the place of an activity",
    callsA,
    function* (ctx) {
      ctx.sendEvent("other", "a");
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 0",
    "SendEvent('a' to 'other')",
  ],
  [
    "an activity takes the place of a timer",
    function* (ctx) {
      yield ctx.createTimer(1000);
      yield* hold(ctx);
    },
    callsA,
    "TimerCreated(2026-01-01T00:00:01.000Z) with id 0",
    "ScheduleTask('a')",
  ],
  [
    "a child takes the place of a timer",
    function* (ctx) {
      yield ctx.createTimer(1000);
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callSubOrchestrator("child");
      yield* hold(ctx);
    },
    "TimerCreated(2026-01-01T00:00:01.000Z) with id 0",
    "CreateSubOrchestration('child')",
  ],
  [
    "an activity takes the place of a child of its name",
    function* (ctx) {
      yield ctx.callSubOrchestrator("a");
      yield* hold(ctx);
    },
    callsA,
    "SubOrchestrationInstanceCreated('a') with id 0",
    "ScheduleTask('a')",
  ],
  [
    "a child has another name",
    function* (ctx) {
      yield ctx.callSubOrchestrator("ship");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callSubOrchestrator("deliver");
      yield* hold(ctx);
    },
    "SubOrchestrationInstanceCreated('ship') with id 0",
    "CreateSubOrchestration('deliver')",
  ],
  [
    "an event goes to another instance",
    function* (ctx) {
      ctx.sendEvent("one", "ping");
      yield* hold(ctx);
    },
    function* (ctx) {
      ctx.sendEvent("two", "ping");
      yield* hold(ctx);
    },
    "EventSent('ping' to 'one') with id 0",
    "SendEvent('ping' to 'two')",
  ],
  [
    "a sent event has another name",
    function* (ctx) {
      ctx.sendEvent("one", "ping");
      yield* hold(ctx);
    },
    function* (ctx) {
      ctx.sendEvent("one", "pong");
      yield* hold(ctx);
    },
    "EventSent('ping' to 'one') with id 0",
    "SendEvent('pong' to 'one')",
  ],
  [
    "a sent event is gone",
    function* (ctx) {
      ctx.sendEvent("one", "ping");
      yield* hold(ctx);
    },
    hold,
    "EventSent('ping' to 'one') with id 0",
    "nothing there",
  ],
  [
    "the first of two activities is gone",
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 0",
    "ScheduleTask('b')",
  ],
  [
    "the last activity is gone",
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    callsA,
    "TaskScheduled('b') with id 1",
    "nothing there",
  ],
  [
    "a call is added before the others",
    callsA,
    function* (ctx) {
      yield ctx.callActivity("new");
      yield* callsA(ctx);
    },
    "TaskScheduled('a') with id 0",
    "ScheduleTask('new')",
  ],
  [
    "a call is added after the others",
    callsA,
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("new");
      yield* hold(ctx);
    },
    "the end of an episode",
    "ScheduleTask('new'), which that episode did not",
  ],
  [
    "a call is added beside another",
    callsA,
    function* (ctx) {
      yield ctx.all([ctx.callActivity("a"), ctx.callActivity("new")]);
      yield* hold(ctx);
    },
    "the end of an episode",
    "ScheduleTask('new'), which that episode did not",
  ],
  [
    "two activities are swapped",
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callActivity("b");
      yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 0",
    "ScheduleTask('b')",
  ],
  [
    "an activity has moved before a timer",
    function* (ctx) {
      yield ctx.createTimer(1000);
      yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.createTimer(1000);
      yield* hold(ctx);
    },
    "TimerCreated(2026-01-01T00:00:01.000Z) with id 0",
    "ScheduleTask('a')",
  ],
  [
    "a timer is gone",
    function* (ctx) {
      yield ctx.createTimer(1000);
      yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    callsA,
    "TimerCreated(2026-01-01T00:00:01.000Z) with id 0",
    "ScheduleTask('a')",
  ],
  [
    "a wait has no timeout any more",
    function* (ctx) {
      void ctx.waitForExternalEvent("go", { timeout: "1h" });
      yield* hold(ctx);
    },
    function* (ctx) {
      void ctx.waitForExternalEvent("go");
      yield* hold(ctx);
    },
    "TimerCreated(2026-01-01T01:00:00.000Z) with id 0",
    "nothing there",
  ],
  [
    "a call gets a timeout",
    callsA,
    function* (ctx) {
      yield ctx.callActivity("a", undefined, { timeout: "1h" });
      yield* hold(ctx);
    },
    "the end of an episode",
    "CreateTimer(2026-01-01T01:00:00.000Z), which that episode did not",
  ],
  [
    "a call is not tried again any more",
    function* (ctx) {
      yield ctx.allSettled([ctx.callActivity("failing", 1, { retry })]);
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.allSettled([ctx.callActivity("failing", 1)]);
      yield* hold(ctx);
    },
    "TimerCreated(2026-01-01T00:00:06.000Z) with id 1",
    "nothing there",
  ],
  [
    "a call is tried again now",
    function* (ctx) {
      yield ctx.allSettled([ctx.callActivity("failing", 1)]);
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.allSettled([ctx.callActivity("failing", 1, { retry })]);
      yield* hold(ctx);
    },
    "the end of an episode",
    "CreateTimer(2026-01-01T00:00:06.000Z), which that episode did not",
  ],
  [
    "a loop runs less often",
    function* (ctx) {
      for (let turn = 0; turn < 3; turn++) yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    function* (ctx) {
      for (let turn = 0; turn < 2; turn++) yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    "TaskScheduled('a') with id 2",
    "nothing there",
  ],
  [
    "a loop runs more often",
    function* (ctx) {
      for (let turn = 0; turn < 2; turn++) yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    function* (ctx) {
      for (let turn = 0; turn < 3; turn++) yield ctx.callActivity("a");
      yield* hold(ctx);
    },
    "the end of an episode",
    "ScheduleTask('a'), which that episode did not",
  ],
  [
    "calls in parallel are made in sequence",
    function* (ctx) {
      yield ctx.all([ctx.callActivity("a"), ctx.callActivity("b")]);
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    "TaskScheduled('b') with id 1",
    "nothing there",
  ],
  [
    "calls in sequence are made in parallel",
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.all([ctx.callActivity("a"), ctx.callActivity("b")]);
      yield* hold(ctx);
    },
    "the end of an episode",
    "ScheduleTask('b'), which that episode did not",
  ],
  [
    "the code returns earlier",
    callsA,
    function* (ctx) {
      yield ctx.callActivity("a");
    },
    "another episode",
    "the orchestrator has ended by now (Completed)",
  ],
  ["the code returns before its first call", callsA, function* () {}, "TaskScheduled('a') with id 0", "nothing there"],
  [
    "the code throws where it went on",
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callActivity("a");
      throw new Error("new check");
    },
    "TaskScheduled('b') with id 1",
    "nothing there",
  ],
  [
    "the code continues as new where it went on",
    function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity("b");
      yield* hold(ctx);
    },
    function* (ctx) {
      yield ctx.callActivity("a");
      ctx.continueAsNew(1);
    },
    "TaskScheduled('b') with id 1",
    "nothing there",
  ],
  [
    "an orchestration that nobody waits for is not started any more",
    function* (ctx) {
      ctx.startNewOrchestration("audit");
      yield* callsA(ctx);
    },
    callsA,
    "SubOrchestrationInstanceCreated('audit') with id 0",
    "ScheduleTask('a')",
  ],
];
