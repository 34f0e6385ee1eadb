import type { Clock } from "../../../core/ports.ts";
import type { TaskMessage } from "../../../core/task-message.ts";
import type { HeldMessage } from "./held-message.ts";
import { LocalAnswer } from "./local-answer.ts";
import type { MessageOrigin, MessageSender } from "./message-sender.ts";

export interface LocalAnswersOptions {
  readonly sender: Pick<MessageSender, "send" | "nextSequenceNumber">;
  readonly clock: Clock;
  readonly visibilityTimeoutMs: number;
  readonly renewIntervalMs: number;
}

/** The answers that go from hand to hand in this process; their requests are kept hidden while they do. */
export class LocalAnswers {
  readonly #options: LocalAnswersOptions;
  /** When the request of each was hidden last, oldest first. */
  readonly #renewedAt = new Map<LocalAnswer, number>();
  readonly #stopping = new AbortController();
  #isRenewing = false;

  constructor(options: LocalAnswersOptions) {
    this.#options = options;
  }

  add(request: HeldMessage, message: TaskMessage, origin: MessageOrigin, onDone: () => void): LocalAnswer {
    const { sender, clock } = this.#options;
    const now = clock.now();
    const answer = new LocalAnswer({
      request,
      data: { activityId: "", message, sequenceNumber: sender.nextSequenceNumber(), ...origin },
      insertedOn: new Date(Math.floor(now / 1000) * 1000),
      send: async (ms) => {
        const deliverAt = ms === 0 ? undefined : new Date(clock.now() + ms);
        await sender.send({ message, deliverAt }, origin);
      },
      onDone: () => {
        this.#renewedAt.delete(answer);
        onDone();
      },
    });
    this.#renewedAt.set(answer, now);
    if (!this.#isRenewing) void this.#renew();
    return answer;
  }

  /** It was not taken: whoever has made it sends it. */
  drop(answer: LocalAnswer): void {
    this.#renewedAt.delete(answer);
  }

  /** Requests are not kept hidden any more. */
  stop(): void {
    this.#stopping.abort();
  }

  /** As long as there are any. */
  async #renew(): Promise<void> {
    const { clock, renewIntervalMs, visibilityTimeoutMs } = this.#options;
    const { signal } = this.#stopping;
    this.#isRenewing = true;
    while (this.#renewedAt.size > 0 && !signal.aborted) {
      await clock.sleep(renewIntervalMs / 2, signal);
      const before = clock.now() - renewIntervalMs / 2;
      const due = [...this.#renewedAt].flatMap(([answer, at]) => (at <= before ? answer : []));
      const renewal = due.map(async (answer) => {
        // Should it fail, the activity runs once more, and its second answer is a repeat.
        await answer.hideFor(visibilityTimeoutMs).catch(() => false);
        if (this.#renewedAt.has(answer)) this.#renewedAt.set(answer, clock.now());
      });
      await Promise.all(renewal);
    }
    this.#isRenewing = false;
  }
}
