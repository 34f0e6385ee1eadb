import type { OutgoingMessage } from "../core/task-message.ts";
import { objectOf } from "./entity-message.ts";
import { formatTime, readTime } from "./wire-time.ts";

/** What one checkpoint has to send, which a crash may have kept back. */
export interface OwedMessages {
  readonly madeAt: Date;
  readonly entries: readonly OutboxEntry[];
}

/** Something that an entity sends. */
export type OutboxEntry = SentEvent | StartedOrchestration;

export interface SentEvent {
  readonly kind: "event";
  /** The receiver: an entity, or the orchestration that waits for an answer. */
  readonly instanceId: string;
  readonly executionId: string | undefined;
  readonly name: string;
  readonly input: string | undefined;
  readonly deliverAt: Date | undefined;
}

export interface StartedOrchestration {
  readonly kind: "start";
  readonly instanceId: string;
  /** The same for every repeat of the batch that starts it, so that a repeated start is recognised. */
  readonly executionId: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly input: string | undefined;
  readonly scheduledTime: Date | undefined;
}

export function formatOwedMessages({ madeAt, entries }: OwedMessages): Readonly<Record<string, unknown>> {
  return { madeAt: formatTime(madeAt), entries: entries.map(formatOutboxEntry) };
}

/** `undefined` for what is none. */
export function readOwedMessages(value: unknown): OwedMessages | undefined {
  const { madeAt, entries } = objectOf(value) ?? {};
  const time = readTime(madeAt);
  if (time === undefined || !Array.isArray(entries)) return undefined;
  return { madeAt: time, entries: entries.flatMap((each) => readOutboxEntry(each) ?? []) };
}

function formatOutboxEntry(entry: OutboxEntry): Readonly<Record<string, unknown>> {
  const { kind, instanceId, executionId, name, input } = entry;
  const time = kind === "event" ? entry.deliverAt : entry.scheduledTime;
  return {
    kind,
    instanceId,
    ...(executionId !== undefined && { executionId }),
    name,
    ...(kind === "start" && entry.version !== undefined && { version: entry.version }),
    ...(input !== undefined && { input }),
    ...(time !== undefined && { time: formatTime(time) }),
  };
}

/** `undefined` for what is no entry. */
function readOutboxEntry(value: unknown): OutboxEntry | undefined {
  const { kind, instanceId, executionId, name, version, input, time } = objectOf(value) ?? {};
  if (typeof instanceId !== "string" || typeof name !== "string") return undefined;
  const text = (member: unknown) => (typeof member === "string" ? member : undefined);
  const common = { instanceId, name, input: text(input) };
  if (kind === "event") return { ...common, kind, executionId: text(executionId), deliverAt: readTime(time) };
  if (kind !== "start" || typeof executionId !== "string") return undefined;
  return { ...common, kind, executionId, version: text(version), scheduledTime: readTime(time) };
}

/** @param sender the entity; an orchestration that it starts has it for a parent, and answers nobody */
export function toOutgoingMessage(
  entry: OutboxEntry,
  sender: { readonly instanceId: string; readonly executionId: string },
  timestamp: Date,
  startTags: Readonly<Record<string, string>>,
): OutgoingMessage {
  const target = { instanceId: entry.instanceId, executionId: entry.executionId };
  const header = { eventId: -1, timestamp, name: entry.name, input: entry.input, parentTraceContext: undefined };
  if (entry.kind === "event") {
    const { deliverAt } = entry;
    return { message: { event: { ...header, type: "EventRaised" }, target }, ...(deliverAt && { deliverAt }) };
  }
  const { version, executionId, scheduledTime } = entry;
  return {
    message: {
      target,
      event: {
        ...header,
        type: "ExecutionStarted",
        orchestrationInstance: { instanceId: entry.instanceId, executionId },
        parentInstance: {
          name: sender.instanceId,
          version: "",
          orchestrationInstance: sender,
          taskScheduleId: 0,
        },
        version: version ?? "",
        tags: startTags,
        correlation: undefined,
        scheduledStartTime: scheduledTime,
        generation: undefined,
        generateNewTrace: false,
      },
    },
    ...(scheduledTime && { deliverAt: scheduledTime }),
  };
}
