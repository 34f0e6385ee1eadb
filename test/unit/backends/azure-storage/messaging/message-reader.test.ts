import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import {
  formatLargeMessageWrapper,
  formatMessageData,
} from "../../../../../src/backends/azure-storage/codec/message-data.ts";
import { hubNames } from "../../../../../src/backends/azure-storage/hub-names.ts";
import { abandonDelayMs } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { MessageQuarantine } from "../../../../../src/backends/azure-storage/messaging/message-quarantine.ts";
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
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const queue = "hub-control-00";

function openReader(answer: (request: StorageRequest) => StorageReply | undefined = () => undefined) {
  const requests: StorageRequest[] = [];
  const logged: string[] = [];
  const storage = new StorageClient(async (request) => {
    requests.push(request);
    return answer(request) ?? { outcome: "done", value: { popReceipt: "p2", names: [] } };
  });
  const payloads = new LargePayloads({ storage, container: "hub-largemessages", blobEndpoint: "http://h/acc" });
  const names = hubNames("Hub", 4);
  const common = { storage, payloads, names, clock: new SteppedClock(), onSent: () => {} };
  const quarantine = new MessageQuarantine(common);
  const log = { log: (_: unknown, event: string) => void logged.push(event) };
  const reader = new MessageReader({ ...common, quarantine, log });
  const read = async (text: string, dequeueCount: number, messageId = "m", from = queue) => {
    const held = await reader.read(from, {
      messageId,
      popReceipt: `p${dequeueCount}`,
      text,
      dequeueCount,
      insertedOn: new Date(0),
      nextVisibleOn: new Date(0),
    });
    await reader.idle(from);
    return held;
  };
  return { requests, logged, read, payloads, reader };
}

it("gives a message that cannot be read time, then moves it aside", async () => {
  const { requests, read } = openReader();
  for (let dequeueCount = 1; dequeueCount <= 5; dequeueCount++)
    expect(await read("{broken", dequeueCount)).toBeUndefined();
  expect(requests.slice(0, 4)).toMatchObject(
    [2000, 4000, 8000, 16_000].map((visibilityTimeoutMs) => ({ kind: "queue.update", visibilityTimeoutMs })),
  );
  expect(requests.slice(4)).toMatchObject([
    { kind: "blob.put", container: "hub-largemessages", blob: "quarantine/hub-control-00/m-5.json" },
    { kind: "queue.deleteMessage", messageId: "m" },
  ]);
  const note = JSON.parse(Buffer.from((requests[4] as { content: Uint8Array }).content).toString("utf8"));
  expect(note).toMatchObject({ queue, text: "{broken", reason: expect.stringContaining("cannot be read") });
});

it("counts the deliveries to other workers, and to itself before a restart", async () => {
  const { requests, read } = openReader();
  await read("{broken", 7);
  expect(requests.map(({ kind }) => kind).slice(0, 2)).toEqual(["blob.put", "queue.deleteMessage"]);
});

it("takes deliveries off that an outage has ended, and reads a blob twice before it gives up", async () => {
  let isAway = true;
  const { requests, read } = openReader(({ kind }) => {
    if (kind !== "blob.get") return undefined;
    return isAway
      ? describeForeignError({ code: "ECONNRESET" }, "h")
      : { outcome: "notFound", errorCode: "BlobNotFound" };
  });
  const wrapper = '{"CompressedBlobName":"a/message-1-EventRaised.json.gz"}';
  for (let dequeueCount = 1; dequeueCount <= 6; dequeueCount++) await read(wrapper, dequeueCount);
  isAway = false;
  for (let dequeueCount = 7; dequeueCount <= 10; dequeueCount++) await read(wrapper, dequeueCount);
  expect(requests.some(({ kind }) => kind === "blob.put")).toBe(false);
  await read(wrapper, 11);
  expect(requests.some(({ kind }) => kind === "blob.put")).toBe(true);

  const successor = openReader(({ kind }) =>
    kind === "blob.get" ? { outcome: "notFound", errorCode: "BlobNotFound" } : undefined,
  );
  await successor.read(wrapper, 20);
  expect(successor.requests.some(({ kind }) => kind === "blob.put")).toBe(false);
  await successor.read(wrapper, 21);
  expect(successor.requests.some(({ kind }) => kind === "blob.put")).toBe(true);
});

it("leaves a message to whoever has it by now, and takes its copy back", async () => {
  const { requests, read, logged } = openReader(({ kind }) =>
    kind === "queue.deleteMessage" ? { outcome: "notFound", errorCode: "MessageNotFound" } : undefined,
  );
  await read("{broken", 5);
  expect(requests).toMatchObject([
    { kind: "blob.put", blob: "quarantine/hub-control-00/m-5.json" },
    { kind: "queue.deleteMessage", popReceipt: "p5" },
    { kind: "blob.delete", blob: "quarantine/hub-control-00/m-5.json" },
  ]);
  expect(logged).not.toContain("MessageQuarantined");
});

it("keeps its copy when the deletion was done and its answer lost, or may have been", async () => {
  const done = openReader(({ kind }) =>
    kind === "queue.deleteMessage"
      ? { outcome: "notFound", errorCode: "MessageNotFound", afterLostAnswer: true }
      : undefined,
  );
  await done.read("{broken", 5);
  expect(done.logged).toContain("MessageQuarantined");
  const unknown = openReader(({ kind }) =>
    kind === "queue.deleteMessage" ? describeForeignError({ code: "ECONNRESET" }, "h") : undefined,
  );
  await unknown.read("{broken", 5);
  for (const { requests } of [done, unknown]) expect(requests.map(({ kind }) => kind)).not.toContain("blob.delete");
  expect(unknown.logged).toContain("MessageHandlingFailed");
});

it("replaces the copy of an earlier delivery that could not be deleted", async () => {
  const older = "quarantine/hub-control-00/m-5.json";
  const { requests, read } = openReader(({ kind }) =>
    kind === "blob.list"
      ? {
          outcome: "done",
          value: { names: [older, "quarantine/hub-control-00/m-6.json"], continuationToken: undefined },
        }
      : undefined,
  );
  await read("{broken", 6);
  expect(requests.filter(({ kind }) => kind === "blob.delete")).toMatchObject([{ blob: older }]);
});

it("puts a message for another partition into the queue of that, before it is gone from here", async () => {
  const { requests, read, logged } = openReader();
  const text = sent("4f0f2a5e-6d8e-4f52-9b8e-0d7a4f0f2a5e", "abc");
  expect(await read(text, 1)).toBeUndefined();
  expect(requests).toMatchObject([
    { kind: "queue.send", queue: "hub-control-03", text },
    { kind: "queue.deleteMessage", queue, popReceipt: "p1" },
  ]);
  expect(logged).toEqual(["MessageForwarded"]);
  // There it comes under another id.
  expect((await read(text, 1, "n", "hub-control-03"))?.id).toBe("n");
});

it("reads a message again that came back out of the quarantine", async () => {
  const { requests, read } = openReader();
  const text = sent("4f0f2a5e-6d8e-4f52-9b8e-0d7a4f0f2a5e");
  expect(await read(text, 5, "m", "hub-workitems")).toBeUndefined();
  expect(requests.some(({ kind }) => kind === "blob.put")).toBe(true);
  expect((await read(text, 1, "n"))?.id).toBe("n");
});

it("reads the blob of no other instance, and those of all times of .NET", async () => {
  const gzipped = gzipSync(sent("4f0f2a5e-6d8e-4f52-9b8e-0d7a4f0f2a5e"));
  const readOf = async (blob: string) => {
    const { read } = openReader(({ kind }) => (kind === "blob.get" ? { outcome: "done", value: gzipped } : undefined));
    return (await read(formatLargeMessageWrapper(blob), 1))?.id;
  };
  expect(await readOf("victim/message-1-EventRaised.json.gz")).toBeUndefined();
  expect(await readOf("a/b/message-1-EventRaised.json.gz")).toBeUndefined();
  for (const blob of ["a/message-1-EventRaised.json.gz", "A/message-000-eventraised.json.gz", "0f0f0f0f"]) {
    expect(await readOf(blob)).toBe("m");
  }
});

it("lets nobody wait while it deals with what it does not take, up to a limit", async () => {
  const answers: (() => void)[] = [];
  const storage = new StorageClient(
    () => new Promise((resolve) => answers.push(() => resolve({ outcome: "done", value: { popReceipt: "p" } }))),
  );
  const payloads = new LargePayloads({ storage, container: "c", blobEndpoint: "http://h/acc" });
  const common = { storage, payloads, names: hubNames("Hub", 4), clock: new SteppedClock(), onSent: () => {} };
  const reader = new MessageReader({ ...common, quarantine: new MessageQuarantine(common), log: silentLog });
  const bad = (id: number) =>
    reader.read(queue, {
      messageId: String(id),
      popReceipt: "p",
      text: "{",
      dequeueCount: 1,
      insertedOn: new Date(0),
      nextVisibleOn: new Date(0),
    });
  for (let id = 0; id < 64; id++) expect(await bad(id)).toBeUndefined();
  let isRead = false;
  const next = bad(64).then(() => (isRead = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isRead).toBe(false);
  answers.shift()!();
  await next;
  for (const answer of answers) answer();
  await reader.idle(queue);
});

it("does not count an outage as an attempt", async () => {
  const wrapper = '{"CompressedBlobName":"a/message-1-EventRaised.json.gz"}';
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

const sent = (activityId: string, instanceId = "a"): string =>
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
      target: { instanceId, executionId: undefined },
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
  const wrapper = formatLargeMessageWrapper("a/message-1-EventRaised.json.gz");
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
