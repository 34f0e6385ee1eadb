import { DurableError } from "../../../core/errors.ts";
import type { QuarantinedContent } from "../../../core/quarantine.ts";
import { typeOfEvent } from "./event-json.ts";
import { assertJsonDepth } from "./json-depth.ts";
import { jsonOfQueueText } from "./message-data.ts";
import { JsonReader } from "./nested-json.ts";

/** What is kept of a message in quarantine, as JSON. */
export function formatQuarantineNote(message: Omit<QuarantinedContent, "id" | "length">): string {
  const { deliveryCount, insertedAt, quarantinedAt, text, ...rest } = message;
  const times = { insertedOn: insertedAt.toISOString(), quarantinedOn: quarantinedAt.toISOString() };
  return JSON.stringify({ ...rest, dequeueCount: deliveryCount, ...times, text }, undefined, 2);
}

/** @throws DurableError `CorruptData` */
export function parseQuarantineNote(id: string, json: string): QuarantinedContent {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new DurableError("CorruptData", `the quarantined message ${id} is not JSON`);
  }
  const reader = new JsonReader(value, `the quarantined message ${id}`);
  const insertedAt = reader.date("insertedOn") ?? new Date(0);
  const text = reader.requiredText("text");
  return {
    id,
    queue: reader.requiredText("queue"),
    messageId: reader.requiredText("messageId"),
    reason: reader.text("reason") ?? "",
    deliveryCount: reader.int("dequeueCount") ?? 0,
    insertedAt,
    quarantinedAt: reader.date("quarantinedOn") ?? insertedAt,
    instanceId: reader.text("instanceId"),
    eventType: reader.text("eventType"),
    length: text.length,
    text,
  };
}

/** What a text says of itself, as far as it can be read: for whom it is, and which event of the format it carries. */
export function describeQueueText(text: string): Pick<QuarantinedContent, "instanceId" | "eventType"> {
  const task = attempt(() => {
    const json = jsonOfQueueText(text);
    assertJsonDepth(json, "the message");
    return new JsonReader(JSON.parse(json.replace(/^\ufeff/, "")), "the message").object("TaskMessage");
  });
  return {
    instanceId: attempt(() => task?.object("OrchestrationInstance")?.text("InstanceId"))?.slice(0, maxShownUnits),
    eventType: attempt(() => {
      const event = task?.object("Event");
      return event && typeOfEvent(event);
    }),
  };
}

const maxShownUnits = 512;

function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
