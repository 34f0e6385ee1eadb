import type { TypedData } from "../app/typed-data.ts";
import type { QueueSettings } from "./queue-settings.ts";
import type { TriggerMessage } from "./trigger-storage.ts";

/** The text that a message stands for; `undefined` when it is not in the encoding of the app. */
export function decodeMessage(text: string, encoding: QueueSettings["messageEncoding"]): string | undefined {
  if (encoding === "none") return text;
  const compact = text.replace(/\s/g, "");
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, "base64").toString("utf8");
}

export function encodeMessage(content: string | Uint8Array, encoding: QueueSettings["messageEncoding"]): string {
  const bytes = Buffer.from(content as Uint8Array);
  return encoding === "base64" ? bytes.toString("base64") : bytes.toString("utf8");
}

/** What a function is told of a message, by the names of the Functions host; its library gives them small first letters. */
export function messageMetadata(message: TriggerMessage, text: string): Readonly<Record<string, TypedData>> {
  const json = (value: unknown): TypedData => ({ json: JSON.stringify(value) });
  const time = (value: Date | undefined) => json(value?.toISOString().replace(/(?:\.000)?Z$/, "+00:00") ?? null);
  return {
    QueueTrigger: { string: text },
    DequeueCount: json(message.dequeueCount),
    ExpirationTime: time(message.expiresOn),
    Id: { string: message.messageId },
    InsertionTime: time(message.insertedOn),
    NextVisibleTime: time(message.nextVisibleOn),
    PopReceipt: { string: message.popReceipt },
  };
}

const poisonSuffix = "-poison";

/** Where messages go whose calls fail; `undefined` when they stay where they are. */
export function poisonQueueOf(queueName: string): string | undefined {
  const name = `${queueName}${poisonSuffix}`;
  return queueName.endsWith(poisonSuffix) || name.length > 63 ? undefined : name;
}
