import { messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Random } from "../../../core/ports.ts";
import { WakeSignal } from "../messaging/polling-backoff.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { chooseLeases } from "./lease-balance.ts";
import { isOwnedBy, type LeaseBlob } from "./lease-blob.ts";
import { LeaseFolder, type LeaseFolderName } from "./lease-folder.ts";
import { uniqueWorkerId } from "./lease-sightings.ts";
import { longestDrainMs, type PartitionManager, type PartitionManagerOptions } from "./partition-manager.ts";
import { QueueListeners } from "./queue-listeners.ts";

export interface BlobPartitionManagerOptions extends PartitionManagerOptions {
  readonly storage: StorageClient;
  /** Of the leases. */
  readonly container: string;
  readonly random: Random;
  /** Which of .NET's two ways of keeping partitions with leases on blobs. */
  readonly kind: "safe" | "legacy";
  readonly renewIntervalMs: number;
}

const closeLookMs = 1000;
const leavingPauseMs = 100;
/** As .NET's: of `default` and `intent`, and of `ownership`. */
const leaseSeconds = { claim: 30, ownership: 15 };

/**
 * Keeps this worker's partitions with leases on blobs, beside workers of .NET that do so.
 *
 * The legacy way has one lease for each partition, which others take over as it is: its owner finds out afterwards. The
 * safe way has two. The intent is balanced and taken over like that; the ownership nobody takes over, and whoever has lost
 * the intent gives it up when nothing is under way in the partition any more.
 *
 * N1. A queue is received from only by who holds all its leases.
 * N2. A lease is trusted for its time, counted from before the request that acquired or renewed it.
 * N3. A worker that meets a living process of its own id takes another.
 */
export class BlobPartitionManager implements PartitionManager {
  readonly #options: BlobPartitionManagerOptions;
  readonly #stopping = new AbortController();
  readonly #log: EventLog;
  readonly #pause: WakeSignal;
  readonly #listeners: QueueListeners;
  readonly #claims: LeaseFolder;
  readonly #ownership: LeaseFolder | undefined;
  readonly #drainingSince = new Map<string, number>();
  #workerId: string;
  #lastSteal = Number.NEGATIVE_INFINITY;
  #isLeaving = false;
  #running: Promise<void> | undefined;

  constructor(options: BlobPartitionManagerOptions) {
    this.#options = options;
    this.#workerId = options.workerId;
    this.#log = createEventLog(options.log, { taskHub: options.taskHub, workerId: options.workerId });
    this.#pause = new WakeSignal(options.clock);
    this.#listeners = new QueueListeners({ ...options, onError: (error) => this.#report(error) });
    const folder = (name: LeaseFolderName, seconds: number) =>
      new LeaseFolder({ ...options, folder: name, leaseSeconds: seconds });
    const isSafe = options.kind === "safe";
    this.#claims = folder(isSafe ? "intent" : "default", leaseSeconds.claim);
    this.#ownership = isSafe ? folder("ownership", leaseSeconds.ownership) : undefined;
  }

  get #owned(): LeaseFolder {
    return this.#ownership ?? this.#claims;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  isOwned(queue: string): boolean {
    return this.#owned.holds(queue); // N2
  }

  beginStop(): void {
    this.#isLeaving = true;
    this.#pause.wake();
  }

  async stop(): Promise<void> {
    this.#isLeaving = true;
    this.#stopping.abort();
    await this.#running;
    const queues = this.#heldQueues();
    for (const queue of queues) this.#listeners.letGo(queue);
    await this.#listeners.waitFor(queues);
    await Promise.all(queues.map((queue) => this.#release(queue))).catch((error: unknown) => this.#report(error));
    await this.#listeners.waitForAll();
  }

  #heldQueues(): readonly string[] {
    return [...new Set([...this.#claims.held, ...this.#owned.held])];
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let pauseMs = closeLookMs;
      try {
        pauseMs = await this.#pass();
      } catch (error) {
        this.#report(error);
      }
      for (const queue of this.#options.queues) if (!this.#isServable(queue)) this.#listeners.letGo(queue);
      await this.#pause.wait(pauseMs, signal);
    }
  }

  #report(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#log.write("PartitionPassFailed", `partitions could not be renewed: ${messageOf(error)}`, {});
  }

  /** N1. */
  #isServable(queue: string): boolean {
    return !this.#isLeaving && this.#claims.holds(queue) && this.#owned.holds(queue);
  }

  /** One look at all leases. Resolves to the time until the next one, in milliseconds. */
  async #pass(): Promise<number> {
    const { queues, renewIntervalMs } = this.#options;
    const [claims, owned] = await Promise.all([this.#claims.read(queues), this.#ownership?.read(queues)]);
    this.#leaveNamesake([...claims, ...(owned ?? [])]);
    this.#dropLost(this.#claims, claims);
    if (this.#ownership !== undefined) this.#dropLost(this.#ownership, owned ?? []);
    for (const queue of queues) if (!this.#isServable(queue)) this.#listeners.letGo(queue);
    await this.#renew();
    await this.#giveUp();
    if (this.#isLeaving) return this.#heldQueues().length === 0 ? renewIntervalMs : leavingPauseMs;
    await this.#takeClaims(claims);
    await this.#takeOwnership(owned);
    for (const queue of queues) if (this.#isServable(queue)) this.#listeners.listen(queue);
    const isAlone = this.#claims.held.length === queues.length && this.#owned.held.length === queues.length;
    return Math.min(this.#untilRenewal(), isAlone ? renewIntervalMs : closeLookMs);
  }

  /** Leases that were acquired at different times are due at different times. */
  #untilRenewal(): number {
    const folders = this.#ownership === undefined ? [this.#claims] : [this.#claims, this.#ownership];
    const ages = folders.flatMap((folder) => folder.held.map((queue) => folder.ageMs(queue)));
    return Math.max(leavingPauseMs, this.#options.renewIntervalMs - Math.max(0, ...ages));
  }

  #dropLost(folder: LeaseFolder, leases: readonly LeaseBlob[]): void {
    for (const lease of leases) {
      const { queue } = lease;
      if (folder.held.includes(queue) && !folder.isHeldAs(queue, lease)) folder.forget(queue);
    }
  }

  async #renew(): Promise<void> {
    const { renewIntervalMs } = this.#options;
    const renew = async (folder: LeaseFolder, queues: readonly string[]) => {
      const due = queues.filter((queue) => folder.ageMs(queue) >= renewIntervalMs - leavingPauseMs);
      for (const queue of await folder.renew(due)) folder.forget(queue);
    };
    await renew(this.#claims, this.#claims.held);
    // Of .NET's two intervals the ownership has the longer one, too.
    if (this.#ownership !== undefined) await renew(this.#ownership, this.#ownership.held);
    for (const queue of this.#options.queues) if (!this.#isServable(queue)) this.#listeners.letGo(queue);
  }

  /** Releases what this worker has lost the claim to, or leaves, once nothing is under way in it. */
  async #giveUp(): Promise<void> {
    const now = this.#options.clock.now();
    const unwanted = this.#heldQueues().filter((queue) => this.#isLeaving || !this.#claims.holds(queue));
    for (const queue of this.#drainingSince.keys()) if (!unwanted.includes(queue)) this.#drainingSince.delete(queue);
    const free = unwanted.filter((queue) => {
      const since = this.#drainingSince.get(queue) ?? now;
      this.#drainingSince.set(queue, since);
      return !this.#options.isBusy(queue) || now - since >= longestDrainMs;
    });
    await this.#listeners.waitFor(free);
    await Promise.all(free.map((queue) => this.#release(queue)));
  }

  async #release(queue: string): Promise<void> {
    const isKept = this.#heldQueues().includes(queue);
    await Promise.all([this.#claims.release(queue), this.#ownership?.release(queue)]);
    if (isKept) this.#log.write("PartitionReleased", `${this.#workerId} gave ${queue} up`, { queue });
  }

  async #takeClaims(leases: readonly LeaseBlob[]): Promise<void> {
    const { clock, isDeadWorker, renewIntervalMs } = this.#options;
    const viewer = { workerId: this.#workerId, isDeadWorker, isStealing: true };
    const others = leases.filter(({ queue }) => !this.#claims.held.includes(queue));
    const current = leases.map((lease) => {
      // What was lost a moment ago is listed as ours.
      return others.includes(lease) && isOwnedBy(lease, this.#workerId) ? { ...lease, owner: undefined } : lease;
    });
    const { free, stolen } = chooseLeases(current, viewer);
    const canSteal = clock.now() - this.#lastSteal >= renewIntervalMs;
    const wanted = stolen !== undefined && canSteal ? [stolen] : free;
    if (stolen !== undefined && canSteal) this.#lastSteal = clock.now();
    for (const lease of wanted) {
      if (this.#claims.held.includes(lease.queue)) continue;
      const isTaken = await this.#claims.acquire(lease, this.#workerId);
      if (isTaken && this.#ownership === undefined) this.#noteTaken(lease.queue);
    }
  }

  async #takeOwnership(leases: readonly LeaseBlob[] | undefined): Promise<void> {
    const { isDeadWorker } = this.#options;
    const ownership = this.#ownership;
    if (ownership === undefined || leases === undefined) return;
    const claimed = leases.filter(({ queue }) => this.#claims.holds(queue) && !ownership.held.includes(queue));
    const { free } = chooseLeases(claimed, { workerId: this.#workerId, isDeadWorker, isStealing: false });
    const taken = await Promise.all(free.map((lease) => ownership.acquire(lease, this.#workerId)));
    for (const [index, { queue }] of free.entries()) if (taken[index]) this.#noteTaken(queue);
  }

  #noteTaken(queue: string): void {
    this.#log.write("PartitionClaimed", `${this.#workerId} took ${queue}`, { queue });
  }

  /** N3. */
  #leaveNamesake(leases: readonly LeaseBlob[]): void {
    const held = new Set(this.#heldQueues());
    const isTaken = leases.some((lease) => {
      return lease.isLeased && isOwnedBy(lease, this.#workerId) && !held.has(lease.queue);
    });
    if (!isTaken || this.#isLeaving) return;
    const taken = this.#workerId;
    this.#workerId = uniqueWorkerId(this.#options.workerId, this.#options.random.guid());
    const text = `another process works as ${taken}; this one goes on as ${this.#workerId}`;
    this.#log.write("WorkerIdTaken", text, {});
  }
}
