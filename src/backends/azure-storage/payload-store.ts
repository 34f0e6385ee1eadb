import { StringDecoder } from "node:string_decoder";
import { DurableError } from "../../core/errors.ts";
import { createId } from "../../core/ids.ts";
import type { PayloadStore } from "../../core/payloads/payload-store.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { systemClock, systemRandom } from "../../core/system-ports.ts";
import { gunzipText, gzipText } from "./codec/gzip-text.ts";
import { createAzureTransport } from "./storage/azure-transport.ts";
import { BlobTransfer } from "./storage/blob-transfer.ts";
import { parseConnectionString } from "./storage/connection-string.ts";
import { connectByIdentity, type IdentityStorage } from "./storage/identity-connection.ts";
import { StorageClient } from "./storage/storage-client.ts";
import type { StorageConnection } from "./storage/storage-connection.ts";
import { withAttemptTimeout } from "./storage/with-attempt-timeout.ts";
import { withRetry } from "./storage/with-retry.ts";
import { isBlobName } from "./tracking/large-payloads.ts";

const defaultMaxBytes = 10 * 1024 * 1024;
const attemptTimeoutMs = 30_000;
const giveUpAfterMs = 60_000;
/** What gzip adds at most to what it cannot shrink. */
const packingBytes = 64 * 1024;

/** The storage account is named by a connection string, or opened by an identity. */
export interface BlobPayloadStoreOptions extends IdentityStorage {
  readonly connectionString?: string | undefined;
  /** @defaultValue `durabletask-payloads`, as with the SDKs of other languages */
  readonly container?: string | undefined;
  /** @defaultValue 262 144 */
  readonly thresholdBytes?: number | undefined;
  /** @defaultValue 10 MiB */
  readonly maxBytes?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/**
 * Large payloads of the gRPC protocol in blobs, readable by the SDKs of .NET and Java and reading theirs and Python's.
 *
 * O1. Only blobs of the one container are ever read, whatever a token says.
 * O2. What unfolds beyond `maxBytes` is `CorruptData`.
 *
 * Nobody deletes the blobs: a token may be held by any history. Give the container a rule that deletes old ones.
 *
 * @throws DurableError `InvalidOption`
 */
export function createBlobPayloadStore(options: BlobPayloadStoreOptions): PayloadStore {
  const { container = "durabletask-payloads", clock = systemClock, random = systemRandom } = options;
  if (!/^[a-z0-9](?:-?[a-z0-9]){2,62}$/.test(container)) {
    throw new DurableError("InvalidOption", `'${container}' is no name of a blob container`);
  }
  const connection =
    options.connectionString === undefined && (options.accountName ?? options.blobServiceUri) !== undefined
      ? connectByIdentity(options, "'largePayloads'")
      : parseConnectionString(options.connectionString, "connectionString");
  const attempts = withAttemptTimeout(createAzureTransport(connection), { clock, timeoutMs: attemptTimeoutMs });
  const storage = new StorageClient(withRetry(attempts, { clock, random, giveUpAfterMs }));
  return new BlobPayloadStore(storage, connection, { ...options, container, random });
}

interface BlobPlace {
  readonly container: string;
  readonly blob: string;
}

interface PlaceOptions extends BlobPayloadStoreOptions {
  readonly container: string;
  readonly random: Random;
}

class BlobPayloadStore implements PayloadStore {
  readonly thresholdBytes: number | undefined;
  readonly maxBytes: number;
  readonly #blobs: BlobTransfer;
  readonly #connection: StorageConnection;
  readonly #container: string;
  readonly #random: Random;

  constructor(storage: StorageClient, connection: StorageConnection, options: PlaceOptions) {
    this.thresholdBytes = options.thresholdBytes;
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.#blobs = new BlobTransfer(storage, options.container);
    this.#connection = connection;
    this.#container = options.container;
    this.#random = options.random;
  }

  async upload(text: string, instanceId?: string): Promise<string> {
    const name = createId(this.#random);
    // A folder of its own where that needs no escapes, so that people find what belongs to an instance.
    const blob = instanceId !== undefined && /^[\w-]{1,256}$/.test(instanceId) ? `${instanceId}/${name}` : name;
    await this.#blobs.upload(blob, gzipText([text]), { contentEncoding: "gzip" });
    return formatToken(this.#container, blob);
  }

  async download(token: string): Promise<string> {
    const place = readToken(token, this.#connection.blobEndpoint);
    if (place === undefined || !isBlobName(place.blob)) {
      throw new DurableError("CorruptData", "the token of a payload cannot be read, or leads to another account");
    }
    const { container, blob } = place;
    if (container !== this.#container) {
      const message = `a payload lies in the container '${container}', but only '${this.#container}' is read`; // O1
      throw new DurableError("CorruptData", `${message}: give all workers and clients the same one`);
    }
    const pieces: string[] = [];
    for await (const piece of this.#read(blob)) pieces.push(piece);
    return pieces.join("");
  }

  /** Python says nowhere that it compresses, and others may not compress: the content tells. */
  async *#read(blob: string): AsyncGenerator<string> {
    const blocks = this.#blobs.download(blob, this.maxBytes + packingBytes);
    const { value: first = new Uint8Array() } = await blocks.next();
    const all = async function* () {
      yield first;
      yield* blocks;
    };
    if (first[0] === 0x1f && first[1] === 0x8b) {
      yield* gunzipText(all(), { what: `the payload blob ${blob}`, maxBytes: this.maxBytes }); // O2
      return;
    }
    const decoder = new StringDecoder("utf8");
    for await (const block of all()) yield decoder.write(Buffer.from(block));
    yield decoder.end();
  }

  isToken(text: string): boolean {
    return text.startsWith(prefixV1) || text.startsWith(prefixV2);
  }
}

const prefixV1 = "blob:v1:";
const prefixV2 = "blob:v2:";

/** The first form: all languages read it. */
function formatToken(container: string, blob: string): string {
  return `${prefixV1}${container}:${blob}`;
}

/**
 * Where the blob of a token is: `blob:v1:<container>:<blob>` or `blob:v2:<url>`.
 *
 * @param blobEndpoint without a trailing slash; a URL elsewhere is `undefined`
 */
function readToken(token: string, blobEndpoint: string): BlobPlace | undefined {
  if (token.startsWith(prefixV1)) {
    const [, container, blob] = /^([^:]+):(.+)$/s.exec(token.slice(prefixV1.length)) ?? [];
    return container === undefined || blob === undefined ? undefined : { container, blob };
  }
  if (!token.startsWith(prefixV2) || !URL.canParse(token.slice(prefixV2.length))) return undefined;
  const url = new URL(token.slice(prefixV2.length));
  const account = new URL(`${blobEndpoint}/`);
  if (url.host !== account.host || !url.pathname.startsWith(account.pathname)) return undefined; // O1
  const [container, ...names] = url.pathname.slice(account.pathname.length).split("/");
  try {
    return { container: decodeURIComponent(container ?? ""), blob: names.map(decodeURIComponent).join("/") };
  } catch {
    return undefined;
  }
}
