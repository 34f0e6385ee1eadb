import { countRuns, fatalRun, runsOfOthers, writeUnfinishedRuns } from "../codec/unfinished-runs.ts";
import type { HeldMessage } from "./held-message.ts";

/**
 * What the messages of one work item tell of runs of the instance's code that have begun and not ended.
 *
 * U1. Messages that are delivered for the first time carry no note and cost no request: their second delivery says that a
 *     first one has not ended.
 * U2. One message carries the note for all of them, the one with the most runs. Whoever gives messages back takes the own
 *     run out.
 */
export class InstanceRuns {
  readonly #messages: readonly HeldMessage[];
  readonly #ownRun: string;
  #isFatal = false;

  /** @param ownRun how this process is named in messages */
  constructor(messages: readonly HeldMessage[], ownRun: string) {
    this.#messages = messages;
    this.#ownRun = ownRun;
  }

  /** Runs by other processes; without end once one was seen to take its process down. */
  get unfinished(): number {
    return Math.max(...this.#messages.map((message) => countRuns(this.#runsOf(message))));
  }

  /** Never rejects. */
  async note(note: "begun" | "fatal", hideForMs: number): Promise<void> {
    this.#isFatal ||= note === "fatal";
    const carrier = this.#carrier();
    if (note === "begun" && carrier.deliveryCount === 1) return; // U1
    const run = this.#isFatal ? fatalRun : this.#ownRun;
    const text = writeUnfinishedRuns(carrier.received.text, [...this.#runsOf(carrier), run]);
    // Without the note it is only run once more than it would be.
    await carrier.hideFor(hideForMs, text).catch(() => false);
  }

  /** The message comes again after so many milliseconds, and does not count as begun here. */
  async giveBack(message: HeldMessage, delayMs: number): Promise<boolean> {
    const runs = this.#runsOf(message);
    const kept = this.#isFatal && message === this.#carrier() ? [...runs, fatalRun] : runs;
    return await message.hideFor(delayMs, writeUnfinishedRuns(message.received.text, kept)); // U2
  }

  #carrier(): HeldMessage {
    return this.#messages.reduce((most, message) => {
      const [left, right] = [countRuns(this.#runsOf(most)), countRuns(this.#runsOf(message))];
      return right > left || (right === left && message.deliveryCount > most.deliveryCount) ? message : most;
    });
  }

  #runsOf({ received }: HeldMessage): readonly string[] {
    return runsOfOthers(received, this.#ownRun);
  }
}
