import type { EntityMetadata } from "../core/entity-client.ts";
import { type FailureDetails, formatFailure } from "../core/failure-details.ts";
import { ownLinesOf } from "../core/failure-trace.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import { isTextOutput } from "../core/orchestration-status.ts";
import type { InstanceWaits } from "../management/instance-waits.ts";
import { formatNamedEvents, formatWait } from "../management/wait-text.ts";
import { formatLength } from "./moment.ts";
import { Columns, printable, readPayload, shorten } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** An instance as `durable show` has it. */
export interface ShownInstance {
  readonly state: OrchestrationState;
  readonly waits: InstanceWaits;
  /** Of the sub-orchestrations that it waits for, by id. */
  readonly children: ReadonlyMap<string, OrchestrationRuntimeStatus>;
}

/** Longest text of a payload that is shown without `--full`. */
const maxShown = 500;

const statusColors = {
  Running: "cyan",
  Pending: "cyan",
  ContinuedAsNew: "cyan",
  Suspended: "yellow",
  Completed: "green",
  Failed: "red",
  Terminated: "red",
  Canceled: "red",
} as const;

export function paintStatus(
  status: OrchestrationRuntimeStatus,
  text: string,
  { paint }: Pick<Terminal, "paint">,
): string {
  return paint(statusColors[status], text);
}

/** What every answer in JSON says of an instance. */
export function instanceJson(state: OrchestrationState): Readonly<Record<string, unknown>> {
  return {
    id: state.instanceId,
    name: state.name,
    version: state.version,
    status: state.runtimeStatus,
    createdAt: state.createdTime,
    updatedAt: state.lastUpdatedTime,
    completedAt: state.completedTime,
    scheduledFor: state.scheduledStartTime,
    parentId: state.parentInstanceId,
    tags: state.tags,
    customStatus: readPayload(state.customStatus),
  };
}

/** `durable show --json`. */
export function shownInstanceJson({ state, waits, children }: ShownInstance): Readonly<Record<string, unknown>> {
  return {
    ...instanceJson(state),
    executionId: state.executionId,
    input: readPayload(state.input),
    output: isTextOutput(state.runtimeStatus) ? state.output : readPayload(state.output),
    failure: state.failureDetails && failureJson(state.failureDetails),
    waitsFor: waits.waits.map((wait) => {
      return wait.kind === "sub-orchestration" ? { ...wait, status: children.get(wait.instanceId) } : wait;
    }),
    heldLocks: waits.heldLocks,
    keptEvents: waits.keptEvents,
  };
}

export function failureJson(failure: FailureDetails): Readonly<Record<string, unknown>> {
  return {
    type: failure.errorType,
    message: failure.errorMessage,
    stack: failure.stackTrace,
    cause: failure.innerFailure && failureJson(failure.innerFailure),
    properties: failure.properties,
  };
}

export interface ViewOptions {
  readonly full: boolean;
  readonly now: number;
  readonly terminal: Pick<Terminal, "paint">;
}

/** The lines of `durable show`. */
export function describeInstance({ state, waits, children }: ShownInstance, options: ViewOptions): readonly string[] {
  const { terminal, now } = options;
  const at = (time: Date | undefined) => time && `${time.toISOString()} ${ago(time, now)}`;
  const payload = (text: string | undefined) => text && showText(text, options.full);
  const tags = Object.entries(state.tags ?? {}).map(([name, value]) => printable(`${name}=${value}`));
  const rows = [
    ["created", at(state.createdTime)],
    ["scheduled", at(state.scheduledStartTime)],
    ["updated", at(state.lastUpdatedTime)],
    ["ended", at(state.completedTime)],
    ["version", state.version && printable(state.version)],
    ["parent", state.parentInstanceId && printable(state.parentInstanceId)],
    ["tags", tags.join(", ")],
    ["custom status", payload(state.customStatus)],
    ["input", payload(state.input)],
    // The failure says the same, and more.
    [state.runtimeStatus === "Suspended" ? "reason" : "output", state.failureDetails ? "" : payload(state.output)],
  ] as const;
  const status = paintStatus(state.runtimeStatus, state.runtimeStatus, terminal);
  return [
    `${printable(state.instanceId)}  ${printable(state.name)}  ${status}`,
    ...rows.flatMap(([name, value]) => (value ? [`  ${`${name}:`.padEnd(15)}${value}`] : [])),
    ...describeWaits(waits, children, now),
    ...(state.failureDetails ? ["", "failure:", ...describeFailure(state.failureDetails, options)] : []),
  ];
}

function describeWaits(
  { waits, heldLocks, keptEvents }: InstanceWaits,
  children: ShownInstance["children"],
  now: number,
) {
  const section = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : ["", title, ...new Columns().format(rows).map((line) => `  ${line}`)];
  const text = {
    now,
    shorten,
    distance: (time: Date) => ago(time, now),
    statusOf: (instanceId: string) => children.get(instanceId),
  };
  const since = (time: Date) => `since ${time.toISOString()} (${formatLength(now - time.getTime())})`;
  return [
    ...section(
      "waits for:",
      waits.map((wait) => [printable(formatWait(wait, text)), since(wait.since)]),
    ),
    ...section(
      "holds locks of:",
      heldLocks.map((lock) => [printable(lock.entities.join(", ")), since(lock.since)]),
    ),
    ...section(
      "events that it has not taken:",
      keptEvents.map((event) => [printable(formatNamedEvents(event)), since(event.since)]),
    ),
  ];
}

/** With its causes, each with its stack: with `full` the frames of Node and of this package too. */
export function describeFailure(
  failure: FailureDetails,
  options: Pick<ViewOptions, "full">,
  indent = "  ",
): readonly string[] {
  const { innerFailure } = failure;
  const frames = framesOf(failure);
  const text = [formatFailure(failure), ...(options.full ? frames : ownLinesOf(frames))].join("\n");
  return [
    ...text.split(/\r?\n/).map((line) => `${indent}${printable(line)}`.trimEnd()),
    ...(innerFailure === undefined
      ? []
      : [`${indent}caused by:`, ...describeFailure(innerFailure, options, `${indent}  `)]),
  ];
}

/** The stack without its head, which says the message again, of errors with a code under another name. */
function framesOf({ errorMessage, stackTrace = "" }: FailureDetails): readonly string[] {
  const at = stackTrace.indexOf(errorMessage);
  const isHead = at >= 0 && !stackTrace.slice(0, at).includes("\n");
  const frames = isHead ? stackTrace.slice(at + errorMessage.length) : stackTrace;
  const lines = frames.split(/\r?\n/);
  // Behind the message, the rest of its last line is empty; without a message, a name is left.
  return isHead && !/^\s+at /.test(lines[0] ?? "") ? lines.slice(1) : lines.filter((line) => line !== "");
}

function showText(text: string, full: boolean): string {
  return printable(full ? text : shorten(text, maxShown));
}

/** `durable show` of an entity. */
export function describeEntity(entity: EntityMetadata, { full, now, terminal }: ViewOptions): readonly string[] {
  const { id, exists, lastModifiedTime, queueSize, lockedBy, state } = entity;
  const rows = [
    ["updated", `${lastModifiedTime.toISOString()} ${ago(lastModifiedTime, now)}`],
    ["waiting", queueSize === 0 ? "" : `${queueSize} requests`],
    ["locked by", lockedBy && printable(lockedBy)],
    ["state", state && showText(state, full)],
  ] as const;
  return [
    `${printable(id.toString())}  ${exists ? terminal.paint("green", "entity") : terminal.paint("grey", "entity without state")}`,
    ...rows.flatMap(([name, value]) => (value ? [`  ${`${name}:`.padEnd(15)}${value}`] : [])),
  ];
}

export function entityJson(entity: EntityMetadata): Readonly<Record<string, unknown>> {
  const { id, exists, lastModifiedTime, queueSize, lockedBy, state } = entity;
  return { id: id.toString(), exists, updatedAt: lastModifiedTime, queueSize, lockedBy, state: readPayload(state) };
}

function ago(time: Date, now: number): string {
  const ms = now - time.getTime();
  return ms >= 0 ? `(${formatLength(ms)} ago)` : `(in ${formatLength(-ms)})`;
}
