import { DurableError } from "../../../core/errors.ts";
import type { StorageClient } from "./storage-client.ts";
import type { RequestBudget } from "./storage-request.ts";
import { TransferSlots } from "./transfer-slots.ts";

/** What one request carries: small enough for its time limit on a slow line, and to be sent again. */
export const blockBytes: number = 4 * 1024 * 1024;

/** Of one process: so many uploads go on at a time, each with a block or two in memory. */
const uploads = new TransferSlots(4);

export interface UploadOptions {
  readonly contentEncoding?: string | undefined;
  readonly budget?: RequestBudget | undefined;
}

/**
 * Blobs of one container in parts, so that a large one is never in memory as a whole.
 *
 * U1. What fits into a block is one request, in either direction.
 * U2. Nobody sees a blob before all of it is there.
 * U3. The container is made when it is first missed.
 */
export class BlobTransfer {
  readonly #storage: StorageClient;
  readonly #container: string;

  constructor(storage: StorageClient, container: string) {
    this.#storage = storage;
    this.#container = container;
  }

  async upload(blob: string, content: AsyncIterable<Uint8Array>, options: UploadOptions = {}): Promise<void> {
    await uploads.use(async () => {
      const blocks = inBlocks(content);
      const { value: first = new Uint8Array() } = await blocks.next();
      const { value: second } = await blocks.next();
      if (second === undefined)
        await this.put(blob, first, options); // U1
      else await this.#uploadBlocks(blob, [first, second], blocks, options);
    });
  }

  /** One request. */
  async put(blob: string, content: Uint8Array, { contentEncoding, budget }: UploadOptions = {}): Promise<void> {
    const request = { kind: "blob.put", container: this.#container, blob, content, contentEncoding } as const;
    await this.#orCreate(() => this.#storage.perform(request, undefined, budget));
  }

  async #uploadBlocks(
    blob: string,
    begun: readonly Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
    { contentEncoding, budget }: UploadOptions,
  ): Promise<void> {
    const container = this.#container;
    const blockIds: string[] = [];
    const put = async (content: Uint8Array) => {
      const blockId = Buffer.from(String(blockIds.length).padStart(6, "0")).toString("base64");
      blockIds.push(blockId);
      const request = { kind: "blob.putBlock", container, blob, blockId, content } as const;
      await this.#orCreate(() => this.#storage.perform(request, undefined, budget));
    };
    for (const block of begun) await put(block);
    for await (const block of rest) await put(block);
    const list = { kind: "blob.putBlockList", container, blob, blockIds, contentEncoding } as const;
    await this.#orCreate(() => this.#storage.perform(list, undefined, budget)); // U2
  }

  async #orCreate(ask: () => ReturnType<StorageClient["perform"]>): Promise<void> {
    let reply = await ask();
    if (reply.outcome === "notFound") {
      await this.#storage.perform({ kind: "blob.createContainer", container: this.#container }); // U3
      reply = await ask();
    }
    if (reply.outcome === "done") return;
    throw new DurableError("StorageRejected", `storage refused a blob of ${this.#container}: ${reply.errorCode}`);
  }

  /**
   * The bytes of a blob, a block at a time.
   *
   * @throws DurableError `CorruptData` when there is no such blob, or it has more than `maxBytes`
   */
  async *download(blob: string, maxBytes: number): AsyncGenerator<Uint8Array> {
    for (let offset = 0; ; ) {
      const block = await this.#read(blob, offset, maxBytes);
      yield block;
      if (block.byteLength < blockBytes) return;
      offset += block.byteLength;
    }
  }

  async #read(blob: string, offset: number, maxBytes: number): Promise<Uint8Array> {
    const container = this.#container;
    const range = { offset, count: blockBytes };
    const reply = await this.#storage.perform({ kind: "blob.get", container, blob, maxBytes, range });
    if (reply.outcome !== "done") throw new DurableError("CorruptData", `the payload blob ${blob} does not exist`);
    if (offset + reply.value.byteLength > maxBytes) {
      throw new DurableError("CorruptData", `blob ${blob} holds more than ${maxBytes} bytes, the most that is read`);
    }
    return reply.value;
  }
}

/** Blocks of {@link blockBytes}, the last of which may be shorter. */
async function* inBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.byteLength; ) {
      const part = chunk.subarray(start, start + blockBytes - length);
      gathered.push(part);
      length += part.byteLength;
      start += part.byteLength;
      if (length < blockBytes) continue;
      yield Buffer.concat(gathered, length);
      gathered = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(gathered, length);
}
