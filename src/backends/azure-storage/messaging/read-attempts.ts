/** Deliveries of a message that cannot be read until it is put into quarantine. */
export const maxReadAttempts = 5;
/** Bytes that came out of storage may have been a bad copy; a text is what it is. */
const minReadsOfBlob = 2;
const maxRemembered = 10_000;

interface Deliveries {
  /** That ended for another reason than the message itself. */
  outages: number;
  /** That met bad data. */
  badReads: number;
}

/**
 * Counts the attempts at messages that cannot be read.
 *
 * An attempt is a delivery, as the service counts them over all workers and all their lives: else a message would never be
 * put aside that takes its worker down, or that many workers look at in turn. Deliveries that this process knows to have
 * ended in an outage of storage are taken off. Of the others nothing is known; but they alone never put a message aside:
 * what decides is that it was read, to its end, and is bad, which no outage makes it.
 */
export class ReadAttempts {
  readonly #byMessage = new Map<string, Deliveries>();

  /** Notes a delivery that no message is to blame for. */
  addOutage(messageId: string): void {
    this.#of(messageId).outages++;
  }

  /**
   * Notes a delivery that met bad data.
   *
   * @param where the bad data is: in the text of the queue message, or in the blob that it refers to
   * @returns whether the message has had its chances
   */
  addBadRead(messageId: string, dequeueCount: number, where: "text" | "blob"): boolean {
    const deliveries = this.#of(messageId);
    deliveries.badReads++;
    const { outages, badReads } = deliveries;
    const attempts = Math.max(badReads, dequeueCount - outages);
    return attempts >= maxReadAttempts && (where === "text" || badReads >= minReadsOfBlob);
  }

  forget(messageId: string): void {
    this.#byMessage.delete(messageId);
  }

  #of(messageId: string): Deliveries {
    let deliveries = this.#byMessage.get(messageId);
    if (deliveries === undefined) {
      if (this.#byMessage.size >= maxRemembered) this.#byMessage.delete(this.#byMessage.keys().next().value!);
      deliveries = { outages: 0, badReads: 0 };
      this.#byMessage.set(messageId, deliveries);
    }
    return deliveries;
  }
}
