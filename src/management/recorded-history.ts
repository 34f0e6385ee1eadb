import { DurableError } from "../core/errors.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";

/** The history of one instance with nothing left out, as it is kept in a file: one line of JSON. */
export interface RecordedHistory {
  readonly instanceId: string;
  /** Of the orchestration. */
  readonly name: string;
  readonly status: OrchestrationRuntimeStatus;
  /** Of its latest execution. */
  readonly history: readonly HistoryEvent[];
}

/** One line, which {@link parseRecordedHistory} reads. */
export function formatRecordedHistory({ instanceId, name, status, history }: RecordedHistory): string {
  return JSON.stringify({ instanceId, name, status, history });
}

/** @throws DurableError `CorruptData` for a text that is no recorded history */
export function parseRecordedHistory(text: string): RecordedHistory {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DurableError("CorruptData", "it is no JSON", { cause });
  }
  const { instanceId, name, status, history } = (value ?? {}) as Partial<RecordedHistory>;
  if (typeof instanceId !== "string" || typeof name !== "string" || !Array.isArray(history)) {
    const isShortened = typeof (value as { readonly id?: unknown } | null)?.id === "string";
    const cause = isShortened ? ": 'durable history --json' leaves things out" : "";
    throw new DurableError("CorruptData", `it is no history that 'durable history --all' has written${cause}`);
  }
  return { instanceId, name, status: status ?? "Running", history: reviveHistory(history) };
}

/** Events as JSON has them, with their times as dates again. @throws DurableError `CorruptData` */
export function reviveHistory(history: readonly unknown[]): readonly HistoryEvent[] {
  return history.map((event, index) => {
    if (typeof event !== "object" || event === null || typeof (event as { type?: unknown }).type !== "string") {
      throw new DurableError("CorruptData", `element ${index} of the history is no event`);
    }
    return revive(event, index) as HistoryEvent;
  });
}

const times: ReadonlySet<string> = new Set(["timestamp", "fireAt", "scheduledStartTime", "activityStartTime"]);

function revive(value: object, index: number): object {
  const revived: Record<string, unknown> = {};
  for (const [member, given] of Object.entries(value)) {
    if (times.has(member) && typeof given === "string") revived[member] = readTime(given, index);
    else if (member === "parentTraceContext" && typeof given === "object" && given !== null) {
      revived[member] = revive(given, index);
    } else revived[member] = given;
  }
  return revived;
}

function readTime(text: string, index: number): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new DurableError("CorruptData", `element ${index} of the history has a time that is none`);
}
