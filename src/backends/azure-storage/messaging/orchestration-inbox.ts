import { isEntityInstanceId } from "../../../core/entity-id.ts";
import { WaitingLine } from "../../../core/waiting-line.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import { compareArrival, type HeldDelivery } from "./held-message.ts";

/** How much is kept in memory; more stays in the queues. */
export interface InboxLimits {
  readonly maxMessages: number;
  /** Of the texts of messages, payloads from blobs included, in UTF-16 units. */
  readonly maxLength: number;
  /** It was full and is not any more, because an entity has begun to run. @defaultValue nobody wants to know */
  readonly onRoom?: () => void;
}

export type InstanceKind = "orchestration" | "entity";

/** The instances of one kind that can be taken, oldest first, and those who wait for one. */
interface Lane {
  readonly ready: Set<string>;
  readonly line: WaitingLine<readonly HeldDelivery[]>;
}

interface InstanceEntry {
  readonly lane: Lane;
  pending: HeldDelivery[];
  /** Work items and checks that keep the pending messages waiting. */
  locks: number;
}

/**
 * The messages of orchestrations and entities that this worker holds, by instance.
 *
 * I1. An instance is taken by one work item at a time; what arrives meanwhile waits for the next.
 * I2. Ids are compared exactly, as they are.
 * I3. A message is held from `hold` to `forget`; a second receipt of it only renews the first.
 * I4. No instance of one kind waits because nobody takes those of the other. So running entities, whose operations may wait
 *     for long, leave the places of their messages to others.
 */
export class OrchestrationInbox {
  readonly #held = new Map<string, HeldDelivery>();
  readonly #instances = new Map<string, InstanceEntry>(); // I2
  readonly #lanes: Readonly<Record<InstanceKind, Lane>> = {
    orchestration: { ready: new Set(), line: new WaitingLine() },
    entity: { ready: new Set(), line: new WaitingLine() },
  };
  /** Messages of running entities. */
  readonly #placeless = new Set<HeldDelivery>();
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
    const taken = this.#held.size - this.#placeless.size; // I4
    return taken + places >= this.#limits.maxMessages || this.#length >= this.#limits.maxLength;
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
    this.#placeless.delete(message);
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

  /** Locks the next ready instance of the kind and hands out its messages; `undefined` when `signal` aborts. */
  take(kind: InstanceKind, signal: AbortSignal): Promise<readonly HeldDelivery[] | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const lane = this.#lanes[kind];
    const messages = this.#takeReady(lane);
    return messages === undefined ? lane.line.wait(signal) : Promise.resolve(messages);
  }

  #takeReady(lane: Lane): readonly HeldDelivery[] | undefined {
    const [instanceId] = lane.ready;
    if (instanceId === undefined) return undefined;
    const entry = this.#entry(instanceId);
    const messages = entry.pending.sort(compareArrival); // B3
    entry.pending = [];
    this.lock(instanceId); // I1, B1
    if (lane === this.#lanes.entity) this.#leavePlaces(messages);
    return messages;
  }

  /** I4 */
  #leavePlaces(messages: readonly HeldDelivery[]): void {
    const wasFull = this.isFull();
    for (const message of messages) this.#placeless.add(message);
    if (wasFull && !this.isFull()) this.#limits.onRoom?.();
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
      const lane = this.#lanes[isEntityInstanceId(instanceId) ? "entity" : "orchestration"];
      entry = { lane, pending: [], locks: 0 };
      this.#instances.set(instanceId, entry);
    }
    return entry;
  }

  #refresh(instanceId: string): void {
    const entry = this.#entry(instanceId);
    const { ready, line } = entry.lane;
    if (entry.locks > 0 || entry.pending.length === 0) {
      ready.delete(instanceId);
      if (entry.locks === 0) this.#instances.delete(instanceId);
      return;
    }
    ready.add(instanceId);
    if (line.length === 0) return;
    const messages = this.#takeReady(entry.lane);
    if (messages !== undefined) line.offer(messages);
  }
}

function lengthOf({ message: { event } }: HeldDelivery): number {
  const input = "input" in event ? (event.input?.length ?? 0) : 0;
  const result = "result" in event ? (event.result?.length ?? 0) : 0;
  return input + result;
}
