import { isTerminalStatus } from "../../../core/orchestration-status.ts";
import { fromSentinelRow, historyRowKey, sentinelRowKey } from "../codec/history-row.ts";
import { fromInstanceRow } from "../codec/instance-row.ts";
import { readInt, readString, type TableRow } from "../storage/table-row.ts";
import { latestExecution } from "../tracking/history-reader.ts";
import type { HubFinding, HubRule } from "./hub-finding.ts";

/** What a hub holds of one instance. */
export interface StoredInstance {
  readonly instanceId: string;
  readonly row: TableRow | undefined;
  /** In the order of their keys, the sentinel among them. */
  readonly history: readonly TableRow[];
}

/** What no more than one answer may be given to. */
const questionTypes = new Set(["TaskScheduled", "SubOrchestrationInstanceCreated", "TimerCreated"]);
const answerColumns = new Map([
  ["TaskCompleted", "TaskScheduledId"],
  ["TaskFailed", "TaskScheduledId"],
  ["SubOrchestrationInstanceCompleted", "TaskScheduledId"],
  ["SubOrchestrationInstanceFailed", "TaskScheduledId"],
  ["TimerFired", "TimerId"],
]);

/** A question that has no answer yet. */
export interface OpenQuestion {
  readonly eventId: number;
  readonly type: string;
  /** The child that was started. */
  readonly childId: string | undefined;
  /** Nobody waits for the answer: the child was started for itself. */
  readonly isDetached: boolean;
}

export interface InstanceAudit {
  readonly findings: readonly HubFinding[];
  /** Of an instance that has not ended. */
  readonly openQuestions: readonly OpenQuestion[];
  readonly hasEnded: boolean;
}

/**
 * Judges what is stored of one instance by itself: its history against the rules of histories, and its row against its
 * history. Of an instance that is in an episode at this moment some of it may be under way.
 */
export function auditInstance(instance: StoredInstance): InstanceAudit {
  const { instanceId, row, history } = instance;
  const findings: HubFinding[] = [];
  const find = (rule: HubRule, text: string) => void findings.push({ subject: instanceId, rule, text });
  const sentinel = history.find(({ rowKey }) => rowKey === sentinelRowKey);
  const rows = latestExecution(history)?.items ?? [];
  if (sentinel === undefined || rows.length === 0) {
    const status = row && fromInstanceRow(row, {}).runtimeStatus;
    // One that was terminated, or that failed, before it ever ran has none.
    const mayHaveNone = status === undefined || status === "Pending" || isTerminalStatus(status);
    if (!mayHaveNone) find("HistoryMissing", `its row says ${status}`);
    return { findings, openQuestions: [], hasEnded: status !== undefined && isTerminalStatus(status) };
  }
  if (!fromSentinelRow(sentinel).isCheckpointComplete) find("CheckpointUnfinished", "its last checkpoint is a part");
  const gap = rows.findIndex(({ rowKey }, index) => rowKey !== historyRowKey(index));
  if (gap >= 0) find("HistoryGap", `row ${gap} has the key ${rows[gap]!.rowKey}`);
  const openQuestions = auditEvents(rows, find);
  const completed = rows.findLast((event) => typeOf(event) === "ExecutionCompleted");
  if (row === undefined) find("RowMissing", `its history has ${rows.length} events`);
  else auditRow(row, rows, completed, sentinel, find);
  return { findings, openQuestions: completed === undefined ? openQuestions : [], hasEnded: completed !== undefined };
}

function auditEvents(rows: readonly TableRow[], find: (rule: HubRule, text: string) => void): OpenQuestion[] {
  const open = new Map<number, OpenQuestion>();
  const answered = new Map<number, string>();
  let starts = 0;
  let endedAt: number | undefined;
  for (const [index, row] of rows.entries()) {
    const type = typeOf(row);
    if (type === "ExecutionStarted") starts++;
    if (endedAt !== undefined && type !== "OrchestratorCompleted") find("EndWrong", `a ${type} follows its end`);
    if (type === "ExecutionCompleted") endedAt = index;
    if (questionTypes.has(type)) {
      const eventId = readInt(row, "EventId") ?? -1;
      // A question that a rewind has asked again is open again.
      answered.delete(eventId);
      const isDetached = readString(row, "Tags")?.includes('"FireAndForget"') === true;
      open.set(eventId, { eventId, type, childId: readString(row, "InstanceId"), isDetached });
      continue;
    }
    const column = answerColumns.get(type);
    if (column === undefined) continue;
    const id = readInt(row, column) ?? -1;
    const earlier = answered.get(id);
    if (earlier !== undefined) find("AnswerRepeated", `question ${id} has ${earlier} and ${type}`);
    else if (!open.has(id)) find("AnswerUnasked", `a ${type} answers question ${id}, which was not asked before`);
    answered.set(id, type);
    open.delete(id);
  }
  if (starts !== 1) find("StartWrong", `it has ${starts} starts`);
  return [...open.values()];
}

function auditRow(
  row: TableRow,
  rows: readonly TableRow[],
  completed: TableRow | undefined,
  sentinel: TableRow,
  find: (rule: HubRule, text: string) => void,
): void {
  const differ = (column: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) find("RowDiffers", `${column} is ${String(found)}, and ${String(wanted)} by its history`);
  };
  const state = fromInstanceRow(row, {});
  const started = rows.find((event) => typeOf(event) === "ExecutionStarted");
  differ("ExecutionId", state.executionId, readString(sentinel, "ExecutionId"));
  differ("Name", state.name, started && readString(started, "Name"));
  differ("CreatedTime", readTime(row, "CreatedTime"), started && readTime(started, "_Timestamp"));
  differ("CompletedTime", readTime(row, "CompletedTime"), completed && readTime(completed, "_Timestamp"));
  if (completed !== undefined)
    differ("RuntimeStatus", state.runtimeStatus, readString(completed, "OrchestrationStatus"));
  else if (isTerminalStatus(state.runtimeStatus)) differ("RuntimeStatus", state.runtimeStatus, "not ended");
}

/** Of seven digits after the second the service keeps what it likes. */
function readTime(row: TableRow, column: string): number | undefined {
  const text = readString(row, column);
  return text === undefined ? undefined : new Date(text).getTime();
}

function typeOf(row: TableRow): string {
  return readString(row, "EventType") ?? "";
}
