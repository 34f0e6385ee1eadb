import { type ExpectedEntity, judgeEntityAtRest } from "./entity-audit.ts";
import { type HubLocation, type HubSnapshot, readHub, type StoredRow } from "./hub-snapshot.ts";

/** What a hub must hold once everything has ended. */
export interface ExpectedInstance {
  /** Absent for a generated id: the instance is then found by its name and input. */
  readonly id?: string;
  readonly name: string;
  readonly status: "Completed" | "Failed" | "Terminated";
  /** JSON text, exact, or its pattern; the pattern of a failure's text. */
  readonly output: string | RegExp | undefined;
  readonly input: string | RegExp | undefined;
  /** JSON text. */
  readonly customStatus?: string;
}

/** An orchestration that has ended, or an entity that has nothing to do. */
export type Expected = ExpectedInstance | ExpectedEntity;

export interface HubReport {
  /** Where history, row and expectation differ, and what should be gone and is there. */
  readonly violations: readonly string[];
  /** Answers that stand in a history more than once; they change no output. */
  readonly repeatedAnswers: readonly string[];
}

/** Judges a hub at rest. @param messagesAllowed that may be left in its queues */
export function judgeHub(hub: HubSnapshot, expected: readonly Expected[], messagesAllowed: number = 0): HubReport {
  const violations: string[] = [];
  const repeatedAnswers: string[] = [];
  const owners = hub.blobs.map((blob) => blob.slice(0, blob.indexOf("/")));
  const unmatched = new Set([...hub.rows.keys(), ...hub.histories.keys(), ...owners]);
  unmatched.delete("quarantine");
  for (const instance of expected) {
    if ("entity" in instance) {
      const { entity } = instance;
      unmatched.delete(entity);
      const found = judgeEntityAtRest(hub.rows.get(entity), readExecution(hub.histories.get(entity)), instance);
      violations.push(...found.map((violation) => `${entity}: ${violation}`));
      continue;
    }
    const id = instance.id ?? findByStart(hub, unmatched, instance);
    if (id === undefined) {
      violations.push(`${instance.name}(${instance.input ?? ""}): has no history`);
      continue;
    }
    unmatched.delete(id);
    const history = readExecution(hub.histories.get(id));
    const found = [...judgeHistory(history, instance), ...judgeRow(hub.rows.get(id), history, instance)];
    violations.push(...found.map((violation) => `${id}: ${violation}`));
    repeatedAnswers.push(...findRepeatedAnswers(history).map((answer) => `${id}: ${answer}`));
  }
  for (const id of unmatched) violations.push(`${id}: is there, and nobody expects it`);
  const messages = [...hub.messageCounts.values()].reduce((sum, count) => sum + count, 0);
  if (messages > messagesAllowed)
    violations.push(`${messages} messages are left, of which can be received: ${hub.visibleMessages}`);
  for (const blob of hub.blobs) if (blob.startsWith("quarantine/")) violations.push(`put aside: ${blob}`);
  for (const blob of hub.missingBlobs) violations.push(`missing: ${blob}`);
  return { violations, repeatedAnswers };
}

export interface AuditOutcome extends HubReport {
  /** When the hub was found in order for the first time, else `undefined`. */
  readonly cleanAt: number | undefined;
}

export interface AuditBounds {
  /** How long nothing about the hub may change before it counts as stuck: a busy machine is slow, and not stuck. */
  readonly deadlineMs: number;
  /** At the least between two readings. @defaultValue 400 */
  readonly intervalMs?: number;
  /** Ends the audit before its deadline. */
  readonly giveUp?: () => boolean;
  /** Messages that may be left. @defaultValue none */
  readonly messagesAllowed?: () => number;
}

/** A hub that changes for so many deadlines and never comes to rest goes in circles. */
const deadlinesInAll = 8;
/** Of the time: what reads the hub must not be what it is slow from. */
const shareOfReading = 0.2;

/** Reads a hub again and again until it is in order, or stuck. */
export async function auditHub(
  location: HubLocation,
  expected: readonly Expected[],
  { deadlineMs, intervalMs = 400, giveUp = () => false, messagesAllowed = () => 0 }: AuditBounds,
): Promise<AuditOutcome> {
  const end = performance.now() + deadlinesInAll * deadlineMs;
  let changedAt = performance.now();
  let seen = "";
  for (;;) {
    const readAt = performance.now();
    const report = judgeHub(await readHub(location), expected, messagesAllowed());
    if (report.violations.length === 0) return { ...report, cleanAt: readAt };
    const now = performance.now();
    const found = report.violations.join();
    if (found !== seen) changedAt = now;
    seen = found;
    if (now >= Math.min(changedAt + deadlineMs, end) || giveUp()) return { ...report, cleanAt: undefined };
    await new Promise((resolve) => setTimeout(resolve, Math.max(intervalMs, (now - readAt) / shareOfReading)));
  }
}

/** Whether an instance's row shows anything else than its history does at this moment; custom statuses are not known. */
export function isRowBehind(hub: HubSnapshot, id: string): boolean {
  const history = readExecution(hub.histories.get(id));
  const [started] = ofType(history, "ExecutionStarted");
  const [completed] = ofType(history, "ExecutionCompleted");
  if (started === undefined) return false;
  const row = hub.rows.get(id);
  const expected: Omit<ExpectedInstance, "status"> & { readonly status: string } = {
    name: String(started["Name"]),
    status: String(completed?.["OrchestrationStatus"] ?? "Running"),
    input: textOf(started["Input"]),
    output: completed?.["OrchestrationStatus"] === "Failed" ? /./ : textOf(completed?.["Result"]),
    ...(textOf(row?.["CustomStatus"]) && { customStatus: textOf(row?.["CustomStatus"])! }),
  };
  return judgeRow(row, history, expected).length > 0;
}

/** Resolves to the first time at which an instance's row agreed with its history, or to `undefined` at the deadline. */
export async function waitForRow(location: HubLocation, id: string, deadlineMs: number): Promise<number | undefined> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const readAt = performance.now();
    if (!isRowBehind(await readHub(location), id)) return readAt;
    if (performance.now() >= deadline) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

/** The rows of the latest execution, in order, and the row that fences them. */
export interface Execution {
  readonly sentinel: StoredRow | undefined;
  readonly rows: readonly StoredRow[];
}

function readExecution(stored: readonly StoredRow[] = []): Execution {
  const sentinel = stored.find(({ rowKey }) => rowKey === "sentinel");
  const rows = stored.filter((row) => {
    return row.rowKey !== "sentinel" && row["ExecutionId"] === sentinel?.["ExecutionId"];
  });
  const count = sentinel?.["EventCount"];
  return { sentinel, rows: typeof count === "number" ? rows.slice(0, count) : rows };
}

function findByStart(
  hub: HubSnapshot,
  ids: ReadonlySet<string>,
  { name, input }: ExpectedInstance,
): string | undefined {
  return [...ids].find((id) => {
    const started = ofType(readExecution(hub.histories.get(id)), "ExecutionStarted")[0];
    return started?.["Name"] === name && isAsExpected(textOf(started["Input"]), input);
  });
}

function ofType({ rows }: Execution, type: string): readonly StoredRow[] {
  return rows.filter((row) => row["EventType"] === type);
}

function judgeHistory(history: Execution, { status, output, name, input }: ExpectedInstance): string[] {
  const { sentinel, rows } = history;
  if (sentinel === undefined) return ["has no history"];
  const violations: string[] = [];
  const differ = (what: string, found: unknown, wanted: unknown) => {
    if (!isAsExpected(found, wanted)) violations.push(`history: ${what} is ${brief(found)}, not ${brief(wanted)}`);
  };
  differ("the checkpoint's completeness", sentinel["IsCheckpointComplete"], true);
  const gap = rows.findIndex((row, index) => row.rowKey !== index.toString(16).toUpperCase().padStart(16, "0"));
  if (gap >= 0) violations.push(`history: row ${gap} has the key ${rows[gap]?.rowKey}`);
  const started = ofType(history, "ExecutionStarted");
  const completed = ofType(history, "ExecutionCompleted");
  differ("the number of starts", started.length, 1);
  differ("the number of ends", completed.length, 1);
  differ("the name", started[0]?.["Name"], name);
  differ("the input", textOf(started[0]?.["Input"]), input);
  if (completed[0] === undefined) return violations;
  differ("the status", completed[0]["OrchestrationStatus"], status);
  if (status !== "Failed") differ("the result", textOf(completed[0]["Result"]), output);
  const after = rows.slice(rows.indexOf(completed[0]) + 1).map((row) => row["EventType"]);
  if (after.some((type) => type !== "OrchestratorCompleted"))
    violations.push(`history: goes on after its end: ${after}`);
  return violations;
}

function judgeRow(
  row: StoredRow | undefined,
  history: Execution,
  expected: Omit<ExpectedInstance, "status"> & { readonly status: string },
): string[] {
  if (row === undefined) return ["has no row"];
  const violations: string[] = [];
  const differ = (column: string, found: unknown, wanted: unknown) => {
    if (!isAsExpected(found, wanted)) violations.push(`row: ${column} is ${brief(found)}, not ${brief(wanted)}`);
  };
  const [started] = ofType(history, "ExecutionStarted");
  const [completed] = ofType(history, "ExecutionCompleted");
  differ("RuntimeStatus", row["RuntimeStatus"], completed?.["OrchestrationStatus"] ?? expected.status);
  differ("ExecutionId", row["ExecutionId"], history.sentinel?.["ExecutionId"]);
  differ("Name", row["Name"], started?.["Name"] ?? expected.name);
  differ("Input", textOf(row["Input"]), textOf(started?.["Input"]));
  differ("CreatedTime", timeOf(row["CreatedTime"]), timeOf(started?.["_Timestamp"]));
  differ("CompletedTime", timeOf(row["CompletedTime"]), timeOf(completed?.["_Timestamp"]));
  if (expected.status !== "Failed") differ("Output", textOf(row["Output"]), textOf(completed?.["Result"]));
  differ("Output", textOf(row["Output"]), expected.output);
  differ("CustomStatus", textOf(row["CustomStatus"]), expected.customStatus);
  return violations;
}

/**
 * Of all histories of a hub: what our workers have recorded although it was answered already, by instance. What .NET
 * records twice is left out (it marks what it writes as played): it does so when an activity runs again because its lock
 * ran out.
 */
export function repeatedAnswers(hub: HubSnapshot): readonly string[] {
  return [...hub.histories].flatMap(([id, stored]) => {
    const history = readExecution(stored);
    const events = history.rows.map(({ EventType, IsPlayed }) => (IsPlayed === true ? `${EventType}*` : EventType));
    const questions = new Set<unknown>();
    const isRepeat = ({ EventType, TaskScheduledId, TimerId, IsPlayed }: StoredRow) => {
      const question = TaskScheduledId ?? TimerId;
      if (typeof question !== "number" || !/(?:Completed|Failed|Fired)$/.test(String(EventType))) return false;
      const isKnown = questions.has(question);
      questions.add(question);
      return isKnown && IsPlayed !== true;
    };
    return history.rows.some(isRepeat) ? [`${id}: ${events.join(", ")}`] : [];
  });
}

/** Questions that were answered more than once, whatever the kinds of the answers. */
function findRepeatedAnswers({ rows }: Execution): string[] {
  const answers = new Map<number, string[]>();
  for (const row of rows) {
    const id = row["TaskScheduledId"] ?? row["TimerId"];
    const type = String(row["EventType"]);
    if (typeof id === "number" && /(?:Completed|Failed|Fired)$/.test(type)) {
      answers.set(id, [...(answers.get(id) ?? []), type]);
    }
  }
  return [...answers].filter(([, types]) => types.length > 1).map(([id, types]) => `${id} has ${types.join(" and ")}`);
}

function isAsExpected(found: unknown, wanted: unknown): boolean {
  return wanted instanceof RegExp ? wanted.test(String(found)) : found === wanted;
}

/** Other writers put the text `null` for nothing. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "null" ? value : undefined;
}

function timeOf(value: unknown): string | undefined {
  return value instanceof Date ? value.toISOString() : undefined;
}

function brief(value: unknown): string {
  const text = String(value);
  return text.length <= 80 ? text : `${text.slice(0, 40)}... (${text.length} characters)`;
}
