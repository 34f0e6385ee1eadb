import type { TaskMessage } from "../../../core/task-message.ts";
import type { MessageData } from "../codec/message-data.ts";
import type { HeldDelivery, HeldMessage } from "./held-message.ts";

export interface LocalAnswerOptions {
  /** The request, which stays in its queue, hidden: whoever finds it runs the activity once more. */
  readonly request: HeldMessage;
  readonly data: MessageData;
  readonly insertedOn: Date;
  /** Puts the answer into the queue of its instance, to be received after `ms`. */
  readonly send: (ms: number) => Promise<void>;
  /** The request is not held any more. */
  readonly onDone: () => void;
}

/**
 * The answer of an activity that ran where its orchestration lives. It goes from hand to hand, and its request is the
 * record that nothing is lost with this process.
 *
 * N1. The request is deleted once the history has the answer, or once the answer is in the queue of its instance.
 * N2. The answer holds whoever has the request by now: the history takes the first that comes.
 */
export class LocalAnswer implements HeldDelivery {
  readonly id: string;
  readonly data: MessageData;
  readonly insertedOn: Date;
  readonly deliveryCount = 1;
  readonly unfinishedRuns = 0;
  readonly #options: LocalAnswerOptions;

  constructor(options: LocalAnswerOptions) {
    this.#options = options;
    this.id = options.request.id;
    this.data = options.data;
    this.insertedOn = options.insertedOn;
  }

  get message(): TaskMessage {
    return this.data.message;
  }

  get instanceId(): string {
    return this.data.message.target.instanceId;
  }

  get abandonDelayMs(): number {
    return this.#options.request.abandonDelayMs;
  }

  /** What comes once more is the request, to whom it came before. */
  adopt(): void {}

  async hideFor(ms: number): Promise<boolean> {
    await this.#options.request.hideFor(ms);
    return true; // N2
  }

  async delete(): Promise<boolean> {
    try {
      return await this.#options.request.delete();
    } finally {
      this.#options.onDone();
    }
  }

  async giveBack(ms: number): Promise<boolean> {
    const { send, onDone, request } = this.#options;
    try {
      await send(ms);
      await request.delete(); // N1
    } finally {
      onDone();
    }
    return true;
  }

  putBack(): Promise<boolean> {
    return this.giveBack(0);
  }

  /** A run is noted in messages only from their second delivery on, and that is one of the request. */
  async noteRun(): Promise<void> {}
}
