import { isEntityInstanceId } from "../../../core/entity-id.ts";
import { mapConcurrently } from "../../../core/map-concurrently.ts";
import type { Clock, Random } from "../../../core/ports.ts";
import type { OutgoingMessage, TaskMessage } from "../../../core/task-message.ts";
import { deliveryTimeOf } from "../../../entities/entity-message.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { formatLargeMessage, hasLongText } from "../codec/large-message.ts";
import {
  encodeQueueText,
  formatLargeMessageWrapper,
  formatMessageData,
  type MessageData,
  type MessageEncoding,
} from "../codec/message-data.ts";
import type { HubNames } from "../hub-names.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { isSurelyNotDone } from "../storage/storage-failure.ts";
import type { RequestBudget } from "../storage/storage-request.ts";
import { isBlobFolder, type LargePayloads } from "../tracking/large-payloads.ts";
import type { HeldMessage } from "./held-message.ts";
import type { LocalPlace } from "./local-dispatch.ts";
import { queueOf } from "./message-admission.ts";
import type { MessageReader } from "./message-reader.ts";
import { SendLanes } from "./send-lanes.ts";

export interface MessageSenderOptions {
  readonly storage: StorageClient;
  readonly payloads: LargePayloads;
  readonly names: HubNames;
  readonly clock: Clock;
  readonly random: Random;
  readonly encoding: MessageEncoding;
  /** Told of each message right after it is in the queue, with the time from which it can be received. */
  readonly onSent: (queue: string, visibleAt: number) => void;
  /** @defaultValue everything is for whoever receives it */
  readonly local?: LocalHold | undefined;
}

/** What this process can keep for itself of what it sends. */
export interface LocalHold {
  /** Keeps a place for a message that can be received at once. */
  readonly reserve: (queue: string, message: TaskMessage) => LocalPlace | undefined;
  /** How long what has a place is hidden from others, in milliseconds. */
  readonly visibilityTimeoutMs: number;
  readonly reader: Pick<MessageReader, "hold">;
}

export type MessageOrigin = Pick<MessageData, "sender" | "episode">;

/** Messages of clients have no sending orchestration. */
export const clientOrigin: MessageOrigin = { sender: { instanceId: "", executionId: "" }, episode: undefined };

/** Of one checkpoint. */
const maxConcurrentSends = 64;

/** Larger texts go to a blob; with Base64 this stays under the 64 KiB of a queue message. */
const maxQueueTextBytes = 46_080;

/** The longest that the service hides a message, in milliseconds. Receivers hide an early one again. */
export const maxVisibilityDelayMs = 604_800_000;

/** When an event is meant to happen, for events that are sent ahead of their time. */
export function dueTimeOf({ event, target }: TaskMessage): number | undefined {
  if (event.type === "TimerFired") return event.fireAt.getTime();
  if (event.type === "EventRaised") return deliveryTimeOf(target.instanceId, event.name)?.getTime();
  return event.type === "ExecutionStarted" ? event.scheduledStartTime?.getTime() : undefined;
}

interface FittedMessage {
  /** What goes into the queue. */
  readonly json: string;
  readonly blobName: string | undefined;
}

interface SendOptions {
  readonly budget?: RequestBudget | undefined;
  /** The caller will {@link MessageSender.handOver hand it over}, or take it back. @defaultValue false */
  readonly isHandedOver?: boolean | undefined;
}

export interface SendAllOptions extends Pick<SendOptions, "isHandedOver"> {
  /**
   * Nothing has come of the messages yet, so that those which were sent before one failed can go again: they will be sent
   * anew with the others. @defaultValue false
   */
  readonly takesBack?: boolean | undefined;
}

export interface SentMessage {
  readonly queue: string;
  readonly messageId: string;
  readonly popReceipt: string;
  /** Blob that holds the whole message, when it was too large for the queue. */
  readonly blobName: string | undefined;
  /** It waits, hidden, for being handed over in this process. */
  readonly local?: { readonly place: LocalPlace; readonly message: HeldMessage; readonly since: number };
}

/**
 * Puts messages into the queues of the hub.
 *
 * S1. Of one checkpoint, or other call of `sendAll`, a bounded number of sends is under way, however many there are; of
 *     all together as many as storage takes without keeping them in line.
 * S2. They have one time budget: as long as some are done now and then, none of the others is given up. So a checkpoint
 *     that is large, or meets a storage that is slow, ends late and not anew.
 * S3. What was sent for a checkpoint that fails is taken back, as far as nobody has received it and storage answers.
 * S4. What this process would receive itself is put hidden, if the caller can hand it over later.
 */
export class MessageSender {
  readonly #options: MessageSenderOptions;
  readonly #lanes: SendLanes;
  #sequenceNumber = 0;

  constructor(options: MessageSenderOptions) {
    this.#options = options;
    this.#lanes = new SendLanes(options.clock);
  }

  /**
   * Sends what a checkpoint has to say, several at a time, but in order what one receiver would notice the order of. No
   * send is under way any more when it rejects.
   *
   * @returns what {@link takeBack} takes
   */
  async sendAll(
    outgoing: readonly OutgoingMessage[],
    origin: MessageOrigin,
    { takesBack, isHandedOver }: SendAllOptions = {},
  ): Promise<readonly SentMessage[]> {
    const budget: RequestBudget = { lastDoneAt: this.#options.clock.now() };
    const sent: SentMessage[] = [];
    const sendInOrder = async (messages: readonly OutgoingMessage[]) => {
      for (const message of messages)
        sent.push(await this.#lanes.use(() => this.send(message, origin, { budget, isHandedOver })));
    };
    try {
      await mapConcurrently(groupByOrder(outgoing), maxConcurrentSends, sendInOrder); // S1, S2
    } catch (error) {
      if (takesBack === true)
        await this.takeBack(sent); // S3
      else this.handOver(sent);
      throw error;
    }
    return sent;
  }

  /** Gives what was put hidden to this process. To be called once what it stands for is durable. */
  handOver(sent: readonly SentMessage[]): void {
    const now = this.#options.clock.now();
    for (const { local } of sent) local?.place.handOver(local.message, now - local.since);
  }

  /**
   * Deletes messages of a checkpoint that surely was not written. Best effort: what somebody has received by now is his,
   * and an outage ends it.
   */
  async takeBack(sent: readonly SentMessage[]): Promise<void> {
    const { storage, payloads } = this.#options;
    for (const { local } of sent) local?.place.release();
    const deleteOne = async ({ queue, messageId, popReceipt, blobName }: SentMessage) => {
      const reply = await storage.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
      if (reply.outcome === "done" && blobName !== undefined) payloads.deleteInBackground([blobName]);
    };
    await mapConcurrently(sent, maxConcurrentSends, deleteOne).catch(() => undefined);
  }

  async send(
    outgoing: OutgoingMessage,
    origin: MessageOrigin,
    { budget, isHandedOver = false }: SendOptions = {},
  ): Promise<SentMessage> {
    const { storage, names, clock, random, encoding, onSent, local } = this.#options;
    const { message } = outgoing;
    const data: MessageData = {
      activityId: random.guid(),
      message,
      sequenceNumber: this.nextSequenceNumber(),
      ...origin,
    };
    const { json, blobName } = await this.#fit(data, budget);
    const queue = queueOf(message, names);
    const delayMs = this.#delayOf(outgoing);
    const text = encodeQueueText(json, encoding);
    const place = isHandedOver && this.#isDue(outgoing) ? local?.reserve(queue, message) : undefined; // S4
    const visibilityDelayMs = place === undefined || local === undefined ? delayMs : local.visibilityTimeoutMs;
    const isHeld = place !== undefined;
    const request = { kind: "queue.send", queue, text, visibilityDelayMs, ...(isHeld && { isHeld }) } as const;
    const since = clock.now();
    try {
      const { messageId, popReceipt, ...stored } = await storage.require(request, undefined, budget);
      const sent = { queue, messageId, popReceipt, blobName };
      if (place === undefined || local === undefined) {
        onSent(queue, clock.now() + visibilityDelayMs);
        return sent;
      }
      const received = { messageId, popReceipt, text, dequeueCount: 0, ...stored };
      return { ...sent, local: { place, message: local.reader.hold(queue, received, data, blobName), since } };
    } catch (error) {
      place?.release();
      // No message refers to it.
      if (blobName !== undefined && isSurelyNotDone(error)) this.#options.payloads.deleteInBackground([blobName]);
      throw error;
    }
  }

  /**
   * Receivers order what came within one second by it. .NET counts from 1 in each process; a count that begins at the time,
   * in microseconds, is the order of several processes too, for receivers of either kind.
   */
  nextSequenceNumber(): number {
    this.#sequenceNumber = Math.max(this.#sequenceNumber + 1, Math.floor(this.#options.clock.now()) * 1000);
    return this.#sequenceNumber;
  }

  async #fit(data: MessageData, budget: RequestBudget | undefined): Promise<FittedMessage> {
    if (hasLongText(data)) {
      const json = formatLargeMessage(data, this.#options.payloads.mark);
      return await this.#putAway(data, json, budget);
    }
    const json = formatMessageData(data);
    if (Buffer.byteLength(json, "utf8") <= maxQueueTextBytes) return { json, blobName: undefined };
    return await this.#putAway(data, json, budget);
  }

  async #putAway(
    { message: { event, target }, activityId }: MessageData,
    json: string | Iterable<string>,
    budget: RequestBudget | undefined,
  ): Promise<FittedMessage> {
    const { instanceId } = target;
    // Of the key of an entity, "../a" say, only the escaped form is the name of a blob. Receivers take what they are told.
    const folder = isEntityInstanceId(instanceId) && !isBlobFolder(instanceId) ? escapeKey(instanceId) : instanceId;
    const blobName = `${folder}/message-${activityId.replaceAll("-", "")}-${event.type}.json.gz`;
    await this.#options.payloads.put(blobName, json, budget);
    return { json: formatLargeMessageWrapper(blobName), blobName };
  }

  #isDue({ deliverAt }: OutgoingMessage): boolean {
    return deliverAt === undefined || deliverAt.getTime() <= this.#options.clock.now();
  }

  /** The queue knows whole seconds. Receivers wait out the rest of an event that knows when it is due. */
  #delayOf({ message, deliverAt }: OutgoingMessage): number {
    if (deliverAt === undefined) return 0;
    const ms = Math.min(maxVisibilityDelayMs, Math.max(0, deliverAt.getTime() - this.#options.clock.now()));
    return dueTimeOf(message) === undefined ? Math.ceil(ms / 1000) * 1000 : Math.floor(ms / 1000) * 1000;
  }
}

/**
 * Groups that each keep their order: the start of an instance with the events sent to it, any other message alone. What
 * is sent to entities carries its order.
 */
function groupByOrder(outgoing: readonly OutgoingMessage[]): readonly (readonly OutgoingMessage[])[] {
  const alone: OutgoingMessage[][] = [];
  const ordered = new Map<string, OutgoingMessage[]>();
  for (const sent of outgoing) {
    const { event, target } = sent.message;
    const group = ordered.get(target.instanceId);
    const isOrdered = event.type === "ExecutionStarted" || event.type === "EventRaised";
    if (!isOrdered || isEntityInstanceId(target.instanceId)) alone.push([sent]);
    else if (group === undefined) ordered.set(target.instanceId, [sent]);
    else group.push(sent);
  }
  return [...ordered.values(), ...alone];
}
