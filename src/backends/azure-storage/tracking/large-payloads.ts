import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { DurableError } from "../../../core/errors.ts";
import { mapConcurrently } from "../../../core/map-concurrently.ts";
import type { StorageClient } from "../storage/storage-client.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The most that a blob may hold, compressed or not. */
const maxPayloadBytes = 256 * 1024 * 1024;
/** Deflate cannot shrink further than about 1:1032; whatever claims to is not what a writer of this format made. */
const maxRatio = 1040;

const maxConcurrentDeletes = 16;

export interface LargePayloadsOptions {
  readonly storage: StorageClient;
  readonly container: string;
  /** Of the blob service, without a trailing slash. */
  readonly blobEndpoint: string;
}

/**
 * Texts too large for a queue message or a table column: gzipped UTF-8, one blob each.
 *
 * P1. Only blobs of the hub's own container are ever read: of a URL its path counts, in whatever form the account is
 *     addressed, and a URL elsewhere is just a text.
 * P2. A blob that is not gzip, is missing or unfolds beyond {@link maxPayloadBytes} is `CorruptData`.
 */
export class LargePayloads {
  readonly #storage: StorageClient;
  readonly #container: string;
  readonly #baseUrl: string;
  readonly #background = new Set<Promise<void>>();

  constructor(options: LargePayloadsOptions) {
    this.#storage = options.storage;
    this.#container = options.container;
    this.#baseUrl = `${options.blobEndpoint}/${options.container}/`;
  }

  /** One request, once the container exists; it is made when it is first missed. */
  async put(blob: string, text: string): Promise<void> {
    if (!isBlobName(blob)) {
      throw new DurableError(
        "InvalidPayload",
        `an instance with the id "." or "..", or with control characters in it, cannot hold large payloads`,
      );
    }
    await this.putRaw(blob, await compress(Buffer.from(text, "utf8")));
  }

  async putRaw(blob: string, content: Uint8Array): Promise<void> {
    const container = this.#container;
    const first = await this.#storage.perform({ kind: "blob.put", container, blob, content });
    if (first.outcome === "done") return;
    if (first.outcome === "notFound") await this.#storage.perform({ kind: "blob.createContainer", container });
    await this.#storage.require({ kind: "blob.put", container, blob, content });
  }

  /** @throws DurableError `CorruptData`, or what storage throws */
  async get(blob: string): Promise<string> {
    if (!isBlobName(blob)) throw new DurableError("CorruptData", "a payload refers to a blob that cannot exist");
    const container = this.#container;
    const reply = await this.#storage.perform({ kind: "blob.get", container, blob, maxBytes: maxPayloadBytes });
    if (reply.outcome !== "done") throw new DurableError("CorruptData", `the payload blob ${blob} does not exist`);
    const maxOutputLength = Math.min(maxPayloadBytes, reply.value.byteLength * maxRatio + 1024); // P2
    try {
      return (await decompress(reply.value, { maxOutputLength })).toString("utf8");
    } catch (cause) {
      throw new DurableError(
        "CorruptData",
        `the payload blob ${blob} cannot be unpacked: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }

  /** Best effort: what is left behind goes with the instance. */
  deleteInBackground(blobs: readonly string[]): void {
    this.#inBackground(this.#deleteAll(blobs));
  }

  /** Deletes the blobs whose names begin with `prefix`, except the given ones. Best effort. */
  deleteOthersInBackground(prefix: string, kept: ReadonlySet<string>): void {
    const deleteOthers = async () => {
      for await (const names of this.#list(prefix)) await this.#deleteAll(names.filter((name) => !kept.has(name)));
    };
    this.#inBackground(deleteOthers());
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

/** A URL would lose dot segments, and cannot hold lone surrogates, control characters or noncharacters. */
export function isBlobName(name: string): boolean {
  const hasDots = name.split(/[/\\]/).some((segment) => segment === "." || segment === "..");
  return name !== "" && name.length <= 1024 && !hasDots && name.isWellFormed() && !/[\p{Cc}\uFFFE\uFFFF]/u.test(name);
}
