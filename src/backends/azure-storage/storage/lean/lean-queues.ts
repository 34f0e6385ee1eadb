import type { StorageConnection } from "../storage-connection.ts";
import type { StorageHandlers } from "../storage-handlers.ts";
import type { ReceivedMessage } from "../storage-request.ts";
import { wholeSeconds } from "../whole-seconds.ts";
import type { HttpAnswer } from "./http-sender.ts";
import { readBody, required, ServiceCaller } from "./service-caller.ts";
import { malformedAnswer } from "./service-error.ts";
import { escapeXml, parseXml, textOf, type XmlElement } from "./xml.ts";

export function openLeanQueues(connection: StorageConnection, maxConnections: number): StorageHandlers<"queue"> {
  const service = new ServiceCaller(connection, "queue", maxConnections);
  const countOf = async ({ queue }: { readonly queue: string }, signal: AbortSignal) =>
    readCount(
      await service.call({
        method: "GET",
        expects: [200],
        path: encodeURIComponent(queue),
        query: [["comp", "metadata"]],
        signal,
      }),
    );

  return {
    "queue.create": async ({ queue }, signal) => {
      await service.call({ method: "PUT", expects: [201, 204], path: encodeURIComponent(queue), signal });
      return undefined;
    },
    "queue.delete": async ({ queue }, signal) => {
      await service.call({ method: "DELETE", expects: [204], path: encodeURIComponent(queue), signal });
      return undefined;
    },
    "queue.exists": async (request, signal) => {
      await countOf(request, signal);
      return undefined;
    },
    "queue.send": async ({ queue, text, visibilityDelayMs }, signal) => {
      const answer = await service.call({
        method: "POST",
        expects: [201],
        path: messagesOf(queue),
        query: [
          ["visibilitytimeout", String(wholeSeconds(visibilityDelayMs))],
          ["messagettl", "-1"],
        ],
        headers: xmlContent,
        body: formatMessage(text),
        signal,
      });
      return await readBody(answer, (body) => {
        const [message] = readMessages(body);
        return readSent(required(message, "QueueMessage"));
      });
    },
    "queue.receive": async ({ queue, maxMessages, visibilityTimeoutMs }, signal) => {
      const answer = await service.call({
        method: "GET",
        expects: [200],
        path: messagesOf(queue),
        query: [
          ["numofmessages", String(maxMessages)],
          ["visibilitytimeout", String(wholeSeconds(visibilityTimeoutMs))],
        ],
        signal,
      });
      return await readBody(answer, (body) => readMessages(body).map(readReceived));
    },
    "queue.update": async ({ queue, messageId, popReceipt, visibilityTimeoutMs, text }, signal) => {
      const { headers } = await service.call({
        method: "PUT",
        expects: [204],
        path: `${messagesOf(queue)}/${encodeURIComponent(messageId)}`,
        query: [
          ["popreceipt", popReceipt],
          ["visibilitytimeout", String(wholeSeconds(visibilityTimeoutMs))],
        ],
        ...(text !== undefined && { headers: xmlContent, body: formatMessage(text) }),
        signal,
      });
      return { popReceipt: (headers["x-ms-popreceipt"] as string | undefined) ?? popReceipt };
    },
    "queue.deleteMessage": async ({ queue, messageId, popReceipt }, signal) => {
      const path = `${messagesOf(queue)}/${encodeURIComponent(messageId)}`;
      await service.call({ method: "DELETE", expects: [204], path, query: [["popreceipt", popReceipt]], signal });
      return undefined;
    },
    "queue.count": async (request, signal) => {
      return { messages: await countOf(request, signal) };
    },
  };
}

function readCount(answer: HttpAnswer): number {
  const count = answer.headers["x-ms-approximate-messages-count"];
  const messages = typeof count === "string" && count !== "" ? Number(count) : Number.NaN;
  if (!Number.isInteger(messages)) throw malformedAnswer(answer, "it has no number of messages");
  return messages;
}

const xmlContent = { "content-type": "application/xml; charset=utf-8" };

function messagesOf(queue: string): string {
  return `${encodeURIComponent(queue)}/messages`;
}

function formatMessage(text: string): string {
  const message = `<QueueMessage><MessageText>${escapeXml(text)}</MessageText></QueueMessage>`;
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${message}`;
}

function readMessages(body: string): readonly XmlElement[] {
  const list = parseXml(body);
  if (list.name !== "QueueMessagesList") throw new SyntaxError(`it is <${list.name}>`);
  return list.children.filter(({ name }) => name === "QueueMessage");
}

function readSent(message: XmlElement) {
  return {
    messageId: required(textOf(message, "MessageId"), "MessageId"),
    popReceipt: required(textOf(message, "PopReceipt"), "PopReceipt"),
    insertedOn: readDate(message, "InsertionTime"),
    nextVisibleOn: readDate(message, "TimeNextVisible"),
  };
}

function readReceived(message: XmlElement): ReceivedMessage {
  const dequeueCount = Number(required(textOf(message, "DequeueCount"), "DequeueCount"));
  if (!Number.isInteger(dequeueCount)) throw new SyntaxError("its DequeueCount is no number");
  const text = textOf(message, "MessageText") ?? "";
  const expiresOn = textOf(message, "ExpirationTime") === undefined ? undefined : readDate(message, "ExpirationTime");
  return { ...readSent(message), text, dequeueCount, expiresOn };
}

function readDate(message: XmlElement, name: string): Date {
  const date = new Date(required(textOf(message, name), name));
  if (Number.isNaN(date.getTime())) throw new SyntaxError(`its ${name} is no date`);
  return date;
}
