import { status } from "@grpc/grpc-js";
import { messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import { linkSignals } from "../../core/linked-signal.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { CallFailure, type TaskHubChannel } from "../channel/task-hub-channel.ts";
import type { WorkItem } from "../proto/orchestrator_service_pb.ts";
import type { RequestInit } from "../service/service-definition.ts";
import { reconnectDelay } from "./back-off.ts";

export interface ConnectionKeeperOptions {
  readonly openChannel: () => TaskHubChannel;
  readonly request: RequestInit<"getWorkItems">;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventLog;
  /** Called for each item, pings too. While its promise is pending nothing more is read. Never rejects. */
  readonly onItem: (item: WorkItem) => Promise<void> | undefined;
  readonly onConnected: () => void;
  /** The server takes back what it has sent, and hands it out again. */
  readonly onLost: () => void;
  /** An attempt to connect has come to nothing. `true` ends {@link ConnectionKeeper.run}. */
  readonly onNotConnected: (error: unknown) => boolean;
}

const helloTimeoutMs = 30_000;
/** A server pings well within this time. */
const maxSilenceMs = 120_000;

/**
 * Keeps one stream of work items open.
 *
 * C1. Each attempt has a channel of its own, so that nothing of a broken one is used again. The last one that stood is
 *     kept until the next one stands: what is under way may still be completed over it.
 * C2. Connects for ever, with growing pauses. They start anew once a connection has delivered something.
 * C3. A stream that is silent for 120 s is broken, whatever the network says. While this side does not read, it is no
 *     silence.
 * C4. Tells the log what has changed, and not each attempt.
 */
export class ConnectionKeeper {
  readonly #options: ConnectionKeeperOptions;
  #channel: TaskHubChannel | undefined;
  #isConnected = false;
  #lastReason: string | undefined;

  constructor(options: ConnectionKeeperOptions) {
    this.#options = options;
  }

  /** The last connection that stood. */
  get channel(): TaskHubChannel | undefined {
    return this.#channel;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Resolves once `signal` has aborted, or when told by `onNotConnected`. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const { error, hasDelivered, hasStood } = await this.#serve(signal);
      if (signal.aborted || (!hasStood && this.#options.onNotConnected(error))) return;
      failures = hasDelivered ? 1 : failures + 1; // C2
      const delayMs = reconnectDelay(failures, random);
      this.#tellLost(messageOf(error), delayMs);
      await clock.sleep(delayMs, signal);
    }
  }

  /** What is under way over the connection ends as cancelled. */
  close(): void {
    this.#channel?.close();
  }

  /** One connection, from its opening to its end. */
  async #serve(signal: AbortSignal): Promise<ConnectionEnd> {
    let channel: TaskHubChannel | undefined;
    let hasDelivered = false;
    try {
      channel = this.#options.openChannel(); // C1
      await channel.unary("hello", {}, { signal, timeoutMs: helloTimeoutMs });
      this.#stand(channel);
      await this.#read(channel, signal, () => {
        hasDelivered = true;
      });
      return { error: new Error("the server has ended the stream"), hasDelivered, hasStood: true };
    } catch (error) {
      const hasStood = this.#channel === channel && channel !== undefined;
      if (!hasStood) channel?.close();
      return { error, hasDelivered, hasStood };
    } finally {
      if (this.#isConnected) {
        this.#isConnected = false;
        this.#options.onLost();
      }
    }
  }

  #stand(channel: TaskHubChannel): void {
    const previous = this.#channel;
    this.#channel = channel;
    previous?.close(); // C1
    this.#isConnected = true;
    const wasLost = this.#lastReason !== undefined;
    this.#lastReason = undefined;
    const event = wasLost ? "GrpcConnectionRestored" : "GrpcConnected";
    this.#options.events.write(event, `connected to ${channel.target}`, {});
    this.#options.onConnected();
  }

  async #read(channel: TaskHubChannel, signal: AbortSignal, onDelivered: () => void): Promise<void> {
    const { clock, request, onItem } = this.#options;
    const silence = new SilenceWatch(clock);
    const linked = linkSignals(signal, silence.signal);
    try {
      for await (const item of channel.stream("getWorkItems", request, { signal: linked.signal })) {
        silence.touch();
        onDelivered();
        const full = onItem(item);
        if (full === undefined) continue;
        silence.pause();
        await full;
        silence.touch();
      }
      silence.throwIfOver();
    } catch (error) {
      silence.throwIfOver();
      throw error;
    } finally {
      silence.end();
      linked.unlink();
    }
  }

  #tellLost(reason: string, delayMs: number): void {
    if (reason === this.#lastReason) return; // C4
    this.#lastReason = reason;
    const text = `no connection: ${reason}; trying again in ${(delayMs / 1000).toFixed(1)} s, and from then on`;
    this.#options.events.write("GrpcConnectionLost", text, {});
  }
}

interface ConnectionEnd {
  readonly error: unknown;
  /** Anything at all has come over it. */
  readonly hasDelivered: boolean;
  /** The server has answered. */
  readonly hasStood: boolean;
}

/** Aborts when nothing has come for {@link maxSilenceMs}. One sleeper, however much comes. */
class SilenceWatch {
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #ended = new AbortController();
  #heardAt: number;
  #isPaused = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardAt = clock.now();
    void this.#watch();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  touch(): void {
    this.#heardAt = this.#clock.now();
    this.#isPaused = false;
  }

  /** Until the next {@link touch}. */
  pause(): void {
    this.#isPaused = true;
  }

  throwIfOver(): void {
    if (this.signal.aborted) throw new Error(`the server was silent for ${maxSilenceMs / 1000} s`);
  }

  end(): void {
    this.#ended.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const left = this.#isPaused ? maxSilenceMs : this.#heardAt + maxSilenceMs - this.#clock.now();
      if (left <= 0) return this.#over.abort(); // C3
      await this.#clock.sleep(left, signal);
    }
  }
}

/** No later attempt will do better: the hub, the token or the service is not what it should be. */
export function isHopeless(error: unknown): boolean {
  return !(error instanceof CallFailure) || hopeless.has(error.code);
}

const hopeless: ReadonlySet<number> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.NOT_FOUND,
  status.UNIMPLEMENTED,
]);
