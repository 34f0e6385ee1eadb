import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import {
  formatLargeMessageWrapper,
  formatMessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { abandonDelayMs } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { MessageReader } from "../../../../../src/backends/azure-storage/messaging/message-reader.ts";
import { PollingBackoff } from "../../../../../src/backends/azure-storage/messaging/polling-backoff.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { describeForeignError } from "../../../../../src/backends/azure-storage/storage/storage-failure.ts";
import type {
  StorageReply,
  StorageRequest,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { LargePayloads } from "../../../../../src/backends/azure-storage/tracking/large-payloads.ts";
import { silentLog } from "../../../../../src/core/ports.ts";

function openReader(answer: (request: StorageRequest) => StorageReply | undefined = () => undefined) {
  const requests: StorageRequest[] = [];
  const storage = new StorageClient(async (request) => {
    requests.push(request);
    return answer(request) ?? { outcome: "done", value: { popReceipt: "p2" } };
  });
  const payloads = new LargePayloads({ storage, container: "hub-largemessages", blobEndpoint: "http://h/acc" });
  const reader = new MessageReader({ storage, payloads, log: silentLog, taskHub: "Hub" });
  const read = (text: string, dequeueCount: number, messageId = "m") =>
    reader.read("q", {
      messageId,
      popReceipt: "p",
      text,
      dequeueCount,
      insertedOn: new Date(0),
      nextVisibleOn: new Date(0),
    });
  return { requests, read, payloads };
}

it("gives a message that cannot be read time, then moves it aside", async () => {
  const { requests, read } = openReader();
  for (let dequeueCount = 1; dequeueCount <= 5; dequeueCount++)
    expect(await read("{broken", dequeueCount)).toBeUndefined();
  expect(requests.slice(0, 4)).toMatchObject(
    [2000, 4000, 8000, 16_000].map((visibilityTimeoutMs) => ({ kind: "queue.update", visibilityTimeoutMs })),
  );
  expect(requests.slice(4)).toMatchObject([
    { kind: "blob.put", container: "hub-largemessages", blob: "quarantine/q/m.json" },
    { kind: "queue.deleteMessage", messageId: "m" },
  ]);
  const note = JSON.parse(Buffer.from((requests[4] as { content: Uint8Array }).content).toString("utf8"));
  expect(note).toMatchObject({ queue: "q", text: "{broken", reason: expect.stringContaining("cannot be read") });
});

it("does not count an outage as an attempt", async () => {
  const wrapper = '{"CompressedBlobName":"i/message-1-EventRaised.json.gz"}';
  const { requests, read } = openReader(({ kind }) =>
    kind === "blob.get" ? describeForeignError({ code: "ECONNRESET" }, "h") : undefined,
  );
  for (let dequeueCount = 1; dequeueCount <= 20; dequeueCount++) await read(wrapper, dequeueCount);
  expect(requests.some(({ kind }) => kind === "queue.deleteMessage")).toBe(false);
});

it.each([
  ["is missing", { outcome: "notFound", errorCode: "BlobNotFound" }],
  ["is not gzip", { outcome: "done", value: Buffer.from("plain") }],
  ["holds no message", { outcome: "done", value: gzipSync("[]") }],
] as const)("survives a large message whose blob %s", async (_, reply) => {
  const { read } = openReader(({ kind }) => (kind === "blob.get" ? reply : undefined));
  expect(await read('{"CompressedBlobName":"b"}', 1)).toBeUndefined();
});

it("follows URLs into the hub's own container only", () => {
  const { payloads } = openReader();
  const url = payloads.urlOf("a b/ü?#.json.gz");
  expect(url).toBe("http://h/acc/hub-largemessages/a%20b/%C3%BC%3F%23.json.gz");
  expect(payloads.blobOf(url)).toBe("a b/ü?#.json.gz");
  for (const text of [
    "http://h/acc/other/x.json.gz",
    "https://evil/x.json.gz",
    '"text"',
    "http://h/acc/hub-largemessages/%ff.json.gz",
  ]) {
    expect(payloads.blobOf(text)).toBeUndefined();
  }
});

it("refuses to keep large payloads where paths would lead elsewhere", async () => {
  await expect(openReader().payloads.put("../message-1.json.gz", "x")).rejects.toMatchObject({
    code: "InvalidPayload",
  });
});

it("abandons for a time that doubles", () => {
  expect([1, 2, 9, 10, 31, 1e9].map(abandonDelayMs)).toEqual([2000, 4000, 512_000, 600_000, 600_000, 600_000]);
});

it("polls an empty queue less and less often", () => {
  const backoff = new PollingBackoff(30_000, () => 0.5);
  const delays = Array.from({ length: 13 }, () => backoff.next());
  expect(delays).toEqual([50, 100, 150, 250, 450, 850, 1650, 3250, 6450, 12_850, 25_650, 30_000, 30_000]);
  backoff.foundForeign();
  expect(backoff.next()).toBe(50);
  // Of the next message of our own it is told.
  backoff.foundOwn();
  expect(backoff.next()).toBe(150);
});

const sent = (activityId: string): string =>
  formatMessageData({
    activityId,
    message: {
      event: {
        type: "EventRaised",
        eventId: -1,
        timestamp: new Date(0),
        name: "go",
        input: undefined,
        parentTraceContext: undefined,
      },
      target: { instanceId: "i", executionId: undefined },
    },
    sequenceNumber: 1,
    episode: undefined,
    sender: { instanceId: "", executionId: "" },
  });

it("a message that was sent twice is read once, and as often as it is delivered", async () => {
  const { requests, read } = openReader();
  const text = sent("4f0f2a5e-6d8e-4f52-9b8e-0d7a4f0f2a5e");
  const read1 = await read(text, 1, "first");
  const second = await read(text, 1, "second");
  const again = await read(text, 2, "first");
  expect([read1?.id, second, again?.id]).toEqual(["first", undefined, "first"]);
  expect(requests).toMatchObject([{ kind: "queue.deleteMessage", messageId: "second" }]);
});

it("the repeat of a large message leaves the payload to the first", async () => {
  const gzipped = gzipSync(sent("4f0f2a5e-6d8e-4f52-9b8e-0d7a4f0f2a5e"));
  const { requests, read } = openReader(({ kind }) =>
    kind === "blob.get" ? { outcome: "done", value: gzipped } : undefined,
  );
  const wrapper = formatLargeMessageWrapper("i/message-1-EventRaised.json.gz");
  expect((await read(wrapper, 1, "first"))?.id).toBe("first");
  expect(await read(wrapper, 1, "second")).toBeUndefined();
  expect(requests.map(({ kind }) => kind)).toEqual(["blob.get", "queue.deleteMessage"]);
});

it.each(["", "00000000-0000-0000-0000-000000000000"])(
  "messages that their sender has not named are all read",
  async (id) => {
    const { read } = openReader();
    expect((await read(sent(id), 1, "first"))?.id).toBe("first");
    expect((await read(sent(id), 1, "second"))?.id).toBe("second");
  },
);
