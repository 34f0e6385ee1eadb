import fc from "fast-check";
import { expect, it } from "vitest";
import { formatLargeMessage, readLargeMessage } from "../../../../../src/backends/azure-storage/codec/large-message.ts";
import { LongTextReader, LongTexts } from "../../../../../src/backends/azure-storage/codec/long-text-json.ts";
import {
  formatMessageData,
  type MessageData,
  parseMessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { jsonString } from "../../../../../src/backends/azure-storage/codec/wire-text.ts";
import type { HistoryEvent } from "../../../../../src/core/history-event.ts";
import { anyCharacter } from "../../../../support/any-character.ts";

/** Reads a JSON text that comes in pieces which end after the given numbers of units. */
function read(json: string, ends: readonly number[], longUnits: number): { value: unknown; long: number } {
  const texts = new LongTexts("the-mark", longUnits);
  const reader = new LongTextReader(texts);
  const cuts = [...new Set([0, ...ends.map((end) => end % (json.length + 1)), json.length])].sort((a, b) => a - b);
  for (const [index, start] of cuts.entries()) reader.push(json.slice(start, cuts[index + 1]));
  return { value: texts.putBack(JSON.parse(reader.end())), long: texts.count };
}

it("reads every JSON text as JSON.parse does, wherever it is cut and whatever is long", () => {
  const value = fc.jsonValue({ stringUnit: anyCharacter, maxDepth: 4 });
  const cuts = fc.array(fc.nat(), { maxLength: 12 });
  fc.assert(
    fc.property(value, cuts, fc.integer({ min: 0, max: 20 }), fc.boolean(), (value, ends, longUnits, isAscii) => {
      const plain = JSON.stringify(value);
      const toAscii = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII
      const json = isAscii ? plain.replace(/[^\u0000-\u007f]/g, toAscii) : plain;
      expect(read(json, ends, longUnits).value).toEqual(JSON.parse(json));
    }),
    { numRuns: 1000, verbose: 1 },
  );
});

it("reads a text of nothing but backslashes and quotes at every cut", () => {
  const text = '\\\\"\\"""\\';
  const json = JSON.stringify({ a: text, [text]: 1 });
  for (let end = 0; end <= json.length; end++) {
    expect(read(json, [end, end + 1], 3)).toEqual({ value: { a: text, [text]: 1 }, long: 2 });
  }
});

it("takes no text of the message for a stand-in", () => {
  const json = JSON.stringify({ a: "the-mark:7:", b: "x".repeat(50) });
  expect(read(json, [], 20).value).toEqual({ a: "the-mark:7:", b: "x".repeat(50) });
});

it("refuses what has too much beside its long texts, before it is parsed", () => {
  const reader = new LongTextReader(new LongTexts("m"));
  const piece = "[".repeat(1024 * 1024);
  const push = () => {
    for (let count = 0; count < 20; count++) reader.push(piece);
  };
  expect(push).toThrow(expect.objectContaining({ code: "CorruptData" }));
});

const text = `{"a":"b\\\\"}\n${"\u{1f680}ü".repeat(60_000)}`;
const failure = (errorMessage: string, inner?: string): MessageData["message"]["event"] => ({
  type: "TaskFailed",
  taskScheduledId: 0,
  reason: text,
  details: undefined,
  failureDetails: {
    errorType: "E",
    errorMessage,
    stackTrace: text,
    isNonRetriable: false,
    ...(inner !== undefined && { innerFailure: { errorType: "I", errorMessage: inner, isNonRetriable: false } }),
    properties: { big: text, date: "2026-01-01" },
  },
  eventId: -1,
  timestamp: new Date(5),
});
const header = { eventId: -1, timestamp: new Date(5) };
const events: readonly HistoryEvent[] = [
  failure("m", text),
  failure(text),
  { type: "EventRaised", ...header, name: text, input: text, parentTraceContext: undefined },
  { type: "TaskCompleted", ...header, taskScheduledId: 1, result: `${text}\ud800` },
  {
    type: "TaskScheduled",
    ...header,
    name: "n",
    version: undefined,
    input: text,
    parentTraceContext: undefined,
    tags: { a: text, b: "short" },
  },
];

it.each(events)("a large message has the bytes that it always had, and is read back: $type", async (event) => {
  const data: MessageData = {
    activityId: "0b8f9a52-6a1e-4e7e-9a5c-3f3c0d8a1b01",
    message: { event, target: { instanceId: "i", executionId: "x" }, orchestrationTags: { t: text } },
    sequenceNumber: 1,
    episode: 2,
    sender: { instanceId: "s", executionId: "y" },
  };
  const json = [...formatLargeMessage(data, "a-mark")].join("");
  expect(json === formatMessageData(data)).toBe(true);
  const pieces = async function* () {
    for (let start = 0; start < json.length; start += 10_007) yield json.slice(start, start + 10_007);
  };
  expect(await readLargeMessage(pieces(), "a-mark")).toEqual(parseMessageData(json));
});

it("escapes more characters than one replacement can do", () => {
  const quotes = '"'.repeat(3 * 1024 * 1024);
  const json = jsonString(quotes);
  expect(json.length).toBe(2 + 2 * quotes.length);
  expect(JSON.parse(json) === quotes).toBe(true);
});
