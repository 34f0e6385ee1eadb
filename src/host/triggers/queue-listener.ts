import { messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { TypedData } from "../app/typed-data.ts";
import { decodeMessage, messageMetadata } from "./queue-message.ts";
import type { QueueSettings } from "./queue-settings.ts";
import type { TriggerMessage, TriggerQueue } from "./trigger-storage.ts";

export interface QueueListenerOptions {
  readonly functionName: string;
  readonly queue: TriggerQueue;
  /** Where messages go whose calls fail. @defaultValue they stay hidden until they are received again */
  readonly poisonQueue: TriggerQueue | undefined;
  readonly settings: QueueSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventLog;
  /** Calls the function. @throws what the function threw, logged already */
  readonly call: (input: TypedData, metadata: Readonly<Record<string, TypedData>>, reason: string) => Promise<void>;
}

/**
 * How long nobody else sees a message that was received. It is renewed at half of it, so that only a host that has died or
 * hangs for longer lets others have it. The Functions host takes ten minutes, for which the messages of a killed host
 * would be away; no function blocks a host for more than one here.
 */
const visibilityMs = 120_000;
const firstPauseMs = 100;
/** After storage has failed. */
const longestPauseMs = 30_000;

/** A message that a function works on. */
interface HeldMessage {
  message: TriggerMessage;
  /** Somebody else may have it by now. */
  isLost: boolean;
  /** The host stops without waiting for its function any longer. */
  isReleased: boolean;
  /** Ends the renewals. */
  readonly over: AbortController;
  /** While the function runs: resolves after the last renewal. */
  renewing: Promise<void> | undefined;
}

/**
 * Calls a function for each message of a queue.
 *
 * Q1. A message is deleted only when its call has succeeded, or when it is in the poison queue.
 * Q2. What a stop finds received, and not called for, is given back at once; so is what a stop does not wait for.
 * Q3. Storage that fails ends nothing: requests are repeated, further and further apart.
 */
export class QueueListener {
  readonly #options: QueueListenerOptions;
  readonly #stop = new AbortController();
  readonly #held = new Map<HeldMessage, Promise<void>>();
  #pauses = 0;
  #wake: (() => void) | undefined;
  #isAway = false;
  #ended: Promise<void> | undefined;

  constructor(options: QueueListenerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended ??= this.#listen();
  }

  /** Looks at the queue now: something was put into it. */
  notify(): void {
    this.#pauses = 0;
    this.#wake?.();
  }

  /** From now on nothing is received and called any more. */
  stop(): void {
    this.#stop.abort("stopped");
    this.#wake?.();
  }

  /** Gives back what is not finished, and resolves once all else is settled. Never rejects. */
  async close(): Promise<void> {
    this.stop();
    await this.#ended;
    await Promise.allSettled(
      [...this.#held].map(([held, settled]) => (held.renewing === undefined ? settled : this.#release(held))),
    );
  }

  async #listen(): Promise<void> {
    const { settings } = this.#options;
    while (!this.#stop.signal.aborted) {
      if (this.#held.size > settings.newBatchThreshold) await this.#pause(Number.POSITIVE_INFINITY);
      else if (await this.#receive()) this.#pauses = 0;
      else await this.#pause(this.#nextPauseMs());
    }
  }

  /** Resolves to whether there were messages. */
  async #receive(): Promise<boolean> {
    const { queue, settings } = this.#options;
    try {
      const messages = await queue.receive(settings.batchSize, visibilityMs);
      this.#tellBack();
      if (messages === undefined) await queue.create();
      for (const message of messages ?? []) this.#take(message);
      return messages !== undefined && messages.length > 0;
    } catch (error) {
      this.#tellAway(error); // Q3
      return false;
    }
  }

  #take(message: TriggerMessage): void {
    const held: HeldMessage = {
      message,
      isLost: false,
      isReleased: false,
      over: new AbortController(),
      renewing: undefined,
    };
    const settled = this.#process(held)
      .catch((error) => this.#tellUnsettled(held.message, error))
      .finally(() => {
        this.#held.delete(held);
        if (this.#held.size === this.#options.settings.newBatchThreshold) this.#wake?.();
      });
    this.#held.set(held, settled);
  }

  async #process(held: HeldMessage): Promise<void> {
    const { queue, settings, call } = this.#options;
    const { message } = held;
    if (this.#stop.signal.aborted) return void (await queue.hide(message, 0)); // Q2
    const text = decodeMessage(message.text, settings.messageEncoding);
    if (text === undefined) {
      const reason = `it is not Base64, which 'messageEncoding' of host.json asks for ('none' takes any text)`;
      return await this.#poison(message, reason);
    }
    if (message.dequeueCount > settings.maxDequeueCount) {
      return await this.#poison(message, `it was received ${message.dequeueCount} times`);
    }
    const renewing = this.#renew(held);
    held.renewing = renewing;
    const isDone = await call(
      { string: text },
      messageMetadata(message, text),
      `New queue message detected on '${queue.name}', Id=${message.messageId}, DequeueCount=${message.dequeueCount}`,
    ).then(
      () => true,
      () => false,
    );
    held.over.abort("the call has ended");
    held.renewing = undefined;
    // The last renewal has given it another receipt.
    await renewing;
    if (held.isLost || held.isReleased) return;
    // Q1
    if (isDone) await queue.delete(held.message);
    else if (message.dequeueCount >= settings.maxDequeueCount) {
      await this.#poison(held.message, `its call has failed ${message.dequeueCount} times`);
    } else if (this.#options.poisonQueue !== undefined) await queue.hide(held.message, settings.visibilityTimeoutMs);
  }

  /** Q2. Lets others have a message whose function still runs. */
  async #release(held: HeldMessage): Promise<void> {
    held.isReleased = true;
    held.over.abort("the host stops");
    await held.renewing;
    if (!held.isLost) await this.#options.queue.hide(held.message, 0);
  }

  /** Q1. Without a poison queue it stays hidden for a while, which keeps a failure from coming again and again at once. */
  async #poison(message: TriggerMessage, reason: string): Promise<void> {
    const { functionName, queue, poisonQueue, events } = this.#options;
    if (poisonQueue === undefined) return;
    await poisonQueue.send(message.text);
    await queue.delete(message);
    const text = `a message was moved to the queue '${poisonQueue.name}': ${reason}`;
    events.write("QueueMessagePoisoned", text, {
      functionName,
      queue: queue.name,
      messageId: message.messageId,
      deliveryCount: message.dequeueCount,
    });
  }

  /** Keeps a message hidden for as long as its function runs. Never rejects. */
  async #renew(held: HeldMessage): Promise<void> {
    const { queue, clock } = this.#options;
    const { signal } = held.over;
    for (;;) {
      await clock.sleep(visibilityMs / 2, signal);
      if (signal.aborted) return;
      const renewed = queue.hide(held.message, visibilityMs);
      const popReceipt = await renewed.catch(() => held.message.popReceipt);
      if (popReceipt === undefined) {
        held.isLost = true;
        return this.#tellUnsettled(held.message, "another host has received it meanwhile");
      }
      held.message = { ...held.message, popReceipt };
    }
  }

  /** Longer and longer, up to what host.json says while the queue is empty; further while storage fails. */
  #nextPauseMs(): number {
    const { settings, random } = this.#options;
    const most = this.#isAway ? Math.max(longestPauseMs, settings.maxPollingIntervalMs) : settings.maxPollingIntervalMs;
    const jitter = 0.8 + 0.4 * random.number();
    return Math.min(most, firstPauseMs * 2 ** Math.min(this.#pauses++, 20) * jitter);
  }

  async #pause(ms: number): Promise<void> {
    const pause = new AbortController();
    this.#wake = () => pause.abort("woken");
    if (this.#stop.signal.aborted) return;
    if (ms === Number.POSITIVE_INFINITY) await new Promise((woken) => pause.signal.addEventListener("abort", woken));
    else await this.#options.clock.sleep(ms, pause.signal);
    this.#wake = undefined;
  }

  #tellAway(error: unknown): void {
    const { functionName, queue, events } = this.#options;
    if (this.#isAway) return;
    this.#isAway = true;
    events.write("TriggerWaits", `the queue '${queue.name}' cannot be read: ${messageOf(error)}`, { functionName });
  }

  #tellBack(): void {
    if (this.#isAway) this.#pauses = 0;
    this.#isAway = false;
  }

  #tellUnsettled(message: TriggerMessage, reason: unknown): void {
    const { functionName, queue, events } = this.#options;
    const text = `the function may be called for a message again: ${messageOf(reason)}`;
    const { messageId } = message;
    events.write("QueueMessageNotSettled", text, { functionName, queue: queue.name, messageId });
  }
}
