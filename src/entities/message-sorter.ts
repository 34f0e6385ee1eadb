import type { EntityRequest } from "./entity-message.ts";
import { objectOf, requestMembers, requestOf } from "./entity-message.ts";
import { formatTicks, noTime, readTicks, ticksOf, toTicks, type WireTime } from "./wire-time.ts";

/**
 * Puts the messages of orchestrations and entities to one entity into the order in which they were sent, and drops
 * repeats. The form is .NET's (`Azure/durabletask: src/DurableTask.Core/Entities/StateFormat/MessageSorter.cs`), which
 * forgets a sender after a window of half an hour; `Recent` is ours, others ignore it.
 *
 * S1. A repeat is known by its id, or by its time when its id is too old to be known.
 * S2. A message waits for the one before it, unless that is older than the window.
 * S3. A sender is remembered for the window at least, and beyond it as long as there are not too many.
 */
export class MessageSorter {
  /** By receiver. */
  readonly #sent = new Map<string, WireTime>();
  /** By sender. */
  readonly #received = new Map<string, Sender>();
  #receiveHorizon: WireTime = noTime;
  #sendHorizon: WireTime = noTime;

  static parse(value: unknown): MessageSorter {
    const sorter = new MessageSorter();
    const members = objectOf(value);
    if (members === undefined) return sorter;
    for (const [receiver, time] of Object.entries(objectOf(members["LastSentToInstance"]) ?? {})) {
      if (readTicks(time) !== undefined) sorter.#sent.set(receiver, time as string);
    }
    for (const [name, entry] of Object.entries(objectOf(members["ReceivedFromInstance"]) ?? {})) {
      const sender = readSender(objectOf(entry));
      if (sender !== undefined) sorter.#received.set(name, sender);
    }
    sorter.#receiveHorizon = timeOf(members["ReceiveHorizon"]);
    sorter.#sendHorizon = timeOf(members["SendHorizon"]);
    return sorter;
  }

  toJSON(): Readonly<Record<string, unknown>> {
    return {
      ...(this.#sent.size > 0 && { LastSentToInstance: Object.fromEntries(this.#sent) }),
      ...(this.#received.size > 0 && {
        ReceivedFromInstance: Object.fromEntries(
          [...this.#received].map(([name, entry]) => [name, formatSender(entry)]),
        ),
      }),
      ...(this.#receiveHorizon !== noTime && { ReceiveHorizon: this.#receiveHorizon }),
      ...(this.#sendHorizon !== noTime && { SendHorizon: this.#sendHorizon }),
    };
  }

  /** A copy that changes by itself. */
  clone(): MessageSorter {
    const copy = new MessageSorter();
    for (const [receiver, time] of this.#sent) copy.#sent.set(receiver, time);
    for (const [name, entry] of this.#received) {
      copy.#received.set(name, { ...entry, recent: [...entry.recent], buffered: [...entry.buffered] });
    }
    copy.#receiveHorizon = this.#receiveHorizon;
    copy.#sendHorizon = this.#sendHorizon;
    return copy;
  }

  /** Gives an outgoing request its place behind the earlier ones to the same receiver. */
  label(request: EntityRequest, receiver: string, now: Date): EntityRequest {
    const horizon = toTicks(now) - windowTicks;
    if (ticksOf(this.#sendHorizon) + collectionTicks < horizon) {
      this.#sendHorizon = formatTicks(horizon);
      for (const [other, time] of this.#sent) if (ticksOf(time) < horizon) this.#sent.delete(other);
    }
    const predecessor = this.#sent.get(receiver) ?? noTime;
    const ticks = toTicks(now);
    const timestamp = formatTicks(ticks > ticksOf(predecessor) ? ticks : ticksOf(predecessor) + 1n);
    this.#sent.set(receiver, timestamp);
    return { ...request, timestamp, predecessor };
  }

  /** The last message of ours to that receiver, as it was sent: the next one must not wait for any other. */
  noteSent(receiver: string, { timestamp }: EntityRequest): void {
    this.#sent.set(receiver, timestamp);
  }

  /** What can be delivered now, in order: the request, others that have waited for it, or nothing. */
  receive(request: EntityRequest): readonly EntityRequest[] {
    const { parentInstanceId } = request;
    // Clients keep no order; a forwarded lock request comes from another entity than it names.
    if (parentInstanceId === undefined || request.lockPosition > 0) return [request];
    const delivered = this.#advance(ticksOf(request.timestamp));
    const sender = this.#senderOf(parentInstanceId, request.parentExecutionId, delivered);
    if (isRepeat(sender, request)) return delivered;
    const horizon = ticksOf(this.#receiveHorizon);
    const before = ticksOf(request.predecessor);
    if (before > ticksOf(sender.last) && before >= horizon)
      sender.buffered.push(request); // S2
    else deliver(sender, request, delivered);
    deliverBuffered(sender, horizon, delivered);
    return delivered;
  }

  /** A delayed message has no place in the order. */
  receiveDelayed(request: EntityRequest): readonly EntityRequest[] {
    if (request.parentInstanceId === undefined) return [request];
    const delivered: EntityRequest[] = [];
    const sender = this.#senderOf(request.parentInstanceId, request.parentExecutionId, delivered);
    if (!sender.recent.some(({ mark }) => mark === markOf(request))) deliver(sender, request, delivered);
    return delivered;
  }

  /** Moves the window on, and lets go what has waited for its whole length. */
  #advance(timestamp: bigint): EntityRequest[] {
    const delivered: EntityRequest[] = [];
    const horizon = timestamp - windowTicks;
    if (ticksOf(this.#receiveHorizon) + collectionTicks >= horizon) return delivered;
    this.#receiveHorizon = formatTicks(horizon);
    for (const sender of this.#received.values()) deliverBuffered(sender, horizon, delivered);
    // S3: those heard of last stand at the end.
    const old = [...this.#received].filter(
      ([, { last, buffered }]) => buffered.length === 0 && ticksOf(last) < horizon,
    );
    for (const [name] of old.slice(0, Math.max(0, old.length - maxOldSenders))) this.#received.delete(name);
    return delivered;
  }

  #senderOf(name: string, executionId: string | undefined, delivered: EntityRequest[]): Sender {
    const known = this.#received.get(name);
    this.#received.delete(name);
    const isSame = known !== undefined && known.executionId === executionId;
    // What an execution before has sent will get no predecessor any more.
    if (known !== undefined && !isSame) delivered.push(...byTime(known.buffered));
    const sender = isSame ? known : { last: noTime, executionId, recent: [], buffered: [] };
    this.#received.set(name, sender);
    return sender;
  }
}

interface Sender {
  /** Time of the last message that was delivered. */
  last: WireTime;
  readonly executionId: string | undefined;
  /** The last messages that were delivered, oldest first. */
  recent: Recent[];
  /** What waits for its predecessor. */
  readonly buffered: EntityRequest[];
}

interface Recent {
  readonly ticks: bigint;
  readonly mark: string;
}

const ticksPerMinute = 600_000_000n;
const windowTicks = 30n * ticksPerMinute;
const collectionTicks = ticksPerMinute;
const maxOldSenders = 200;
const maxRecent = 8;
const maxBuffered = 10_000;

/** S1 */
function isRepeat({ last, recent, buffered }: Sender, request: EntityRequest): boolean {
  const mark = markOf(request);
  if (recent.some((known) => known.mark === mark) || buffered.some(({ id }) => id === request.id)) return true;
  const ticks = ticksOf(request.timestamp);
  if (ticks > ticksOf(last)) return false;
  // An episode that is repeated may decide otherwise, and give an earlier time to another message.
  const [oldest] = recent;
  return oldest === undefined ? last !== noTime : ticks < oldest.ticks;
}

function deliver(sender: Sender, request: EntityRequest, delivered: EntityRequest[]): void {
  delivered.push(request);
  const isDelayed = request.timestamp === noTime;
  const ticks = ticksOf(isDelayed ? sender.last : request.timestamp);
  if (ticks > ticksOf(sender.last)) sender.last = request.timestamp;
  sender.recent.push({ ticks, mark: markOf(request) });
  if (sender.recent.length > maxRecent) sender.recent.shift();
}

function deliverBuffered(sender: Sender, horizon: bigint, delivered: EntityRequest[]): void {
  while (sender.buffered.length > 0) {
    const [next] = byTime(sender.buffered);
    const before = ticksOf(next!.predecessor);
    if (before > ticksOf(sender.last) && before >= horizon && sender.buffered.length <= maxBuffered) return;
    sender.buffered.splice(sender.buffered.indexOf(next!), 1);
    deliver(sender, next!, delivered);
  }
}

function byTime(requests: readonly EntityRequest[]): readonly EntityRequest[] {
  return [...requests].sort((a, b) => {
    const difference = ticksOf(a.timestamp) - ticksOf(b.timestamp);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  });
}

/** The beginning of a GUID tells the few last messages of one sender apart. */
function markOf({ id }: EntityRequest): string {
  return id.slice(0, 8);
}

function readSender(members: Readonly<Record<string, unknown>> | undefined): Sender | undefined {
  if (members === undefined) return undefined;
  const { Last, ExecutionId, Buffered, Recent } = members;
  const recent = Array.isArray(Recent) ? (Recent as readonly unknown[]).flatMap(readRecent) : [];
  const buffered = Object.values(objectOf(Buffered) ?? {}).flatMap((each) => requestOf(objectOf(each)) ?? []);
  return {
    last: timeOf(Last),
    executionId: typeof ExecutionId === "string" ? ExecutionId : undefined,
    recent,
    buffered,
  };
}

function readRecent(value: unknown): Recent[] {
  const [mark, time] = typeof value === "string" ? value.split(" ") : [];
  const ticks = readTicks(time);
  return mark === undefined || ticks === undefined ? [] : [{ ticks, mark }];
}

function formatSender({ last, executionId, recent, buffered }: Sender): Readonly<Record<string, unknown>> {
  const waiting = byTime(buffered).map((request) => [request.timestamp, requestMembers(request)]);
  return {
    ...(last !== noTime && { Last: last }),
    ...(executionId !== undefined && { ExecutionId: executionId }),
    ...(waiting.length > 0 && { Buffered: Object.fromEntries(waiting) }),
    ...(recent.length > 0 && { Recent: recent.map(({ ticks, mark }) => `${mark} ${formatTicks(ticks)}`) }),
  };
}

function timeOf(value: unknown): WireTime {
  return readTicks(value) === undefined ? noTime : (value as string);
}
