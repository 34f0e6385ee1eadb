import { gunzipSync, gzipSync } from "node:zlib";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBlobPayloadStore } from "../../src/backends/azure-storage/payload-store.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { GrpcOrchestrationClient } from "../../src/grpc/client/grpc-orchestration-client.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { connect, serve } from "./grpc-client-fixture.ts";

const container = "durabletask-payloads";
let azurite: Azurite;
let blobs: BlobServiceClient;

beforeAll(async () => {
  azurite = await startAzurite();
  blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
});

afterAll(() => azurite.stop());

const openStore = (options: object = {}) =>
  createBlobPayloadStore({ connectionString: azurite.connectionString, ...options });

/** What another SDK would have stored. */
async function putBlob(name: string, content: Buffer, blobContentEncoding?: string): Promise<string> {
  const blob = blobs.getContainerClient(container).getBlockBlobClient(name);
  await blob.upload(content, content.byteLength, {
    ...(blobContentEncoding !== undefined && { blobHTTPHeaders: { blobContentEncoding } }),
  });
  return blob.url;
}

const text = `"${"äöü €".repeat(40_000)}"`;

it("a text comes back by its token, from a container that is made when it is first missed", async () => {
  const store = openStore();

  const token = await store.upload(text, "order-7");
  const [, name] = /^blob:v1:durabletask-payloads:(order-7\/[0-9a-f]{32})$/.exec(token) ?? [];
  const blob = blobs.getContainerClient(container).getBlockBlobClient(name!);

  expect(store.isToken(token)).toBe(true);
  expect(await store.download(token)).toBe(text);
  expect((await blob.getProperties()).contentEncoding).toBe("gzip");
  expect((await blob.getProperties()).contentLength).toBeLessThan(text.length);
  expect(await store.upload(text, "a/../b")).toMatch(/^blob:v1:durabletask-payloads:[0-9a-f]{32}$/);
});

it.each<[string, Buffer, string?]>([
  [".NET and Java", gzipSync(text), "gzip"],
  ["Python", gzipSync(text)],
  ["somebody who does not compress", Buffer.from(text)],
])("blobs of %s are read, by tokens of both forms", async (_, content, encoding) => {
  const store = openStore();
  await store.upload("make the container");
  const url = await putBlob("order-8/ab cd", content, encoding);

  expect(await store.download(`blob:v1:${container}:order-8/ab cd`)).toBe(text);
  expect(await store.download(`blob:v2:${url}`)).toBe(text);
});

it("no other container, account or blob is read, and nothing that unfolds too far", async () => {
  const store = openStore({ maxBytes: 1000 });
  await store.upload("make the container");
  await putBlob("bomb", gzipSync(Buffer.alloc(100_000)));
  await putBlob("broken", Buffer.from([0x1f, 0x8b, 1, 2, 3]));
  const root = `http://127.0.0.1:${azurite.ports.blob}/devstoreaccount1`;

  for (const token of [
    "blob:v1:secrets:x",
    "blob:v1:",
    "blob:v1:durabletask-payloads",
    `blob:v1:${container}:../secrets/x`,
    `blob:v1:${container}:missing`,
    `blob:v1:${container}:bomb`,
    `blob:v1:${container}:broken`,
    `blob:v2:${root}/secrets/x`,
    `blob:v2:${root}/${container}/%zz`,
    `blob:v2:http://other.example/devstoreaccount1/${container}/bomb`,
    "blob:v2:no url",
  ]) {
    await expect(store.download(token), token).rejects.toMatchObject({ code: "CorruptData" });
  }
});

it("a client sends large inputs by token and reads large outputs by theirs", async () => {
  const payloads = openStore();
  const output = await payloads.upload(text);
  await using server = await serve({
    startInstance: ({ instanceId }) => ({ instanceId }),
    raiseEvent: () => ({}),
    getInstance: () => ({ exists: true, orchestrationState: { instanceId: "a", name: "n", output, input: '"small"' } }),
    streamInstanceHistory: async function* () {
      yield { events: [{ eventId: 0, eventType: { case: "taskCompleted", value: { result: output } } }] };
    },
  });
  using channel = connect(server);
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom, payloads });

  await client.startInstance({ name: "n", instanceId: "a", input: text });
  await client.raiseEvent("a", "Go", '"small"');
  const [start, event] = server.seen;
  const token = start?.request["input"] as string;

  expect(token).toMatch(/^blob:v1:durabletask-payloads:a\//);
  expect(event?.request["input"]).toBe('"small"');
  const name = token.slice(`blob:v1:${container}:`.length);
  const stored = await blobs.getContainerClient(container).getBlockBlobClient(name).downloadToBuffer();
  expect(gunzipSync(stored).toString()).toBe(text);
  expect(await client.getInstance("a")).toMatchObject({ output: text, input: '"small"' });
  expect(await client.getHistory("a")).toMatchObject([{ type: "TaskCompleted", result: text }]);
});
