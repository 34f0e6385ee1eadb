import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { DurableError } from "../../../core/errors.ts";
import { mapConcurrently } from "../../../core/map-concurrently.ts";
import { systemRandom } from "../../../core/system-ports.ts";
import { gunzipText, gzipText } from "../codec/gzip-text.ts";
import { BlobTransfer } from "../storage/blob-transfer.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { RequestBudget } from "../storage/storage-request.ts";

const compress = promisify(gzip);

/** The most that a blob may hold, compressed. */
const maxBlobBytes = 256 * 1024 * 1024;
/** The most that a blob may unfold to: a payload with every character escaped, say. */
const maxUnfoldedBytes = 512 * 1024 * 1024;
/** Up to here one call compresses a text; what is longer goes through a stream. */
const maxUnitsAtOnce = 512 * 1024;

const maxConcurrentDeletes = 16;

export interface LargePayloadsOptions {
  readonly storage: StorageClient;
  readonly container: string;
  /** Of the blob service, without a trailing slash. */
  readonly blobEndpoint: string;
  /** The most UTF-8 bytes of a text that is read. @defaultValue 256 MiB */
  readonly maxTextBytes?: number | undefined;
}

/**
 * Texts too large for a queue message or a table column: gzipped UTF-8, one blob each.
 *
 * P1. Only blobs of the hub's own container are ever read: of a URL its path counts, in whatever form the account is
 *     addressed, and a URL elsewhere is just a text.
 * P2. A blob that is not gzip, is missing or unfolds beyond a limit is `CorruptData`. The limits hold before anything is
 *     made of it.
 * P3. Texts go through in slices: nothing takes the event loop for as long as the text is large, and of a text that is
 *     read or written there is no copy as a whole, packed or as bytes.
 */
export class LargePayloads {
  /** Stands in for long texts while a message is written or read. Nobody outside this process can know it. */
  readonly mark: string = systemRandom.guid();
  readonly #storage: StorageClient;
  readonly #container: string;
  readonly #baseUrl: string;
  readonly #blobs: BlobTransfer;
  readonly #maxTextBytes: number;
  readonly #background = new Set<Promise<void>>();

  constructor(options: LargePayloadsOptions) {
    this.#storage = options.storage;
    this.#container = options.container;
    this.#blobs = new BlobTransfer(options.storage, options.container);
    this.#maxTextBytes = options.maxTextBytes ?? maxBlobBytes;
    this.#baseUrl = `${options.blobEndpoint}/${options.container}/`;
  }

  /**
   * Writes a text, given whole or in pieces that do not end within a surrogate pair. One request, or one for each 4 MiB
   * when it has more than that packed.
   */
  async put(blob: string, text: string | Iterable<string>, budget?: RequestBudget): Promise<void> {
    if (!isBlobName(blob)) {
      throw new DurableError(
        "InvalidPayload",
        `an instance with the id "." or "..", with control characters or with more than 250 slashes cannot hold large payloads`,
      );
    }
    if (typeof text === "string" && text.length <= maxUnitsAtOnce) {
      return await this.#blobs.put(blob, await compress(Buffer.from(text, "utf8")), { budget });
    }
    await this.#blobs.upload(blob, gzipText(typeof text === "string" ? [text] : text), { budget }); // P3
  }

  async putRaw(blob: string, content: Uint8Array): Promise<void> {
    await this.#blobs.put(blob, content);
  }

  /** @throws DurableError `CorruptData`, or what storage throws */
  async get(blob: string): Promise<string> {
    const pieces: string[] = [];
    let bytes = 0;
    for await (const piece of this.read(blob)) {
      bytes += Buffer.byteLength(piece, "utf8");
      if (bytes > this.#maxTextBytes) {
        throw new DurableError(
          "CorruptData",
          `the payload blob ${blob} holds a text of more than ${this.#maxTextBytes} bytes`,
        ); // P2
      }
      pieces.push(piece);
    }
    return pieces.length === 1 ? pieces[0]! : pieces.join("");
  }

  /** The text of a blob, piece by piece. @throws as {@link get} */
  async *read(blob: string): AsyncGenerator<string> {
    if (!isBlobName(blob)) throw new DurableError("CorruptData", "a payload refers to a blob that cannot exist");
    const chunks = this.#blobs.download(blob, maxBlobBytes);
    yield* gunzipText(chunks, { what: `the payload blob ${blob}`, maxBytes: maxUnfoldedBytes }); // P2
  }

  /** Best effort: what is left behind goes with the instance. */
  deleteInBackground(blobs: readonly string[]): void {
    this.#inBackground(this.#deleteAll(blobs));
  }

  /** Resolves once nothing is deleted in the background any more. */
  async idle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  #inBackground(work: Promise<void>): void {
    const quiet = work.catch(() => undefined).then(() => void this.#background.delete(quiet));
    this.#background.add(quiet);
  }

  async #deleteAll(blobs: readonly string[]): Promise<void> {
    const container = this.#container;
    await mapConcurrently(blobs, maxConcurrentDeletes, (blob) =>
      this.#storage.perform({ kind: "blob.delete", container, blob }),
    );
  }

  /** Names by pages, of which any may be empty. */
  async *#list(prefix: string): AsyncGenerator<readonly string[]> {
    let continuationToken: string | undefined;
    do {
      const request = { kind: "blob.list", container: this.#container, prefix, continuationToken } as const;
      const page = await this.#storage.perform(request);
      if (page.outcome !== "done") return;
      yield page.value.names;
      continuationToken = page.value.continuationToken;
    } while (continuationToken !== undefined);
  }

  urlOf(blob: string): string {
    return this.#baseUrl + blob.toWellFormed().split("/").map(encodeURIComponent).join("/");
  }

  /** `true` for a text that {@link blobOf} could take for a reference. */
  isUrl(text: string): boolean {
    return /^https?:\/\//i.test(text);
  }

  /**
   * The blob that a stored text refers to, or `undefined` when the text stands for itself. Host and port are of no
   * account: a private endpoint, a proxy or an emulator that was started again has others.
   */
  blobOf(text: string): string | undefined {
    const path = /^https?:\/\/[^/?#@]+\/([^?#]+\.json\.gz)$/i.exec(text)?.[1];
    const segments = path?.split("/") ?? [];
    // An emulator's address has the account before the container.
    const place = segments.indexOf(this.#container);
    if (place !== 0 && place !== 1) return undefined; // P1
    try {
      return segments
        .slice(place + 1)
        .map(decodeURIComponent)
        .join("/");
    } catch {
      return undefined;
    }
  }

  /**
   * The blobs of a folder, not those of folders in it: a neighbour whose id begins with this one and a slash has its own.
   */
  async listFolder(folder: string): Promise<readonly string[]> {
    const prefix = `${folder}/`;
    // Such a folder is empty, and the service would not even look for it.
    if (!isBlobName(`${prefix}x`)) return [];
    const found: string[] = [];
    for await (const names of this.#list(prefix)) {
      for (const name of names) if (!name.slice(prefix.length).includes("/")) found.push(name);
    }
    return found;
  }

  async delete(blobs: readonly string[]): Promise<void> {
    await this.#deleteAll(blobs);
  }
}

/** What the service takes in the name of a blob. */
const maxSegments = 254;

/** A URL would lose dot segments, and cannot hold lone surrogates, control characters or noncharacters. */
export function isBlobName(name: string): boolean {
  const segments = name.split(/[/\\]/);
  const isPath = segments.length <= maxSegments && !segments.some((segment) => segment === "." || segment === "..");
  return name !== "" && name.length <= 1024 && isPath && name.isWellFormed() && !/[\p{Cc}\uFFFE\uFFFF]/u.test(name);
}

/** Whether the blobs of an instance may lie in a folder of this name. */
export function isBlobFolder(name: string): boolean {
  return isBlobName(`${name}/x`);
}
