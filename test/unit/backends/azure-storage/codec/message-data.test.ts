import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertJsonDepth } from "../../../../../src/backends/azure-storage/codec/json-depth.ts";
import {
  decodeQueueText,
  encodeQueueText,
  formatLargeMessageWrapper,
  formatMessageData,
  type MessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { formatTags } from "../../../../../src/backends/azure-storage/codec/nested-json.ts";
import { formatDate, jsonString, parseDate } from "../../../../../src/backends/azure-storage/codec/wire-text.ts";
import { isDurableError } from "../../../../../src/core/errors.ts";
import { anyCharacter } from "../../../../support/any-character.ts";

// One message as .NET workers write it per line: clients, activities, timers, children, entities, a large message.
const samples = readFileSync(new URL("messages.jsonl", import.meta.url), "utf8")
  .trim()
  .split(/\r?\n/);

function titleOf(json: string): string {
  const message = JSON.parse(json).TaskMessage;
  return message === null
    ? "large message"
    : `${message.Event.$type.split(".").pop()} ${JSON.parse(json).SequenceNumber}`;
}

describe("message data", () => {
  it.each(samples.map((json) => [titleOf(json), json]))("is written as it was read: %s", (_, json) => {
    const queued = decodeQueueText(json);
    const written =
      queued.kind === "message" ? formatMessageData(queued.data) : formatLargeMessageWrapper(queued.blobName);
    // JavaScript dates end at the millisecond.
    expect(written).toBe(json.replace("00.1234567Z", "00.123Z"));
  });

  it.each(samples.map((json) => [titleOf(json), json]))("is the same in Base64: %s", (_, json) => {
    expect(decodeQueueText(encodeQueueText(json, "base64"))).toEqual(decodeQueueText(json));
  });

  it("reads a message whose optional members are missing and that has unknown ones", () => {
    const json =
      '{"TaskMessage":{"Event":{"$type":"DurableTask.Core.History.EventRaisedEvent, DurableTask.Core","Name":"Go",' +
      '"Later":1},"OrchestrationInstance":{"InstanceId":"a"}},"More":{}}';
    expect(decodeQueueText(json)).toMatchObject({
      kind: "message",
      data: {
        episode: undefined,
        sender: { instanceId: "", executionId: "" },
        message: { event: { type: "EventRaised", name: "Go", eventId: -1 }, target: { instanceId: "a" } },
      },
    });
  });

  it("leaves the type out of tags", () => {
    const queued = decodeQueueText(samples.find((json) => json.includes('"region":"eu"'))!);
    expect(queued).toMatchObject({ data: { message: { event: { tags: { region: "eu" } } } } });
    expect(JSON.stringify(queued)).not.toContain("$type");
  });

  const event = (text: string) => `{"TaskMessage":{"Event":${text},"OrchestrationInstance":{"InstanceId":"a"}}}`;
  it.each([
    ["nothing", "", "is empty"],
    ["half a JSON text", '{"TaskMessage":', "cannot be read"],
    ["a number", "NDI=", "not a JSON object"],
    ["Base64 of nothing known", "AAAA", "cannot be read"],
    ["no event", '{"TaskMessage":{"OrchestrationInstance":{"InstanceId":"a"}}}', "carries no event"],
    ["no instance", '{"TaskMessage":{"Event":{}}}', "names no instance"],
    ["an event without a type", event("{}"), "has no $type"],
    [
      "an unknown type",
      event('{"$type":"System.Diagnostics.Process"}'),
      "unknown event type System.Diagnostics.Process",
    ],
    ["an inherited name as type", event('{"$type":"constructor"}'), "unknown event type constructor"],
    ["an event without its name", event('{"$type":"DurableTask.Core.History.TaskScheduledEvent"}'), "has no Name"],
    [
      "a bad date",
      event('{"$type":"DurableTask.Core.History.TimerFiredEvent","TimerId":1,"FireAt":"soon"}'),
      "is not a date",
    ],
    ["a timer at no time", event('{"$type":"DurableTask.Core.History.TimerFiredEvent","TimerId":1}'), "has no FireAt"],
    [
      "an answer to nothing",
      event('{"$type":"DurableTask.Core.History.TaskCompletedEvent"}'),
      "has no TaskScheduledId",
    ],
    [
      "an answer to what is no number",
      event('{"$type":"DurableTask.Core.History.TaskCompletedEvent","TaskScheduledId":"0"}'),
      "TaskScheduledId is not a whole number",
    ],
    [
      "an answer to a number beyond 32 bits",
      event('{"$type":"DurableTask.Core.History.TaskCompletedEvent","TaskScheduledId":2147483648}'),
      "TaskScheduledId is not a whole number",
    ],
    [
      "a name of another type",
      event('{"$type":"DurableTask.Core.History.EventRaisedEvent","Name":1}'),
      "Name is not a text",
    ],
    ["a hostile type around it", '{"$type":"System.Diagnostics.Process, System","TaskMessage":{}}', "unexpected type"],
    ["a deep text", `{"a":${"[".repeat(1001)}${"]".repeat(1001)}}`, "nested deeper than 1000"],
    ["brackets and nothing else", "[".repeat(65_536), "nested deeper than 1000"],
    ["spaces without an end", `${" ".repeat(60_000)}!`, "neither JSON nor Base64"],
  ])("is refused as corrupt: %s", (_, text, reason) => {
    expect(() => decodeQueueText(text)).toThrow(expect.objectContaining({ code: "CorruptData" }));
    expect(() => decodeQueueText(text)).toThrow(reason);
  });

  it("says nothing of its text", () => {
    for (const text of ["secret", "{secret", '{"secret"', '{"a":secret}', '["secret",]']) {
      const json = text.startsWith("{") ? text : `{"a":1} ${text}`;
      expect(() => decodeQueueText(json)).toThrow(/^(?!.*secret)/s);
    }
  });

  it("never fails otherwise than with CorruptData, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.json().map(event)), (text) => {
        try {
          decodeQueueText(text);
        } catch (error) {
          expect(isDurableError(error, "CorruptData")).toBe(true);
        }
      }),
      { numRuns: 500, verbose: 1 },
    );
  });

  it("leaves out names that would give orders to the .NET serializer", () => {
    const properties = {
      $type: "System.Diagnostics.Process",
      code: 1,
      inner: [{ $ref: "1", $id: "2", $values: [], a: 3 }],
    };
    const json = formatMessageData({
      activityId: "a",
      message: {
        event: {
          type: "TaskFailed",
          taskScheduledId: 0,
          reason: undefined,
          details: undefined,
          failureDetails: { errorType: "E", errorMessage: "m", isNonRetriable: false, properties },
          eventId: -1,
          timestamp: new Date(0),
        },
        target: { instanceId: "i", executionId: undefined },
      },
      sequenceNumber: 1,
      episode: 1,
      sender: { instanceId: "i", executionId: "x" },
    });

    expect(json).toContain('"Properties":{"code":1,"inner":[{"a":3}]}');
  });

  it("writes no tag that would give orders to the .NET serializer", () => {
    expect(formatTags({ $type: "X", $id: "1", $ref: "1", region: "eu" }, "plain")).toBe('{"region":"eu"}');
  });

  it("keeps every text, in both encodings", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter }),
        fc.constantFrom("base64" as const, "utf8" as const),
        (text, encoding) => {
          const data: MessageData = {
            activityId: "0b8f9a52-6a1e-4e7e-9a5c-3f3c0d8a1b01",
            message: {
              event: {
                type: "EventRaised",
                name: "n",
                input: text,
                parentTraceContext: undefined,
                eventId: -1,
                timestamp: new Date(0),
              },
              target: { instanceId: `i${text}`, executionId: undefined },
            },
            sequenceNumber: 1,
            episode: undefined,
            sender: { instanceId: "", executionId: "" },
          };
          const written = encodeQueueText(formatMessageData(data), encoding);
          expect(written.isWellFormed()).toBe(true);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML cannot carry
          expect(written).not.toMatch(/[\u0000-\u001f\ufffe\uffff]/);
          expect(decodeQueueText(written)).toEqual({ kind: "message", data });
        },
      ),
      { numRuns: 300, verbose: 1 },
    );
  });

  it("keeps a lone surrogate", () => {
    const json = formatMessageData({
      activityId: "a",
      message: {
        event: {
          type: "EventRaised",
          name: "\ud800\ufffe",
          input: "",
          parentTraceContext: undefined,
          eventId: -1,
          timestamp: new Date(0),
        },
        target: { instanceId: "i", executionId: undefined },
      },
      sequenceNumber: 1,
      episode: 2,
      sender: { instanceId: "", executionId: "" },
    });
    expect(encodeQueueText(json, "utf8")).toContain('"\\ud800\\ufffe"');
    expect(decodeQueueText(encodeQueueText(json, "base64"))).toMatchObject({
      data: { message: { event: { name: "\ud800\ufffe" } } },
    });
  });
});

describe("wire texts", () => {
  it.each([
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'],
    ["\u0001\u0085\u2028\u2029", '"\\u0001\\u0085\\u2028\\u2029"'],
    ["/<>&'\u007fé世🌍", '"/<>&\'\u007fé世🌍"'],
  ])("escapes %j as .NET does", (text, json) => {
    expect(jsonString(text)).toBe(json);
  });

  it.each([
    ["2026-06-24T10:00:00Z", "2026-06-24T10:00:00Z"],
    ["2026-06-24T10:00:00.1234567Z", "2026-06-24T10:00:00.123Z"],
    ["2026-06-24T10:00:00.5Z", "2026-06-24T10:00:00.5Z"],
    ["2026-06-24T10:00:00.25+00:00", "2026-06-24T10:00:00.25Z"],
    ["2026-06-24T12:00:00.100+02:00", "2026-06-24T10:00:00.1Z"],
    ["2026-06-24T10:00:00.5", "2026-06-24T10:00:00.5Z"],
    ["/Date(1782295200500)/", "2026-06-24T10:00:00.5Z"],
    ["/Date(1782295200500+0200)/", "2026-06-24T10:00:00.5Z"],
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z"],
  ])("reads the date %s", (text, written) => {
    expect(formatDate(parseDate(text, "it"))).toBe(written);
  });

  it.each(["", "1", "soon", "2026", "24 June 2026", "2026-06-24", "2026-13-24T10:00:00Z", "2026-06-24T10:00:00 GMT"])(
    "takes %j for no date",
    (text) => {
      expect(() => parseDate(text, "it")).toThrow("it is not a date");
    },
  );

  it("counts the depth of a text outside of its strings", () => {
    const deep = (depth: number, inside: string) => "[".repeat(depth) + inside + "]".repeat(depth);
    for (const inside of ['"[[[["', '"\\\\", "\\"[[[["', "1"]) {
      expect(() => assertJsonDepth(deep(1000, inside), "it")).not.toThrow();
      expect(() => assertJsonDepth(deep(1001, inside), "it")).toThrow("nested deeper than 1000");
    }
    const wide = `[${Array.from({ length: 5000 }, () => '{"a":[]}').join(",")}]`;
    expect(() => assertJsonDepth(wide, "it")).not.toThrow();
    expect(() => assertJsonDepth(`"${"[".repeat(5000)}`, "it")).not.toThrow();
  });
});
