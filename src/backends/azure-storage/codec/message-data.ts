import { DurableError, isDurableError, messageOf } from "../../../core/errors.ts";
import type { ExecutionRef, OrchestrationInstance } from "../../../core/history-event.ts";
import type { TaskMessage } from "../../../core/task-message.ts";
import { formatEvent, readEvent } from "./event-json.ts";
import { assertJsonDepth } from "./json-depth.ts";
import { formatInstance, formatTags, JsonReader, readInstance, toTags } from "./nested-json.ts";
import { escapeLoneSurrogates, escapeXmlForbidden, jsonObject, jsonString, jsonStringOrNull } from "./wire-text.ts";

/** A queue message: the task message and what its sender says about itself. */
export interface MessageData {
  /** A GUID with dashes, fresh for every outgoing message; names the blob of a large one. */
  readonly activityId: string;
  readonly message: TaskMessage;
  /**
   * Counts the messages of the sending process: from 1 in .NET, from the time in microseconds here. Tie-breaker within one
   * second.
   */
  readonly sequenceNumber: number;
  /** Episode of the sending orchestration; absent for clients. An activity's answer repeats that of the request. */
  readonly episode: number | undefined;
  /** Two empty strings for clients. */
  readonly sender: ExecutionRef;
}

/** What a queue holds: a message, or the name of the blob that does. */
export type QueuedMessage =
  | { readonly kind: "message"; readonly data: MessageData }
  | { readonly kind: "largeMessage"; readonly blobName: string };

/** `base64` is read by every .NET worker; `utf8` is smaller and read by the newer ones. */
export type MessageEncoding = "base64" | "utf8";

const messageDataType = "DurableTask.AzureStorage.MessageData";
const taskMessageType = "DurableTask.Core.TaskMessage";
const executionContextType = "DurableTask.Core.OrchestrationExecutionContext";

export function formatMessageData(data: MessageData): string {
  const { message, sender } = data;
  const json = jsonObject([
    ["$type", jsonString(messageDataType)],
    ["ActivityId", jsonString(data.activityId)],
    ["TaskMessage", formatTaskMessage(message)],
    ["CompressedBlobName", "null"],
    ["SequenceNumber", String(data.sequenceNumber)],
    ...(data.episode === undefined ? [] : [["Episode", String(data.episode)] as const]),
    [
      "Sender",
      jsonObject([
        ["InstanceId", jsonString(sender.instanceId)],
        ["ExecutionId", jsonString(sender.executionId)],
      ]),
    ],
    ["SerializableTraceContext", "null"],
  ]);
  return escapeLoneSurrogates(json);
}

function formatTaskMessage(message: TaskMessage): string {
  const { event, target } = message;
  const isRequest = event.type === "TaskScheduled" || (event.type === "ExecutionStarted" && event.parentInstance);
  const context = jsonObject([
    ["$type", jsonString(executionContextType)],
    ["OrchestrationTags", formatTags(message.orchestrationTags ?? {}, "withTypes")],
  ]);
  return jsonObject([
    ["$type", jsonString(taskMessageType)],
    ["Event", formatEvent(event)],
    ["SequenceNumber", "0"],
    ["OrchestrationInstance", formatInstance(target, "withTypes")],
    ["OrchestrationExecutionContext", isRequest ? context : "null"],
  ]);
}

/** What goes into the queue in place of a message that is too large for it. */
export function formatLargeMessageWrapper(blobName: string): string {
  return jsonObject([
    ["$type", jsonString(messageDataType)],
    ["ActivityId", jsonString("00000000-0000-0000-0000-000000000000")],
    ["TaskMessage", "null"],
    ["CompressedBlobName", jsonStringOrNull(blobName)],
    ["SequenceNumber", "0"],
    ["Sender", "null"],
    ["SerializableTraceContext", "null"],
  ]);
}

export function encodeQueueText(json: string, encoding: MessageEncoding): string {
  return encoding === "base64" ? Buffer.from(json, "utf8").toString("base64") : escapeXmlForbidden(json);
}

/** Reads both encodings. @throws DurableError `CorruptData` with the reason, for anything that is not a message */
export function decodeQueueText(text: string): QueuedMessage {
  return parseMessageData(jsonOfQueueText(text));
}

/** The JSON text of a queue text, in whichever encoding. @throws DurableError `CorruptData` */
export function jsonOfQueueText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") throw new DurableError("CorruptData", "the message is empty");
  if (/^[{[\ufeff]/.test(trimmed)) return text;
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(trimmed)) {
    throw new DurableError("CorruptData", "the message is neither JSON nor Base64");
  }
  return Buffer.from(trimmed, "base64").toString("utf8");
}

/** @throws DurableError `CorruptData` */
export function parseMessageData(json: string): QueuedMessage {
  try {
    assertJsonDepth(json, "the message");
    const reader = new JsonReader(JSON.parse(json.replace(/^\ufeff/, "")), "the message").assertType(messageDataType);
    const blobName = reader.text("CompressedBlobName");
    if (blobName) return { kind: "largeMessage", blobName };
    return { kind: "message", data: readMessageData(reader) };
  } catch (cause) {
    if (isDurableError(cause)) throw cause;
    throw new DurableError("CorruptData", `the message cannot be read: ${describeSyntax(cause)}`);
  }
}

/** What the parser says shows a part of the text, which is nobody's business in a log. */
function describeSyntax(error: unknown): string {
  const position = /position (\d+)/.exec(messageOf(error))?.[1];
  return `it is not JSON${position === undefined ? "" : `, at position ${position}`}`;
}

function readMessageData(reader: JsonReader): MessageData {
  const task = reader.object("TaskMessage")?.assertType(taskMessageType);
  const eventReader = task?.object("Event");
  const target = readInstance(task?.object("OrchestrationInstance"));
  if (eventReader === undefined) throw new DurableError("CorruptData", "the message carries no event");
  if (target === undefined || target.instanceId === "") {
    throw new DurableError("CorruptData", "the message names no instance");
  }
  const context = task?.object("OrchestrationExecutionContext")?.assertType(executionContextType);
  const tags = context?.dictionary("OrchestrationTags");
  const sender: OrchestrationInstance | undefined = readInstance(reader.object("Sender"));
  return {
    activityId: reader.text("ActivityId") ?? "",
    message: {
      event: readEvent(eventReader),
      target: { instanceId: target.instanceId, executionId: target.executionId || undefined },
      ...(tags && { orchestrationTags: toTags(tags) }),
    },
    sequenceNumber: reader.long("SequenceNumber") ?? 0,
    episode: reader.int("Episode"),
    sender: { instanceId: sender?.instanceId ?? "", executionId: sender?.executionId ?? "" },
  };
}
