import { expect, it } from "vitest";
import { BlobTransfer, blockBytes } from "../../../../../src/backends/azure-storage/storage/blob-transfer.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type {
  StorageReply,
  StorageRequest,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { TransferSlots } from "../../../../../src/backends/azure-storage/storage/transfer-slots.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const done = (value?: unknown): StorageReply => ({ outcome: "done", value });

/** A blob service with one container, which is not there at first. */
function openService() {
  let exists = false;
  const blocks = new Map<string, Uint8Array>();
  const blobs = new Map<string, Buffer>();
  const asked: string[] = [];
  let [underWay, most] = [0, 0];
  const answer = (request: StorageRequest): StorageReply => {
    switch (request.kind) {
      case "blob.createContainer":
        exists = true;
        return done();
      case "blob.put":
        if (!exists) return { outcome: "notFound", errorCode: "ContainerNotFound" };
        blobs.set(request.blob, Buffer.from(request.content));
        return done();
      case "blob.putBlock":
        if (!exists) return { outcome: "notFound", errorCode: "ContainerNotFound" };
        blocks.set(`${request.blob} ${request.blockId}`, Buffer.from(request.content));
        return done();
      case "blob.putBlockList":
        blobs.set(request.blob, Buffer.concat(request.blockIds.map((id) => blocks.get(`${request.blob} ${id}`)!)));
        return done();
      case "blob.get": {
        const blob = blobs.get(request.blob);
        if (blob === undefined) return { outcome: "notFound", errorCode: "BlobNotFound" };
        const { offset, count } = request.range!;
        return done(blob.subarray(offset, offset + count));
      }
      default:
        throw new Error(request.kind);
    }
  };
  const storage = new StorageClient(async (request) => {
    asked.push(request.kind);
    most = Math.max(most, ++underWay);
    await turn();
    underWay--;
    return answer(request);
  });
  return { transfer: new BlobTransfer(storage, "c"), blobs, asked, most: () => most };
}

async function* inChunks(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.byteLength; start += size) yield content.subarray(start, start + size);
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const content = Buffer.alloc(2 * blockBytes + 5, "0123456789abc");

it.each([0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 2 * blockBytes, 2 * blockBytes + 5])(
  "a blob of %i bytes comes back as it was",
  async (size) => {
    const { transfer, blobs, asked } = openService();
    const blob = content.subarray(0, size);
    await transfer.upload("b", inChunks(blob, 1_000_003));
    expect(blobs.get("b")!.equals(blob)).toBe(true);
    expect(asked.includes("blob.put")).toBe(size <= blockBytes);
    expect((await readAll(transfer.download("b", 1e9))).equals(blob)).toBe(true);
  },
);

it("what fits into a block is one request each way", async () => {
  const { transfer, asked } = openService();
  await transfer.put("a", content.subarray(0, 10));
  asked.length = 0;
  await transfer.upload("b", inChunks(content.subarray(0, 10), 3)); // U1
  await readAll(transfer.download("b", 1e9));
  expect(asked).toEqual(["blob.put", "blob.get"]);
});

it("the container is made when it is first missed, by a block too", async () => {
  const { transfer, asked } = openService();
  await transfer.upload("b", inChunks(content, 1_000_000)); // U3
  expect(asked).toEqual([
    "blob.putBlock",
    "blob.createContainer",
    "blob.putBlock",
    "blob.putBlock",
    "blob.putBlock",
    "blob.putBlockList",
  ]);
});

it("nobody sees a blob of which a block is missing", async () => {
  const { transfer, blobs } = openService();
  const failing = async function* () {
    yield content.subarray(0, blockBytes + 1);
    yield content.subarray(0, blockBytes);
    throw new Error("no more");
  };
  await expect(transfer.upload("b", failing())).rejects.toThrow("no more"); // U2
  expect(blobs.has("b")).toBe(false);
});

it("a blob that is too large, or not there, is corrupt data", async () => {
  const { transfer } = openService();
  await transfer.upload("b", inChunks(content, 1_000_000));
  await expect(readAll(transfer.download("b", content.byteLength - 1))).rejects.toMatchObject({ code: "CorruptData" });
  await expect(readAll(transfer.download("other", 1e9))).rejects.toMatchObject({ code: "CorruptData" });
});

it("of many large blobs a few go up at a time, and all of them do, although some fail", async () => {
  const { transfer, blobs, most } = openService();
  const uploads = Array.from({ length: 20 }, async (_, index) => {
    const chunks = async function* () {
      yield* inChunks(content, 3_000_000);
      if (index % 3 === 0) throw new Error("no more");
    };
    return await transfer.upload(`b${index}`, chunks());
  });
  const results = await Promise.allSettled(uploads);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(7);
  expect(blobs.size).toBe(13);
  expect(most()).toBeLessThanOrEqual(4);
});

it("slots are handed over in the order of those that wait", async () => {
  const slots = new TransferSlots(2);
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3, 4, 5].map((number) =>
      slots.use(async () => {
        order.push(number);
        await turn();
      }),
    ),
  );
  expect(order).toEqual([1, 2, 3, 4, 5]);
});
