import { expect, it } from "vitest";
import { parseCommandLine } from "../../../src/cli/command-line.ts";
import { settleQuarantined } from "../../../src/cli/quarantine-command.ts";
import type { QuarantineAction } from "../../../src/cli/quarantine-options.ts";
import type { Quarantine, QuarantinedContent } from "../../../src/core/quarantine.ts";

function content(id: string, text: string, change: Partial<QuarantinedContent> = {}): QuarantinedContent {
  const at = new Date(Date.UTC(2026, 10, 26));
  return {
    id,
    queue: "hub-control-00",
    messageId: "m",
    reason: "the message carries no event",
    deliveryCount: 5,
    insertedAt: at,
    quarantinedAt: at,
    instanceId: undefined,
    eventType: undefined,
    length: text.length,
    text,
    ...change,
  };
}

/** A quarantine with pages of two. */
function openQuarantine(...contents: readonly QuarantinedContent[]) {
  const kept = new Map(contents.map((message) => [message.id, message]));
  const requeued: string[] = [];
  const quarantine: Quarantine = {
    list: async ({ continuationToken = "0" } = {}) => {
      const start = Number(continuationToken);
      const page = [...kept.values()].slice(start, start + 2);
      const messages = page.map(({ text: _, ...message }) => message);
      return { messages, continuationToken: start + 2 < kept.size ? String(start + 2) : undefined };
    },
    get: async (id) => kept.get(id),
    requeue: async (id) => {
      if (kept.has(id)) requeued.push(id);
      return kept.delete(id);
    },
    drop: async (id) => kept.delete(id),
  };
  const printed: string[] = [];
  const failed: string[] = [];
  const terminal = {
    print: (line: string) => void printed.push(line),
    fail: (line: string) => void failed.push(line),
    paint: (_: string, text: string) => text,
  };
  const run = (action: QuarantineAction, ids: readonly string[] = [], json = false) =>
    settleQuarantined(quarantine, { action, ids, json }, terminal);
  return { run, kept, requeued, printed, failed };
}

const secret = Buffer.from('{"secret":"of a user"}').toString("base64");

it("reads what it is asked for", () => {
  expect(parseCommandLine(["quarantine", "drop", "q/1", "q/2", "--json", "--hub", "MyHub"], "/srv")).toEqual({
    kind: "quarantine",
    options: {
      action: "drop",
      ids: ["q/1", "q/2"],
      json: true,
      appFolder: "/srv",
      hubName: "MyHub",
      storage: undefined,
      partitionCount: undefined,
    },
  });
});

it("lists all messages with their reasons, and shows the text of none", async () => {
  const { run, printed } = openQuarantine(content("q/1", secret), content("q/2", "x"), content("q/3", "y"));
  expect(await run("ls")).toBe(0);
  expect(printed.filter((line) => line.startsWith("q/"))).toEqual(["q/1", "q/2", "q/3"]);
  expect(printed.join("\n")).toContain("the message carries no event");
  expect(await run("ls", [], true)).toBe(0);
  expect(JSON.parse(printed.at(-1)!).messages).toHaveLength(3);
  expect(printed.join("\n")).not.toContain(secret);
});

it("shows one message with its text, and what that is Base64 of", async () => {
  const { run, printed, failed } = openQuarantine(content("q/1", secret), content("q/2", "not JSON"));
  expect(await run("show", ["q/1"])).toBe(0);
  expect(printed).toContain(secret);
  expect(printed).toContain('{"secret":"of a user"}');
  expect(await run("show", ["q/2"], true)).toBe(0);
  expect(JSON.parse(printed.at(-1)!)).toMatchObject({ id: "q/2", text: "not JSON" });
  expect(await run("show", ["q/4"])).toBe(1);
  expect(failed).toEqual(["There is no message q/4 in the quarantine."]);
});

it("puts back and drops what it is told, or all", async () => {
  const { run, kept, requeued, printed } = openQuarantine(
    content("q/1", "x"),
    content("q/2", "x"),
    content("q/3", "x"),
  );
  expect(await run("requeue", ["q/2", "q/9"])).toBe(1);
  expect(requeued).toEqual(["q/2"]);
  expect(await run("drop", ["q/1"], true)).toBe(0);
  expect(JSON.parse(printed.at(-1)!)).toEqual({ dropped: ["q/1"], unknown: [] });
  expect(await run("requeue", [])).toBe(0);
  expect(kept.size).toBe(0);
  expect(await run("ls")).toBe(0);
  expect(printed.at(-1)).toBe("The quarantine is empty.");
});

it("prints nothing that would move a cursor", async () => {
  const hostile = "\u001b[2J\u0007\u202e\r\nend";
  const { run, printed } = openQuarantine(content("q/1", hostile, { reason: hostile, instanceId: hostile }));
  await run("ls");
  await run("show", ["q/1"]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal acts on
  for (const line of printed) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
