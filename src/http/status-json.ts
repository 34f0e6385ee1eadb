import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTextOutput } from "../core/orchestration-status.ts";
import { formatHistory } from "../management/history-format.ts";
import { isJson } from "./json-scanner.ts";

/**
 * One instance as a status query shows it, as JSON text. Input, output and custom status are put in as they are
 * stored, so that no number loses digits and no depth of nesting hurts.
 */
export function formatStatus(
  state: OrchestrationState,
  options: { readonly showInput: boolean; readonly historyEvents?: string | undefined },
): string {
  const members: [string, string | undefined][] = [
    ["name", JSON.stringify(state.name)],
    ["version", state.version && JSON.stringify(state.version)],
    ["instanceId", JSON.stringify(state.instanceId)],
    ["parentInstanceId", state.parentInstanceId && JSON.stringify(state.parentInstanceId)],
    ["runtimeStatus", JSON.stringify(state.runtimeStatus)],
    ["input", formatPayload(options.showInput ? state.input : undefined)],
    ["customStatus", formatPayload(state.customStatus)],
    ["output", formatOutput(state)],
    ["createdTime", formatTime(state.createdTime)],
    ["lastUpdatedTime", formatTime(state.lastUpdatedTime)],
    ["tags", state.tags && JSON.stringify(state.tags)],
    ["notLoaded", state.notLoaded && JSON.stringify(state.notLoaded)],
    ["historyEvents", options.historyEvents],
  ];
  const present = members.filter(([, json]) => json !== undefined && json !== "");
  return `{${present.map(([name, json]) => `"${name}":${json}`).join(",")}}`;
}

/** The `historyEvents` of a status, as JSON text. */
export function formatHistoryEvents(
  events: readonly HistoryEvent[],
  options: { readonly showInput: boolean; readonly showOutput: boolean },
): string {
  return JSON.stringify(
    formatHistory(events, {
      ...options,
      // As the genuine extension has it: inputs are texts, results are values.
      readInput: (text) => text,
      readResult: (text) => JSON.parse(formatPayload(text)),
    }),
  );
}

/** Why an instance has failed, and for what it was terminated, is a text, also where it reads as JSON. */
function formatOutput({ runtimeStatus, output }: OrchestrationState): string {
  return isTextOutput(runtimeStatus) ? JSON.stringify(output ?? null) : formatPayload(output);
}

/** Stored text as JSON: itself when it is JSON, a string when it is not (a reason, a failure), `null` when absent. */
export function formatPayload(text: string | undefined): string {
  if (text === undefined) return "null";
  return isJson(text) ? text : JSON.stringify(text);
}

/** In whole seconds, as the genuine extension writes it. */
function formatTime(time: Date): string {
  return `"${time.toISOString().slice(0, 19)}Z"`;
}
