import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeQueueText,
  encodeQueueText,
  formatLargeMessageWrapper,
  formatMessageData,
  jsonOfQueueText,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { admitMessage } from "../../../../../src/backends/azure-storage/messaging/message-admission.ts";
import { isDurableError } from "../../../../../src/core/errors.ts";
import { forSeeds, SeededRandom } from "../../../../support/seeded-random.ts";

interface Recording {
  readonly scenario: string;
  readonly queue: string;
  /** The text as it was put into the queue. */
  readonly raw: string;
}

const linesOf = (url: URL) => readFileSync(url, "utf8").trim().split(/\r?\n/);
/** Every message of `DurableTask.AzureStorage` 2.11.2 in the recorded scenarios that was kept whole. */
const recordings = linesOf(new URL("../../../../fixtures/dtfx/messages.jsonl", import.meta.url)).map(
  (line) => JSON.parse(line) as Recording,
);
/** Twelve messages as .NET writes them with `UseDataContractSerialization`, and the same without. */
const inDataContract = linesOf(new URL("messages-data-contract.jsonl", import.meta.url));
const inNewtonsoft = linesOf(new URL("messages-same-as-data-contract.jsonl", import.meta.url));

/** What JavaScript cannot keep, or what is read as the same: digits below the millisecond, and times without a zone. */
function normalize(json: string): string {
  return (
    json
      .replace(/"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?Z?"/g, (_, seconds: string, fraction = "") => {
        const digits = fraction.replace(/0+$/, "");
        return `"${seconds}${digits === "" ? "" : `.${digits}`}Z"`;
      })
      // A context without tags is written where .NET may leave it out; both read either.
      .replace(/"OrchestrationExecutionContext":\{[^{}]*\{"\$type":"[^"]*"\}\}/, '"OrchestrationExecutionContext":null')
      .replace(/("Sender":\{"InstanceId":"[^"]*","ExecutionId":)null/, '$1""')
  );
}

function rewrite(text: string): string {
  const queued = decodeQueueText(text);
  return queued.kind === "message" ? formatMessageData(queued.data) : formatLargeMessageWrapper(queued.blobName);
}

function namesOf({ queue }: Recording) {
  const hub = queue.slice(0, queue.search(/-(?:control|workitems)/));
  return {
    taskHub: hub,
    controlQueues: ["00", "01", "02", "03"].map((partition) => `${hub}-control-${partition}`),
    workItemQueue: `${hub}-workitems`,
    historyTable: "",
    instancesTable: "",
    partitionsTable: "",
    largeMessagesContainer: "",
  };
}

describe("messages of .NET", () => {
  it.each([...new Set(recordings.map(({ scenario }) => scenario))])(
    "are read, and written as they were, of the scenario %s",
    (scenario) => {
      for (const recording of recordings.filter((each) => each.scenario === scenario)) {
        const json = normalize(jsonOfQueueText(recording.raw));
        expect(normalize(rewrite(recording.raw))).toBe(json);
        for (const encoding of ["utf8", "base64"] as const) {
          const again = encodeQueueText(rewrite(recording.raw), encoding);
          expect(normalize(rewrite(again))).toBe(json);
        }
      }
    },
  );

  it("all make sense in the queue that they were put into", () => {
    for (const recording of recordings) {
      const queued = decodeQueueText(recording.raw);
      if (queued.kind !== "message") continue;
      expect(admitMessage(queued.data.message, recording.queue, namesOf(recording))).toEqual({ kind: "accept" });
    }
  });

  it.each(inDataContract.map((json, index) => [JSON.parse(json).TaskMessage.Event.__type, json, inNewtonsoft[index]!]))(
    "are read in the form of the DataContract serializer: %s",
    (_, json, same) => {
      expect(decodeQueueText(json)).toEqual(decodeQueueText(same));
      expect(decodeQueueText(encodeQueueText(json, "base64"))).toEqual(decodeQueueText(same));
    },
  );

  it.each([
    [
      "with the assemblies of their types",
      (json: string) => json.replace(/("\$type":"DurableTask\.(\w+)[^"`]*)"/g, '$1, DurableTask.$2"'),
    ],
    [
      "without any type but that of the event",
      (json: string) => json.replace(/"\$type":"(?!DurableTask\.Core\.History)[^"]*",?/g, ""),
    ],
    [
      "with a dictionary of .NET Framework",
      (json: string) => json.replaceAll("[System.String, System.Private.CoreLib]", "[System.String, mscorlib]"),
    ],
    ["after a byte order mark", (json: string) => `\ufeff${json}`],
    ["with spaces around them", (json: string) => `\n ${json}\r\n`],
    [
      "of versions before Episode, Sender, Generation and trace contexts",
      (json: string) =>
        json.replace(
          /,"(?:Episode|Generation)":(?:null|\d+)|,"ParentTraceContext":null|,"GenerateNewTrace":false/g,
          "",
        ),
    ],
  ])("are read %s", (_, change) => {
    for (const { raw } of recordings) {
      const json = jsonOfQueueText(raw);
      const changed = change(json);
      expect(normalize(rewrite(changed)).replace(/,"(?:Episode|Generation)":(?:null|\d+)/g, "")).toBe(
        normalize(rewrite(json)).replace(/,"(?:Episode|Generation)":(?:null|\d+)/g, ""),
      );
      expect(rewrite(encodeQueueText(changed, "base64"))).toBe(rewrite(changed));
    }
  });
});

/** One change of the kind that storage, tools and people make of a text. */
function mutate(text: string, random: SeededRandom): string {
  const at = random.below(text.length);
  const values = ["null", "-1", "1e999", '"\\ud800"', "[]", "{}", "true", "9007199254740993", '"__proto__"', '""'];
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random.below(20));
    case 1:
      return text.slice(0, at) + String.fromCharCode(32 + random.below(95)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at);
    case 3: {
      // Another value for a member.
      const members = [...text.matchAll(/"(\w+)":(null|true|false|-?\d+|"(?:[^"\\]|\\.)*")/g)];
      const member = members[random.below(members.length)];
      if (member === undefined) return text;
      const value = values[random.below(values.length)]!;
      const end = member.index + member[0].length;
      return `${text.slice(0, member.index)}"${member[1]}":${value}${text.slice(end)}`;
    }
    case 4:
      return text.replace(/"\$type":"[^"]*"/, `"$type":${values[random.below(values.length)]!}`);
    default:
      return text.slice(0, at) + text.slice(at, at + 30) + text.slice(at);
  }
}

it("a message that was changed is refused, or is one that can be stored", async () => {
  await forSeeds(30, (seed) => {
    const random = new SeededRandom(seed);
    for (let round = 0; round < 100; round++) {
      const recording = recordings[random.below(recordings.length)]!;
      let text = jsonOfQueueText(recording.raw);
      for (let times = 1 + random.below(3); times > 0; times--) text = mutate(text, random);
      try {
        const queued = decodeQueueText(text);
        if (queued.kind !== "message") continue;
        const { message } = queued.data;
        const admission = admitMessage(message, recording.queue, namesOf(recording));
        expect(["accept", "forward", "refuse"]).toContain(admission.kind);
        // What was read is written, and read as the same.
        const written = formatMessageData(queued.data);
        expect(rewrite(encodeQueueText(written, "base64"))).toBe(written);
        expect(Number.isNaN(message.event.timestamp.getTime())).toBe(false);
        if (admission.kind === "accept" && message.event.type === "TimerFired") {
          expect(message.event.timerId).toBeGreaterThanOrEqual(0);
          expect(message.event.fireAt).toBeInstanceOf(Date);
        }
      } catch (error) {
        if (!isDurableError(error, "CorruptData")) throw error;
      }
    }
  });
});
