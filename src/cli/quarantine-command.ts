import {
  type Quarantine,
  type QuarantinedContent,
  type QuarantinedMessage,
  requireQuarantine,
} from "../core/quarantine.ts";
import { createEventSink } from "../host/host-log.ts";
import type { OpenTaskHub } from "../hosting/task-hub.ts";
import { withChosenHub } from "./hub-access.ts";
import { printable } from "./printable.ts";
import type { QuarantineOptions } from "./quarantine-options.ts";
import type { Terminal } from "./terminal.ts";

const pageSize = 500;

/** `durable quarantine`: shows and settles messages that were put aside. Resolves to the exit code. */
export function runQuarantine(options: QuarantineOptions, terminal: Terminal): Promise<number> {
  const log = createEventSink(({ level, message }) => {
    if (level === "warn" || level === "error") terminal.fail(message);
  });
  const settle = ({ client }: OpenTaskHub) => settleQuarantined(requireQuarantine(client), options, terminal);
  return withChosenHub(options, terminal, settle, { log });
}

/** Does what was asked for. Resolves to the exit code: 1 when there is no message of an id. */
export async function settleQuarantined(
  quarantine: Quarantine,
  { action, ids, json }: Pick<QuarantineOptions, "action" | "ids" | "json">,
  terminal: Pick<Terminal, "print" | "fail" | "paint">,
): Promise<number> {
  if (action === "ls") {
    const messages = await listAll(quarantine);
    if (json) terminal.print(JSON.stringify({ messages }, undefined, 2));
    else for (const line of describeAll(messages, terminal)) terminal.print(line);
    return 0;
  }
  if (action === "show") {
    const message = await quarantine.get(ids[0]!);
    if (message === undefined) return failUnknown(ids, terminal);
    if (json) terminal.print(JSON.stringify({ ...message, decoded: decode(message.text) }, undefined, 2));
    else for (const line of describe(message)) terminal.print(line);
    return 0;
  }
  const chosen = ids.length > 0 ? ids : (await listAll(quarantine)).map(({ id }) => id);
  const done: string[] = [];
  const unknown: string[] = [];
  for (const id of chosen) {
    const isDone = action === "requeue" ? await quarantine.requeue(id) : await quarantine.drop(id);
    (isDone ? done : unknown).push(id);
  }
  const verb = action === "requeue" ? "requeued" : "dropped";
  if (json) terminal.print(JSON.stringify({ [verb]: done, unknown }, undefined, 2));
  else terminal.print(`${done.length} message(s) ${verb}.`);
  return unknown.length === 0 ? 0 : failUnknown(unknown, terminal);
}

async function listAll(quarantine: Quarantine): Promise<readonly QuarantinedMessage[]> {
  const messages: QuarantinedMessage[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await quarantine.list({ pageSize, continuationToken });
    messages.push(...page.messages);
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return messages;
}

function failUnknown(ids: readonly string[], terminal: Pick<Terminal, "fail">): number {
  for (const id of ids) terminal.fail(`There is no message ${printable(id)} in the quarantine.`);
  return 1;
}

function describeAll(messages: readonly QuarantinedMessage[], terminal: Pick<Terminal, "paint">): readonly string[] {
  if (messages.length === 0) return ["The quarantine is empty."];
  return messages.flatMap(({ id, reason, quarantinedAt, deliveryCount, eventType, instanceId }) => {
    const what = `${eventType ?? "unreadable"}${instanceId === undefined ? "" : ` for ${printable(instanceId)}`}`;
    return [
      printable(id),
      terminal.paint("grey", `  ${quarantinedAt.toISOString()}, after ${deliveryCount} deliveries: ${what}`),
      `  ${printable(reason)}`,
    ];
  });
}

function describe(message: QuarantinedContent): readonly string[] {
  const { id, queue, messageId, reason, deliveryCount, insertedAt, quarantinedAt, eventType, instanceId, text } =
    message;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Id", id],
    ["Queue", queue],
    ["Message", messageId],
    ["Reason", reason],
    ["Deliveries", String(deliveryCount)],
    ["Inserted", insertedAt.toISOString()],
    ["Put aside", quarantinedAt.toISOString()],
    ["Event", eventType],
    ["Instance", instanceId],
  ];
  const decoded = decode(text);
  return [
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : `${`${name}:`.padEnd(12)}${printable(value)}`)),
    "",
    printable(text),
    ...(decoded === undefined ? [] : ["", "which is Base64 of", "", printable(decoded)]),
  ];
}

/** What a text says that is Base64 of other text; `undefined` for any other. */
function decode(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return undefined;
  const decoded = Buffer.from(trimmed, "base64");
  const shown = decoded.toString("utf8");
  return Buffer.from(shown, "utf8").equals(decoded) ? shown : undefined;
}
