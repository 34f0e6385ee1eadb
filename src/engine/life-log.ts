import type { EventLog } from "../core/event-log.ts";
import { formatFailureTrace } from "../core/failure-trace.ts";
import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import { httpPollOrchestratorName, isReservedName } from "../core/reserved-names.ts";
import { formatDuration } from "../core/time-span.ts";
import { describeUnawaited, listFirst } from "../core/unawaited-calls.ts";
import type { ExecutionsOutcome } from "./run-executions.ts";

/** What one work item has brought about in the life of an orchestration, once it is stored. */
export interface CommittedEpisode {
  /** The execution that it has started; `undefined` when it goes on with one, or {@link LifeLog.tellStart} was called. */
  readonly start: ExecutionStarted | undefined;
  readonly outcome: Pick<
    ExecutionsOutcome,
    "started" | "events" | "unseen" | "outgoing" | "continuations" | "unawaitedCalls" | "awaitedEvents"
  >;
}

/**
 * Tells the life of orchestrations: started, waiting, continued as new, ended.
 *
 * It speaks of what is stored, and so once for each thing that happens: neither replays nor episodes that are lost and
 * repeated have lines of their own. Only a start that is delivered for the first time is told ahead, so that it stands
 * in front of what its code logs.
 */
export class LifeLog {
  readonly #events: EventLog;

  constructor(events: EventLog) {
    this.#events = events;
  }

  tell({ start, outcome }: CommittedEpisode): void {
    const { started, events, continuations, unawaitedCalls: calls } = outcome;
    const { name } = started;
    const fields = { instanceId: started.orchestrationInstance.instanceId, functionName: name };
    // What the engine brings along has no life that users would look for.
    if (isReservedName(name)) return this.#tellEnd(events, started);
    if (start !== undefined) this.tellStart(start);
    if (continuations > 0) {
      const times = continuations === 1 ? "" : `, ${continuations} times`;
      const text = `'${name}' continued as new${times}`;
      this.#events.write("OrchestrationContinuedAsNew", text, { ...fields, count: continuations });
    }
    if (calls.length > 0) {
      const text = describeUnawaited(name, calls);
      this.#events.write("CallsNotAwaited", text, { ...fields, count: calls.length });
    }
    for (const { type } of events) {
      if (type === "ExecutionSuspended")
        this.#events.write("OrchestrationSuspended", `'${name}' was suspended`, fields);
      if (type === "ExecutionResumed") this.#events.write("OrchestrationResumed", `'${name}' was resumed`, fields);
    }
    const waits = describeWaits(outcome);
    if (waits !== undefined) this.#events.write("OrchestrationWaiting", `'${name}' waits for ${waits}`, fields);
    this.#tellEnd(events, started);
  }

  /** An execution begins. To be called ahead of its first lines, where it is not known to be repeated. */
  tellStart({ name, version, orchestrationInstance, parentInstance }: ExecutionStarted): void {
    if (isReservedName(name)) return;
    const parent = parentInstance?.name === undefined ? "" : `, called by '${parentInstance.name}'`;
    this.#events.write("OrchestrationStarted", `'${name}' started${parent}`, {
      instanceId: orchestrationInstance.instanceId,
      functionName: name,
      version: version === "" ? undefined : version,
      parentInstanceId: parentInstance?.orchestrationInstance.instanceId,
    });
  }

  #tellEnd(events: readonly HistoryEvent[], { name, orchestrationInstance, timestamp }: ExecutionStarted): void {
    const end = events.findLast((event) => event.type === "ExecutionCompleted");
    if (end === undefined) return;
    const { instanceId } = orchestrationInstance;
    if (end.failureDetails !== undefined) {
      const text = `'${name}' failed: ${formatFailureTrace(end.failureDetails)}`;
      return this.#events.write("OrchestrationFailed", text, { instanceId, functionName: name });
    }
    // A failure without details was told by whoever has run the code.
    if (isReservedName(name) || end.orchestrationStatus === "Failed") return;
    const durationMs = Math.max(0, end.timestamp.getTime() - timestamp.getTime());
    const isTerminated = end.orchestrationStatus === "Terminated";
    const text = `'${name}' ${isTerminated ? "was terminated" : "completed"} after ${formatDuration(durationMs)}`;
    const event = isTerminated ? "OrchestrationTerminated" : "OrchestrationCompleted";
    this.#events.write(event, text, { instanceId, functionName: name, durationMs });
  }
}

/** What the code has begun to wait for besides activities; `undefined` for nothing. */
function describeWaits({ unseen, outgoing, awaitedEvents }: CommittedEpisode["outcome"]): string | undefined {
  if (unseen.some(({ type }) => type === "ExecutionCompleted")) return undefined;
  const timers: string[] = [];
  const children: string[] = [];
  let httpCalls = 0;
  for (const event of unseen) if (event.type === "TimerCreated") timers.push(event.fireAt.toISOString());
  for (const { message } of outgoing) {
    const { event, target } = message;
    // A child that answers nobody has no parent.
    if (event.type !== "ExecutionStarted" || event.parentInstance === undefined) continue;
    if (event.name === httpPollOrchestratorName) httpCalls++;
    else children.push(`'${event.name}' (${target.instanceId})`);
  }
  const waits = [
    ...describeKind(
      "event",
      "events",
      awaitedEvents.map((name) => `'${name}'`),
    ),
    ...describeKind("timer until", "timers until", timers),
    ...describeKind("sub-orchestration", "sub-orchestrations", children),
    ...(httpCalls === 0 ? [] : [httpCalls === 1 ? "an HTTP call" : `${httpCalls} HTTP calls`]),
  ];
  return waits.length === 0 ? undefined : waits.join("; ");
}

function describeKind(one: string, many: string, all: readonly string[]): readonly string[] {
  return all.length === 0 ? [] : [`${all.length === 1 ? one : `${all.length} ${many}`} ${listFirst(all)}`];
}
