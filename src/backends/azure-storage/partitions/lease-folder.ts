import type { Clock, Random } from "../../../core/ports.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { freshLease, type LeaseBlob, type LeaseBlobContent, parseLeaseBlob, writeLeaseBlob } from "./lease-blob.ts";

/** `intent` and `ownership` belong to the safe manager, `default` to the legacy one. */
export type LeaseFolderName = "intent" | "ownership" | "default";

export interface LeaseFolderOptions {
  readonly storage: StorageClient;
  readonly container: string;
  readonly folder: LeaseFolderName;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the storage's leases, 15 to 60. */
  readonly leaseSeconds: number;
}

interface HeldLease {
  readonly token: string;
  readonly owner: string;
  readonly epoch: number;
  readonly renewedAt: number;
}

const maxBlobBytes = 64 * 1024;

/**
 * The leases of one folder: what storage has, and which of them this worker holds.
 *
 * A lease is trusted for its time, counted from before the request that acquired or renewed it.
 */
export class LeaseFolder {
  readonly #options: LeaseFolderOptions;
  readonly #held = new Map<string, HeldLease>();
  readonly #known = new Map<string, { readonly etag: string; readonly content: LeaseBlobContent }>();

  constructor(options: LeaseFolderOptions) {
    this.#options = options;
  }

  get held(): readonly string[] {
    return [...this.#held.keys()];
  }

  holds(queue: string): boolean {
    const held = this.#held.get(queue);
    if (held === undefined) return false;
    return this.#options.clock.now() - held.renewedAt < this.#options.leaseSeconds * 1000;
  }

  isHeldAs(queue: string, { token }: LeaseBlob): boolean {
    return token !== undefined && this.#held.get(queue)?.token === token;
  }

  ageMs(queue: string): number {
    return this.#options.clock.now() - (this.#held.get(queue)?.renewedAt ?? 0);
  }

  forget(queue: string): void {
    this.#held.delete(queue);
  }

  /** All leases of the given partitions: one list, and a read of each blob that has changed since. */
  async read(queues: readonly string[]): Promise<readonly LeaseBlob[]> {
    const { storage, container, folder } = this.#options;
    const leases: LeaseBlob[] = [];
    const seen = new Set<string>();
    let continuationToken: string | undefined;
    do {
      const prefix = `${folder}/`;
      const page = await storage.perform({ kind: "blob.listLeases", container, prefix, continuationToken });
      if (page.outcome !== "done") break;
      const listed = page.value.blobs.filter(({ blob }) => queues.includes(blob.slice(prefix.length)));
      const read = listed.map(async ({ blob, etag, isLeased }): Promise<LeaseBlob> => {
        const queue = blob.slice(prefix.length);
        seen.add(queue);
        return { queue, etag, isLeased, ...(await this.#contentOf(queue, etag)) };
      });
      leases.push(...(await Promise.all(read)));
      continuationToken = page.value.continuationToken;
    } while (continuationToken !== undefined);
    const missing = queues.filter((queue) => !seen.has(queue));
    if (missing.length > 0) {
      await storage.perform({ kind: "blob.createContainer", container });
      await createLeaseBlobs(storage, container, folder, missing);
    }
    return leases;
  }

  async #contentOf(queue: string, etag: string): Promise<LeaseBlobContent> {
    const known = this.#known.get(queue);
    if (known?.etag === etag) return known.content;
    const { storage, container } = this.#options;
    const blob = this.#blobOf(queue);
    const reply = await storage.perform({ kind: "blob.get", container, blob, maxBytes: maxBlobBytes });
    const content = reply.outcome === "done" ? parseLeaseBlob(reply.value) : freshLease;
    this.#known.set(queue, { etag, content });
    return content;
  }

  /** Acquires what nobody has, and takes over what somebody has. Resolves to `false` when another was faster. */
  async acquire(lease: LeaseBlob, owner: string): Promise<boolean> {
    const { storage, container, clock, random, leaseSeconds: durationSeconds } = this.#options;
    const { queue } = lease;
    const blob = this.#blobOf(queue);
    const token = random.guid();
    const renewedAt = clock.now();
    if (lease.isLeased && lease.token !== undefined) {
      const change = { container, blob, leaseId: lease.token, newLeaseId: token };
      const changed = await storage.perform({ kind: "blob.changeLease", ...change });
      if (changed.outcome !== "done") {
        // Without an answer it may have been done.
        const isDone = changed.afterLostAnswer === true && (await this.#renew(queue, token));
        if (!isDone) return false;
      } else if (!(await this.#renew(queue, token))) return false;
    } else {
      const acquire = { container, blob, leaseId: token, durationSeconds };
      const acquired = await storage.perform({ kind: "blob.acquireLease", ...acquire });
      if (acquired.outcome !== "done") return false;
    }
    const epoch = lease.epoch + 1;
    const content = writeLeaseBlob(queue, { owner, token, epoch });
    const written = await storage.perform({ kind: "blob.put", container, blob, content, leaseId: token });
    if (written.outcome !== "done") return false;
    this.#held.set(queue, { token, owner, epoch, renewedAt });
    return true;
  }

  /** Resolves to the leases that turned out to be lost. What storage did not answer is as it was. */
  async renew(queues: readonly string[]): Promise<readonly string[]> {
    const lost: string[] = [];
    await Promise.all(
      queues.map(async (queue) => {
        const held = this.#held.get(queue);
        if (held === undefined) return;
        const renewedAt = this.#options.clock.now();
        if (await this.#renew(queue, held.token)) this.#held.set(queue, { ...held, renewedAt });
        else lost.push(queue);
      }),
    );
    return lost;
  }

  async #renew(queue: string, leaseId: string): Promise<boolean> {
    const { storage, container } = this.#options;
    const reply = await storage.perform({ kind: "blob.renewLease", container, blob: this.#blobOf(queue), leaseId });
    return reply.outcome === "done";
  }

  /** Whoever is next need not wait until it runs out. */
  async release(queue: string): Promise<void> {
    const { storage, container } = this.#options;
    const held = this.#held.get(queue);
    this.#held.delete(queue);
    if (held === undefined) return;
    const blob = this.#blobOf(queue);
    const content = writeLeaseBlob(queue, { ...freshLease, epoch: held.epoch });
    const leaseId = held.token;
    const written = await storage.perform({ kind: "blob.put", container, blob, content, leaseId });
    if (written.outcome === "done") await storage.perform({ kind: "blob.releaseLease", container, blob, leaseId });
  }

  #blobOf(queue: string): string {
    return `${this.#options.folder}/${queue}`;
  }
}

/** Makes the blobs of partitions that have none. */
export async function createLeaseBlobs(
  storage: StorageClient,
  container: string,
  folder: LeaseFolderName,
  queues: readonly string[],
): Promise<void> {
  await Promise.all(
    queues.map((queue) => {
      const content = writeLeaseBlob(queue, freshLease);
      return storage.perform({ kind: "blob.put", container, blob: `${folder}/${queue}`, content, ifAbsent: true });
    }),
  );
}
