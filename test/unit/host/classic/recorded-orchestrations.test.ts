import { describe, expect, it } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../../../src/core/orchestrator-action.ts";
import { silentLog } from "../../../../src/core/ports.ts";
import { readDurableFunction } from "../../../../src/host/app/durable-functions.ts";
import { ClassicSession } from "../../../../src/host/classic/classic-session.ts";
import { formatOrchestrationPayload } from "../../../../src/host/classic/orchestration-payload.ts";
import { type RecordedInvocation, readRecorded, readRecordedEvent } from "./recorded-invocations.ts";

const recorded = readRecorded("orchestrationTrigger");

function eventsOf({ input }: RecordedInvocation): readonly HistoryEvent[] {
  return input.history.map(readRecordedEvent);
}

function startOf(events: readonly HistoryEvent[]) {
  return events.find((event) => event.type === "ExecutionStarted")!;
}

/** Events of the last episode, which are not committed yet. */
function pastCountOf(events: readonly HistoryEvent[]): number {
  const last = events.findLastIndex(({ type }) => type === "OrchestratorStarted");
  // A continued execution starts with an episode that is over already.
  return events.slice(0, last).some(({ type }) => type === "OrchestratorCompleted") ? last : 0;
}

/**
 * Milliseconds are all we keep, and the types of .NET that stand in texts are for .NET. The library does not look whether
 * the end of an episode was played, which is so for one that came with a continued execution.
 */
function comparable(text: string): string {
  return text
    .replaceAll('{"EventType":13,"EventId":-1,"IsPlayed":true', '{"EventType":13,"EventId":-1,"IsPlayed":false')
    .replace(
      /(\d\d:\d\d:\d\d)(\.\d+)?Z/g,
      (_, time, fraction = ".") => `${time}${fraction.padEnd(4, "0").slice(0, 4)}Z`,
    )
    .replaceAll(/\\"\$type\\":\\"Microsoft[^"]*\\",/g, "")
    .replaceAll(/\.(\d{3})\d+(\\")/g, ".$1$2");
}

const named = recorded.map((invocation, index) => ({ name: `${index} ${invocation.function}`, invocation }));

describe("the payload of an orchestration", () => {
  it.each(named)("is that of the extension for the same history: $name", ({ invocation }) => {
    const events = eventsOf(invocation);

    const payload = formatOrchestrationPayload(startOf(events), events, pastCountOf(events), 30_000);

    // Texts are compared, for the order of members is the extension's too.
    expect(comparable(payload)).toBe(comparable(JSON.stringify(invocation.input)));
  });
});

/** The recorded answer, as the function gave it. */
async function answer(invocation: RecordedInvocation): Promise<readonly OrchestratorAction[]> {
  const events = eventsOf(invocation);
  const started = startOf(events);
  const metadata = { name: started.name, functionId: started.name, bindings: {} };
  const trigger = { name: "t", binding: { type: "orchestrationTrigger" } };
  const classic = readDurableFunction({ metadata, callback: () => {}, scriptPath: undefined }, trigger)!;
  const session = new ClassicSession(started.orchestrationInstance, {
    classic,
    invoke: async () => {
      if (invocation.error !== undefined) throw new Error(invocation.error.message);
      return { response: { invocationId: "1" }, value: invocation.result };
    },
    httpPollIntervalMs: 30_000,
    events: createEventLog(silentLog),
    versioning: undefined,
    isClassicActivity: () => true,
  });
  const past = pastCountOf(events);
  return (await session.execute({ pastEvents: events.slice(0, past), newEvents: events.slice(past) })).actions;
}

/** What history made of an answer. */
function describeEvent(event: HistoryEvent): string | undefined {
  switch (event.type) {
    case "TaskScheduled":
      return event.name === "BuiltIn::HttpActivity"
        ? `http ${event.eventId}`
        : `activity ${event.name} ${event.eventId}`;
    case "TimerCreated":
      return `timer ${event.eventId}`;
    case "SubOrchestrationInstanceCreated":
      return `child ${event.name} ${event.instanceId} ${event.eventId}`;
    case "EventSent":
      return `event ${event.instanceId} ${event.eventId}`;
    default:
      return undefined;
  }
}

function describeAction(action: OrchestratorAction): string {
  switch (action.kind) {
    case "ScheduleTask":
      return `activity ${action.name} ${action.id}`;
    case "CreateTimer":
      return `timer ${action.id}`;
    case "CreateSubOrchestration":
      return action.name.startsWith("BuiltIn__")
        ? `http ${action.id}`
        : `child ${action.name} ${action.instanceId} ${action.id}`;
    case "SendEvent":
      return `event ${action.instanceId} ${action.id}`;
    case "CompleteOrchestration":
      return `${action.status} ${action.id}`;
    case "RecordPatch":
      return "patch";
  }
}

describe("a recorded answer", () => {
  it.each(named)("asks for what the extension did next: $name", async ({ invocation }) => {
    const events = eventsOf(invocation);
    const { executionId } = startOf(events).orchestrationInstance;
    const next = recorded
      .slice(recorded.indexOf(invocation) + 1)
      .map(eventsOf)
      .find((later) => startOf(later).orchestrationInstance.executionId === executionId);

    const actions = await answer(invocation);

    if (next === undefined) {
      expect(actions.map(({ kind }) => kind)).toContain("CompleteOrchestration");
      return;
    }
    const added = next
      .slice(events.length)
      .map(describeEvent)
      .filter((text) => text !== undefined);
    expect(actions.map(describeAction)).toEqual(added);
  });

  it("ends an instance as the extension does", async () => {
    const ends = new Map<string, unknown>();
    for (const invocation of recorded) {
      const end = (await answer(invocation)).find((action) => action.kind === "CompleteOrchestration");
      if (end !== undefined) ends.set(invocation.input.instanceId, [end.status, end.result?.slice(0, 90)]);
    }

    expect(Object.fromEntries(ends)).toMatchObject({
      "r-throwing": ["Failed", "Orchestrator function 'throwing' failed: orchestrator threw"],
      "r-parent": ["Completed", '["Hello Sub!"]'],
      "r-failing": [
        "Failed",
        expect.stringContaining("Orchestrator function 'failing' failed: Activity function 'boom' failed: boom went"),
      ],
      "r-eternal": ["Completed", '"ended at 2"'],
      "r-entityError": ["Failed", "Orchestrator function 'entityError' failed: [object Object]"],
      "r-longTimer": ["Terminated", "t"],
      "r-http": ["Completed", expect.stringContaining('"statusCode":200')],
    });
  });
});
