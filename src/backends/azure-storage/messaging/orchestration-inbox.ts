import { WaitingLine } from "../../../core/waiting-line.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import { compareArrival, type HeldDelivery } from "./held-message.ts";

/** How much is kept in memory; more stays in the queues. */
export interface InboxLimits {
  readonly maxMessages: number;
  /** Of the texts of messages, payloads from blobs included, in UTF-16 units. */
  readonly maxLength: number;
}

interface InstanceEntry {
  pending: HeldDelivery[];
  /** Work items and checks that keep the pending messages waiting. */
  locks: number;
}

/**
 * The messages of orchestrations that this worker holds, by instance.
 *
 * I1. An instance is taken by one work item at a time; what arrives meanwhile waits for the next.
 * I2. Ids are compared exactly, as they are.
 * I3. A message is held from `hold` to `forget`; a second receipt of it only renews the first.
 */
export class OrchestrationInbox {
  readonly #held = new Map<string, HeldDelivery>();
  readonly #instances = new Map<string, InstanceEntry>(); // I2
  /** Instances that can be taken, oldest first. */
  readonly #ready = new Set<string>();
  readonly #line = new WaitingLine<readonly HeldDelivery[]>();
  readonly #limits: InboxLimits;
  #length = 0;

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  /** Messages in memory, those of work items included. */
  get messageCount(): number {
    return this.#held.size;
  }

  /** `true` when no more shall be received, nor taken beside what has a place already. @param places that are kept */
  isFull(places = 0): boolean {
    return this.#held.size + places >= this.#limits.maxMessages || this.#length >= this.#limits.maxLength;
  }

  /** `true` when the message is held already. */
  renewReceipt(received: ReceivedMessage): boolean {
    const held = this.#held.get(received.messageId);
    held?.adopt(received); // I3
    return held !== undefined;
  }

  hold(message: HeldDelivery): void {
    this.#held.set(message.id, message);
    this.#length += lengthOf(message);
  }

  forget(message: HeldDelivery): void {
    if (this.#held.get(message.id) !== message) return;
    this.#held.delete(message.id);
    this.#length -= lengthOf(message);
  }

  /** Puts held messages before the next work items of their instances: into one what came together for one. */
  deliver(...messages: readonly HeldDelivery[]): void {
    for (const message of messages) this.#entry(message.instanceId).pending.push(message);
    for (const { instanceId } of messages) this.#refresh(instanceId);
  }

  /** Keeps the instance from being taken until {@link unlock}. */
  lock(instanceId: string): void {
    this.#entry(instanceId).locks++;
    this.#refresh(instanceId);
  }

  unlock(instanceId: string): void {
    const entry = this.#entry(instanceId);
    entry.locks = Math.max(0, entry.locks - 1);
    this.#refresh(instanceId);
  }

  /** Locks the next ready instance and hands out its messages; `undefined` when `signal` aborts. */
  take(signal: AbortSignal): Promise<readonly HeldDelivery[] | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const messages = this.#takeReady();
    return messages === undefined ? this.#line.wait(signal) : Promise.resolve(messages);
  }

  #takeReady(): readonly HeldDelivery[] | undefined {
    const [instanceId] = this.#ready;
    if (instanceId === undefined) return undefined;
    const entry = this.#entry(instanceId);
    const messages = entry.pending.sort(compareArrival); // B3
    entry.pending = [];
    this.lock(instanceId); // I1, B1
    return messages;
  }

  /** Takes out what waits and is not part of a work item, for example because its partition is no longer ours. */
  evict(matches: (instanceId: string) => boolean): HeldDelivery[] {
    const evicted: HeldDelivery[] = [];
    for (const [instanceId, entry] of this.#instances) {
      if (!matches(instanceId)) continue;
      evicted.push(...entry.pending);
      entry.pending = [];
      this.#refresh(instanceId);
    }
    for (const message of evicted) this.forget(message);
    return evicted;
  }

  /** `true` while a work item or a check is under way for such an instance. */
  isBusy(matches: (instanceId: string) => boolean): boolean {
    return [...this.#instances].some(([instanceId, entry]) => entry.locks > 0 && matches(instanceId));
  }

  #entry(instanceId: string): InstanceEntry {
    let entry = this.#instances.get(instanceId);
    if (entry === undefined) {
      entry = { pending: [], locks: 0 };
      this.#instances.set(instanceId, entry);
    }
    return entry;
  }

  #refresh(instanceId: string): void {
    const entry = this.#entry(instanceId);
    if (entry.locks > 0 || entry.pending.length === 0) {
      this.#ready.delete(instanceId);
      if (entry.locks === 0) this.#instances.delete(instanceId);
      return;
    }
    this.#ready.add(instanceId);
    if (this.#line.length === 0) return;
    const messages = this.#takeReady();
    if (messages !== undefined) this.#line.offer(messages);
  }
}

function lengthOf({ message: { event } }: HeldDelivery): number {
  const input = "input" in event ? (event.input?.length ?? 0) : 0;
  const result = "result" in event ? (event.result?.length ?? 0) : 0;
  return input + result;
}
