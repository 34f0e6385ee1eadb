import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { DurableError } from "../../../core/errors.ts";
import type { StorageClient } from "../storage/storage-client.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The most that a blob may hold, compressed or not. */
const maxPayloadBytes = 256 * 1024 * 1024;
/** Deflate cannot shrink further than about 1:1032; whatever claims to is not what a writer of this format made. */
const maxRatio = 1040;

export interface LargePayloadsOptions {
  readonly storage: StorageClient;
  readonly container: string;
  /** Of the blob service, without a trailing slash. */
  readonly blobEndpoint: string;
}

/**
 * Texts too large for a queue message or a table column: gzipped UTF-8, one blob each.
 *
 * P1. Only blobs of the hub's own container are ever read: a URL elsewhere is just a text.
 * P2. A blob that is not gzip, is missing or unfolds beyond {@link maxPayloadBytes} is `CorruptData`.
 */
export class LargePayloads {
  readonly #storage: StorageClient;
  readonly #container: string;
  readonly #baseUrl: string;

  constructor(options: LargePayloadsOptions) {
    this.#storage = options.storage;
    this.#container = options.container;
    this.#baseUrl = `${options.blobEndpoint}/${options.container}/`;
  }

  /** One request, once the container exists; it is made when it is first missed. */
  async put(blob: string, text: string): Promise<void> {
    if (!isBlobName(blob)) {
      throw new DurableError("InvalidPayload", `an instance with the id "." or ".." cannot hold large payloads`);
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
    const maxOutputLength = Math.min(maxPayloadBytes, reply.value.byteLength * maxRatio + 1024);
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
    const container = this.#container;
    for (const blob of blobs) {
      this.#storage.perform({ kind: "blob.delete", container, blob }).catch(() => undefined);
    }
  }

  /** Deletes the blobs whose names begin with `prefix`, except the given ones. Best effort. */
  deleteOthersInBackground(prefix: string, kept: ReadonlySet<string>): void {
    const list = async (): Promise<void> => {
      const page = await this.#storage.perform({ kind: "blob.list", container: this.#container, prefix });
      if (page.outcome === "done") this.deleteInBackground(page.value.names.filter((name) => !kept.has(name)));
    };
    list().catch(() => undefined);
  }

  urlOf(blob: string): string {
    return this.#baseUrl + blob.toWellFormed().split("/").map(encodeURIComponent).join("/");
  }

  /** The blob that a stored text refers to, or `undefined` when the text stands for itself. */
  blobOf(text: string): string | undefined {
    if (!text.startsWith(this.#baseUrl) || !text.endsWith(".json.gz")) return undefined;
    try {
      return text.slice(this.#baseUrl.length).split("/").map(decodeURIComponent).join("/");
    } catch {
      return undefined;
    }
  }

  /**
   * Deletes the blobs of a folder, not those of folders in it: a neighbour whose id begins with this one and a slash
   * keeps its own.
   */
  async deleteFolder(folder: string): Promise<void> {
    const prefix = `${folder}/`;
    let continuationToken: string | undefined;
    do {
      const container = this.#container;
      const page = await this.#storage.perform({ kind: "blob.list", container, prefix, continuationToken });
      if (page.outcome !== "done") return;
      const own = page.value.names.filter((name) => !name.slice(prefix.length).includes("/"));
      await Promise.all(own.map((blob) => this.#storage.perform({ kind: "blob.delete", container, blob })));
      continuationToken = page.value.continuationToken;
    } while (continuationToken !== undefined);
  }
}

/** A URL would lose dot segments, and cannot hold lone surrogates or noncharacters. */
function isBlobName(name: string): boolean {
  const hasDots = name.split(/[/\\]/).some((segment) => segment === "." || segment === "..");
  return name !== "" && name.length <= 1024 && !hasDots && name.isWellFormed() && !/[\uFFFE\uFFFF]/.test(name);
}
