import fc from "fast-check";
import type { FailureDetails } from "../../src/core/failure-details.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";

/** Texts with all that a JSON writer may treat in a way of its own. */
export const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(..."\"\\/\b\t\n\f\r\0\u001f\u007f\u0085\u2028\u2029\ufeff<>&'"),
    ),
  )
  .map((parts) => parts.join(""));

const someText = anyText.map((text) => `x${text}`);
const optionalText = fc.option(anyText, { nil: undefined });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyDate = fc.date({ min: new Date("1970-01-01"), max: new Date("9000-01-01"), noInvalidDate: true });
const tags = optional(fc.dictionary(someText, anyText, { noNullPrototype: true }));
const id = fc.integer({ min: 0, max: 1_000_000 });

const traceContext = optional(
  fc.record({
    traceParent: anyText,
    traceState: optional(fc.string({ maxLength: 500 })),
    id: optionalText,
    spanId: optionalText,
    activityStartTime: optional(anyDate),
  }),
);

const { failure } = fc.letrec<{ failure: FailureDetails }>((tie) => ({
  failure: fc.record({
    errorType: anyText,
    errorMessage: anyText,
    stackTrace: optionalText,
    innerFailure: fc.option(tie("failure"), { nil: undefined, depthIdentifier: "failure", maxDepth: 3 }),
    isNonRetriable: fc.boolean(),
  }),
}));

const failed = { taskScheduledId: id, reason: optionalText, details: optionalText, failureDetails: optional(failure) };
const ended = {
  orchestrationStatus: fc.constantFrom("Completed", "Failed", "Terminated", "ContinuedAsNew", "Canceled"),
  result: optionalText,
  failureDetails: optional(failure),
};

/** Members of each event; those that every event has are added. */
const members: Readonly<Partial<Record<HistoryEvent["type"], Record<string, fc.Arbitrary<unknown>>>>> = {
  ExecutionStarted: {
    orchestrationInstance: fc.record({ instanceId: anyText, executionId: anyText }),
    parentInstance: optional(
      fc.record({
        name: anyText,
        version: optional(someText),
        orchestrationInstance: fc.record({ instanceId: anyText, executionId: anyText }),
        taskScheduleId: id,
      }),
    ),
    name: someText,
    version: optional(someText),
    input: optionalText,
    tags,
    correlation: optionalText,
    parentTraceContext: traceContext,
    scheduledStartTime: optional(anyDate),
    generation: optional(id),
    generateNewTrace: fc.boolean(),
  },
  ExecutionCompleted: ended,
  ContinueAsNew: ended,
  ExecutionTerminated: { input: optionalText },
  ExecutionSuspended: { reason: optionalText },
  ExecutionResumed: { reason: optionalText },
  ExecutionRewound: {
    reason: optionalText,
    parentExecutionId: optionalText,
    instanceId: optionalText,
    parentTraceContext: traceContext,
  },
  TaskScheduled: {
    name: someText,
    version: optional(someText),
    input: optionalText,
    parentTraceContext: traceContext,
    tags,
  },
  TaskCompleted: { taskScheduledId: id, result: optionalText },
  TaskFailed: failed,
  SubOrchestrationInstanceCreated: {
    name: someText,
    version: optional(someText),
    instanceId: someText,
    input: optionalText,
    clientSpanId: optionalText,
    tags,
  },
  SubOrchestrationInstanceCompleted: { taskScheduledId: id, result: optionalText },
  SubOrchestrationInstanceFailed: failed,
  TimerCreated: { fireAt: anyDate },
  TimerFired: { timerId: id, fireAt: anyDate },
  EventSent: { instanceId: someText, name: someText, input: optionalText },
  EventRaised: { name: someText, input: optionalText, parentTraceContext: traceContext },
  GenericEvent: { data: optionalText },
  OrchestratorStarted: {},
  OrchestratorCompleted: {},
};

export const anyEvent: fc.Arbitrary<HistoryEvent> = fc.oneof(
  ...Object.entries(members).map(([type, own]) =>
    fc
      .record({ eventId: fc.integer({ min: -1, max: 1000 }), timestamp: anyDate, ...own })
      .map((event) => ({ type, ...event }) as unknown as HistoryEvent),
  ),
);
