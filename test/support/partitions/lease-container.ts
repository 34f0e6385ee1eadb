import { StorageClient } from "../../../src/backends/azure-storage/storage/storage-client.ts";
import type { StorageReply, StorageRequest } from "../../../src/backends/azure-storage/storage/storage-request.ts";
import type { Clock } from "../../../src/core/ports.ts";

interface Lease {
  readonly id: string;
  readonly until: number;
  readonly durationMs: number;
}

/** A storage account's containers, as far as leases go: blobs with texts, and leases on both that run out. */
export class LeaseStore {
  readonly storage: StorageClient = new StorageClient(async (request) => this.#answer(request));
  readonly requests = new Map<string, number>();
  readonly #clock: Clock;
  readonly #containers = new Set<string>();
  readonly #blobs = new Map<string, { readonly content: Uint8Array; readonly etag: string }>();
  readonly #leases = new Map<string, Lease>();
  #tags = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  text(container: string, blob: string): string | undefined {
    const found = this.#blobs.get(`${container}/${blob}`);
    return found && Buffer.from(found.content).toString("utf8");
  }

  json(container: string, blob: string): Readonly<Record<string, unknown>> {
    return JSON.parse(this.text(container, blob) ?? "{}") as Readonly<Record<string, unknown>>;
  }

  isLeased(container: string, blob?: string): boolean {
    return this.#leaseOf(keyOf({ container, blob })) !== undefined;
  }

  /** As somebody would who edits by hand. */
  put(container: string, blob: string, text: string): void {
    this.#containers.add(container);
    this.#blobs.set(`${container}/${blob}`, { content: Buffer.from(text), etag: `${++this.#tags}` });
  }

  delete(container: string, blob: string): void {
    this.#blobs.delete(`${container}/${blob}`);
    this.#leases.delete(`${container}/${blob}`);
  }

  #leaseOf(key: string): Lease | undefined {
    const lease = this.#leases.get(key);
    return lease !== undefined && lease.until > this.#clock.now() ? lease : undefined;
  }

  #answer(request: StorageRequest): StorageReply {
    this.requests.set(request.kind, (this.requests.get(request.kind) ?? 0) + 1);
    if (!("container" in request)) return conflict("NotHere");
    const { container } = request;
    if (request.kind === "blob.createContainer") {
      this.#containers.add(container);
      return done(undefined);
    }
    if (!this.#containers.has(container)) return notFound;
    const key = keyOf(request);
    if ("blob" in request && request.blob !== undefined && request.kind !== "blob.put" && !this.#blobs.has(key)) {
      return notFound;
    }
    const lease = this.#leaseOf(key);
    switch (request.kind) {
      case "blob.put":
        if (request.ifAbsent === true && this.#blobs.has(key)) return conflict("BlobAlreadyExists");
        if (lease?.id !== request.leaseId) return conflict("LeaseIdMismatch");
        this.#blobs.set(key, { content: request.content, etag: `${++this.#tags}` });
        return done(undefined);
      case "blob.get":
        return done(this.#blobs.get(key)!.content);
      case "blob.listLeases": {
        const prefix = `${container}/${request.prefix}`;
        const found = [...this.#blobs].filter(([name]) => name.startsWith(prefix));
        const blobs = found.map(([name, { etag }]) => {
          return { blob: name.slice(container.length + 1), etag, isLeased: this.#leaseOf(name) !== undefined };
        });
        return done({ blobs, continuationToken: undefined });
      }
      case "blob.acquireLease":
        if (lease !== undefined && lease.id !== request.leaseId) return conflict("LeaseAlreadyPresent");
        return this.#lease(key, request.leaseId, request.durationSeconds * 1000);
      case "blob.renewLease": {
        // One that has run out can be renewed as long as nobody else has taken it.
        const last = this.#leases.get(key);
        if (last?.id !== request.leaseId) return conflict("LeaseIdMismatchWithLeaseOperation");
        return this.#lease(key, last.id, last.durationMs);
      }
      case "blob.changeLease":
        if (lease === undefined) return conflict("LeaseNotPresentWithLeaseOperation");
        if (lease.id !== request.leaseId) return conflict("LeaseIdMismatchWithLeaseOperation");
        this.#leases.set(key, { ...lease, id: request.newLeaseId });
        return done(undefined);
      case "blob.releaseLease":
      case "blob.breakLease":
        if (request.kind === "blob.releaseLease" && lease?.id !== request.leaseId) return conflict("LeaseIdMismatch");
        this.#leases.delete(key);
        return done(undefined);
      default:
        return conflict("NotHere");
    }
  }

  #lease(key: string, id: string, durationMs: number): StorageReply {
    this.#leases.set(key, { id, durationMs, until: this.#clock.now() + durationMs });
    return done(undefined);
  }
}

function keyOf({ container, blob }: { readonly container: string; readonly blob?: string | undefined }): string {
  return blob === undefined ? container : `${container}/${blob}`;
}

const notFound: StorageReply = { outcome: "notFound", errorCode: "BlobNotFound" };

function conflict(errorCode: string): StorageReply {
  return { outcome: "conflict", errorCode };
}

function done(value: unknown): StorageReply {
  return { outcome: "done", value };
}
