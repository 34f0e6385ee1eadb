import type { QueuedMessage } from "../codec/message-data.ts";

const maxRemembered = 10_000;
const noId = "00000000-0000-0000-0000-000000000000";

/**
 * Knows messages that are in a queue twice: a send whose answer got lost was done, and done again. Both have the text
 * that was sent, and ids of their own. Remembers what this process has received lately.
 */
export class RepeatedSends {
  /** Ids of the messages that came first, by what their sender calls them. */
  readonly #first = new Map<string, string>();

  /** `true` for the second of two; the first is in the queue until it is settled, so this one can go. */
  isRepeat(messageId: string, queued: QueuedMessage): boolean {
    const name = nameOf(queued);
    if (name === undefined) return false;
    const first = this.#first.get(name);
    if (first !== undefined) return first !== messageId;
    if (this.#first.size >= maxRemembered) this.#first.delete(this.#first.keys().next().value!);
    this.#first.set(name, messageId);
    return false;
  }

  /** The message goes out of its queue and may come again under another id. */
  forget(messageId: string, queued: QueuedMessage): void {
    const name = nameOf(queued);
    if (name !== undefined && this.#first.get(name) === messageId) this.#first.delete(name);
  }
}

/** Fresh for each message that is sent; `undefined` for what a sender has not named. */
function nameOf(queued: QueuedMessage): string | undefined {
  if (queued.kind === "largeMessage") return queued.blobName;
  const { activityId, sequenceNumber } = queued.data;
  return activityId === "" || activityId === noId ? undefined : `${activityId} ${sequenceNumber}`;
}
