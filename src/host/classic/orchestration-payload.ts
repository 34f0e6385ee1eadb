import type { ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import { formatClassicHistory } from "./classic-history.ts";

/**
 * The value of an orchestration trigger, as JSON text.
 *
 * @param pastCount how many of the events are of earlier episodes
 * @param httpPollIntervalMs wait between two polls of an HTTP call when the other side does not say
 */
export function formatOrchestrationPayload(
  started: ExecutionStarted,
  events: readonly HistoryEvent[],
  pastCount: number,
  httpPollIntervalMs: number,
): string {
  return JSON.stringify({
    history: formatClassicHistory(events, pastCount),
    input: readInput(started.input),
    instanceId: started.orchestrationInstance.instanceId,
    isReplaying: pastCount > 0,
    parentInstanceId: started.parentInstance?.orchestrationInstance.instanceId ?? null,
    sourceInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    // The name is the extension's; the library refuses zero.
    defaultHttpAsyncRequestSleepTimeMillseconds: Math.max(1, httpPollIntervalMs),
  });
}

function readInput(input: string | undefined): unknown {
  if (input === undefined || input === "") return null;
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
