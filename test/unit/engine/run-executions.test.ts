import { expect, it } from "vitest";
import type { ExecutionRef } from "../../../src/core/history-event.ts";
import { runExecutions } from "../../../src/engine/run-executions.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { at, executionStarted } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

/** The first episode of a new execution, at a time that stands still. */
function run(orchestrator: Orchestrator, input: unknown) {
  const registry = new Registry();
  registry.addOrchestration({ name: "test", orchestrator });
  const executor = new InProcessExecutor({ registries: [registry], clock: new SteppedClock() });
  const openSession = (execution: ExecutionRef) => executor.openSession(execution);
  const started = executionStarted("test", { input });
  return runExecutions({
    started,
    session: openSession(started.orchestrationInstance),
    unseenPastEvents: [],
    acceptedEvents: [started],
    isNewExecution: true,
    openLocks: [],
    openSession,
    now: () => at(0).getTime(),
  });
}

it("executions of one instance in one millisecond make GUIDs that differ", async () => {
  const generations = 5;
  const made: string[] = [];

  const { events } = await run((ctx, generation: number) => {
    made.push(ctx.newGuid(), ctx.newGuid(), ctx.newGuid("shared"));
    if (generation < generations) ctx.continueAsNew(generation + 1);
    return ctx.currentUtcDateTime;
  }, 1);

  expect(new Set(made).size).toBe(3 * generations);
  expect(events).toContainEqual(
    expect.objectContaining({ type: "ExecutionCompleted", result: JSON.stringify(at(0)), timestamp: at(0) }),
  );
});

it("keeps the span of an execution with its start, and only of a new one", async () => {
  const traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const trace = { traceParent, traceState: undefined, id: undefined, spanId: undefined, activityStartTime: undefined };
  const started = { ...executionStarted("test"), parentTraceContext: trace };
  const span = { spanId: "00f067aa0ba902b7", startTime: at(1) };
  const session = {
    execute: async () => ({ actions: [], customStatus: undefined, span }),
    close() {},
  };
  const input = {
    started,
    session,
    unseenPastEvents: [],
    acceptedEvents: [started],
    openLocks: [],
    openSession: () => session,
    now: () => at(0).getTime(),
  };

  const first = await runExecutions({ ...input, isNewExecution: true });
  const later = await runExecutions({ ...input, isNewExecution: false });

  const [, kept] = first.events;
  expect(kept).toMatchObject({
    type: "ExecutionStarted",
    parentTraceContext: {
      traceParent,
      id: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
      spanId: span.spanId,
      activityStartTime: at(1),
    },
  });
  expect(later.events[1]).toBe(started);
});
