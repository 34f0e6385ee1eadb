import { setMaxListeners } from "node:events";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import { compareArrival, type HeldMessage } from "./held-message.ts";

interface InstanceEntry {
  pending: HeldMessage[];
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
  readonly #held = new Map<string, HeldMessage>();
  readonly #instances = new Map<string, InstanceEntry>();
  /** Instances that can be taken, oldest first. */
  readonly #ready = new Set<string>();
  readonly #waiters = new Set<() => void>();

  /** Messages in memory, those of work items included. */
  get messageCount(): number {
    return this.#held.size;
  }

  /** `true` when the message is held already. */
  renewReceipt(received: ReceivedMessage): boolean {
    const held = this.#held.get(received.messageId);
    held?.adopt(received);
    return held !== undefined;
  }

  hold(message: HeldMessage): void {
    this.#held.set(message.id, message);
  }

  forget(message: HeldMessage): void {
    if (this.#held.get(message.id) === message) this.#held.delete(message.id);
  }

  /** Puts a held message before the next work item of its instance. */
  deliver(message: HeldMessage): void {
    this.#entry(message.instanceId).pending.push(message);
    this.#refresh(message.instanceId);
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
  async take(signal: AbortSignal): Promise<readonly HeldMessage[] | undefined> {
    // Everyone who waits for work may wait on one signal.
    setMaxListeners(0, signal);
    while (!signal.aborted) {
      const [instanceId] = this.#ready;
      if (instanceId !== undefined) {
        const entry = this.#entry(instanceId);
        const messages = entry.pending.sort(compareArrival);
        entry.pending = [];
        this.lock(instanceId);
        return messages;
      }
      await this.#change(signal);
    }
    return undefined;
  }

  /** Takes out what waits and is not part of a work item, for example because its partition is no longer ours. */
  evict(matches: (instanceId: string) => boolean): HeldMessage[] {
    const evicted: HeldMessage[] = [];
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
    for (const wake of this.#waiters) wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
