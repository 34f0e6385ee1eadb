import { answerOfMessage } from "../../engine/answers.ts";
import type { HeldOrchestration } from "./held-work-items.ts";
import type { HeldDelivery } from "./messaging/held-message.ts";

export interface WorkItemSettlerOptions {
  /** Deletions that nobody needs go on beside the next step. */
  readonly overlaps: boolean;
  /** Lets the instance be taken again. */
  readonly release: (instanceId: string) => void;
  /** Messages that are not held any more. @param delays after which they come again, of those that do */
  readonly forget: (instanceId: string, messages: readonly HeldDelivery[], delays: readonly number[]) => void;
  readonly onFailed: (instanceId: string, error: unknown) => void;
}

/** With more deletions under way, a checkpoint waits for its own. */
const maxDeletionsAhead = 256;

/** What becomes of the messages of a work item that is done with. */
export class WorkItemSettler {
  readonly #options: WorkItemSettlerOptions;
  /** That nobody waits for. */
  readonly #deletions = new Set<Promise<unknown>>();
  /** By instance: a work item that is settled beside the next one. */
  readonly #settling = new Map<string, Promise<unknown>>();

  constructor(options: WorkItemSettlerOptions) {
    this.#options = options;
  }

  /**
   * Deletes the settled messages, gives the others back, and lets the instance be taken again. Once per work item.
   *
   * @returns the ids of the messages that are surely gone
   */
  async settle(
    workItem: HeldOrchestration,
    settled: ReadonlySet<string>,
    maxDelayMs: number = Number.POSITIVE_INFINITY,
  ): Promise<ReadonlySet<string>> {
    if (workItem.isSettled) return new Set();
    workItem.isSettled = true;
    const { forget, onFailed } = this.#options;
    const { messages, instanceId } = workItem;
    const delayOf = (message: HeldDelivery) => Math.min(message.abandonDelayMs, maxDelayMs);
    const done = await Promise.allSettled(
      messages.map(async (message) => {
        if (!settled.has(message.id)) return await message.giveBack(delayOf(message));
        const deletion = message.delete();
        if (!this.#mayOverlap(message)) return await deletion;
        this.#deleteInBackground(instanceId, deletion);
        return false;
      }),
    );
    const failed = done.find((call) => call.status === "rejected");
    if (failed !== undefined) onFailed(instanceId, failed.reason);
    const back = messages.filter(({ id }) => !settled.has(id));
    forget(instanceId, messages, back.map(delayOf));
    this.#release(workItem);
    const deleted = messages.filter(({ id }, index) => {
      const call = done[index]!;
      return settled.has(id) && call.status === "fulfilled" && call.value;
    });
    return new Set(deleted.map(({ id }) => id));
  }

  /**
   * Lets the instance be taken again while what is left of its checkpoint goes on: the next one of the instance waits for
   * that by {@link settled}.
   *
   * @param settle settles the work item; what it throws is reported
   */
  settleLater(workItem: HeldOrchestration, settle: () => Promise<unknown>): void {
    const { instanceId } = workItem;
    const settling = settle()
      .then(() => undefined)
      .catch((error: unknown) => this.#options.onFailed(instanceId, error))
      .finally(() => {
        if (this.#settling.get(instanceId) === settling) this.#settling.delete(instanceId);
      });
    this.#settling.set(instanceId, settling);
    this.#release(workItem);
  }

  /** So many may be settled later as deletions are left behind. */
  get maySettleLater(): boolean {
    return this.#options.overlaps && this.#settling.size < maxDeletionsAhead;
  }

  /** Resolves once nothing of the instance is settled any more. */
  async settled(instanceId: string): Promise<void> {
    await this.#settling.get(instanceId);
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#settling.values());
    await Promise.all(this.#deletions);
  }

  #release(workItem: HeldOrchestration): void {
    if (workItem.isReleased) return;
    workItem.isReleased = true;
    this.#options.release(workItem.instanceId);
  }

  /** An answer that comes again is known for a repeat, whether or not its deletion is waited for. */
  #mayOverlap({ message }: HeldDelivery): boolean {
    const isKnownAnyway = answerOfMessage(message) !== undefined;
    return this.#options.overlaps && isKnownAnyway && this.#deletions.size < maxDeletionsAhead;
  }

  #deleteInBackground(instanceId: string, deletion: Promise<unknown>): void {
    const done = deletion
      .catch((error: unknown) => this.#options.onFailed(instanceId, error))
      .finally(() => this.#deletions.delete(done));
    this.#deletions.add(done);
  }
}
