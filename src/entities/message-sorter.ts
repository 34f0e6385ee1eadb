import type { EntityRequest } from "./entity-message.ts";
import { objectOf, requestMembers, requestOf } from "./entity-message.ts";
import { WaitingRequests } from "./waiting-requests.ts";
import { formatTicks, noTime, readTicks, ticksOf, toTicks, type WireTime } from "./wire-time.ts";

/**
 * Puts the messages of orchestrations and entities to one entity into the order in which they were sent, and drops
 * repeats. The form is .NET's (`Azure/durabletask: src/DurableTask.Core/Entities/StateFormat/MessageSorter.cs`), which
 * forgets a sender after a window of half an hour; `Recent` and `Before` are ours, others ignore them.
 *
 * S1. A repeat is known by its id, or by its time when its id is too old to be known. When its time is a later one, the
 *     messages behind it wait for that time.
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
  /** Whose senders may be changed: others are shared with copies. An entity may know thousands, and hears of a few. */
  #owner = {};

  static parse(value: unknown): MessageSorter {
    const sorter = new MessageSorter();
    const members = objectOf(value);
    if (members === undefined) return sorter;
    for (const [receiver, time] of Object.entries(objectOf(members["LastSentToInstance"]) ?? {})) {
      if (readTicks(time) !== undefined) sorter.#sent.set(receiver, time as string);
    }
    for (const [name, entry] of Object.entries(objectOf(members["ReceivedFromInstance"]) ?? {})) {
      const sender = readSender(objectOf(entry), sorter.#owner);
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
        ReceivedFromInstance: Object.fromEntries([...this.#received].map(([name, entry]) => [name, storedForm(entry)])),
      }),
      ...(this.#receiveHorizon !== noTime && { ReceiveHorizon: this.#receiveHorizon }),
      ...(this.#sendHorizon !== noTime && { SendHorizon: this.#sendHorizon }),
    };
  }

  /** A copy that changes by itself. */
  clone(): MessageSorter {
    const copy = new MessageSorter();
    for (const [receiver, time] of this.#sent) copy.#sent.set(receiver, time);
    for (const [name, entry] of this.#received) copy.#received.set(name, entry);
    this.#owner = {};
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

  /**
   * What can be delivered now, in order: the request, others that have waited for it, or nothing.
   *
   * @param now a sender whose clock is ahead of it moves the window of nobody else
   */
  receive(request: EntityRequest, now: Date): readonly EntityRequest[] {
    const { parentInstanceId } = request;
    // Clients keep no order; a forwarded lock request comes from another entity than it names.
    if (parentInstanceId === undefined || request.lockPosition > 0) return [request];
    const ticks = ticksOf(request.timestamp);
    const delivered = this.#advance(ticks < toTicks(now) ? ticks : toTicks(now));
    const known = this.#touch(parentInstanceId);
    if (known !== undefined && isRepeat(known, request)) return delivered;
    const isOther = known !== undefined && isOfOther(known, request);
    if (isOther && ticks < ticksOf(known.last) && findExecution(known, request) !== undefined) {
      // Of an execution before nothing can be waited for any more.
      remember(known, request);
      delivered.push(request);
      return delivered;
    }
    const sender = known !== undefined && !isOther ? known : newSender(request, known, this.#owner);
    if (isOther) delivered.push(...known.buffered.takeAll());
    this.#received.set(parentInstanceId, sender);
    const horizon = ticksOf(this.#receiveHorizon);
    const before = ticksOf(request.predecessor);
    if (before > ticksOf(sender.last) && before >= horizon)
      sender.buffered.add(request); // S2
    else deliver(sender, request, delivered);
    deliverBuffered(sender, horizon, delivered);
    return delivered;
  }

  /** A delayed message has no place in the order, nor does it say which execution is the present one. */
  receiveDelayed(request: EntityRequest): readonly EntityRequest[] {
    const { parentInstanceId } = request;
    if (parentInstanceId === undefined) return [request];
    const sender = this.#touch(parentInstanceId) ?? newSender(request, undefined, this.#owner);
    if (knows(sender, request)) return []; // S1
    this.#received.set(parentInstanceId, sender);
    remember(sender, request);
    return [request];
  }

  /** Moves the window on, and lets go what has waited for its whole length. */
  #advance(timestamp: bigint): EntityRequest[] {
    const delivered: EntityRequest[] = [];
    const horizon = timestamp - windowTicks;
    if (ticksOf(this.#receiveHorizon) + collectionTicks >= horizon) return delivered;
    this.#receiveHorizon = formatTicks(horizon);
    for (const [name, sender] of this.#received) {
      if (sender.buffered.size === 0) continue;
      const own = this.#own(sender);
      this.#received.set(name, own);
      deliverBuffered(own, horizon, delivered);
    }
    // S3
    const old = [...this.#received].filter(([, { last, buffered }]) => buffered.size === 0 && ticksOf(last) < horizon);
    for (const [name] of old.slice(0, Math.max(0, old.length - maxOldSenders))) this.#received.delete(name);
    return delivered;
  }

  /** S3: those heard of last stand at the end. */
  #touch(name: string): Sender | undefined {
    const known = this.#received.get(name);
    if (known === undefined) return undefined;
    const sender = this.#own(known);
    this.#received.delete(name);
    this.#received.set(name, sender);
    return sender;
  }

  /** The sender itself or a copy of it, to be changed. */
  #own(sender: Sender): Sender {
    sender = sender.owner === this.#owner ? sender : copySender(sender, this.#owner);
    sender.json = undefined;
    return sender;
  }
}

interface Sender {
  /** Time of the last message that was delivered. */
  last: WireTime;
  readonly executionId: string | undefined;
  /** Executions before this one, the last ones: a late message of theirs does not take its place. */
  readonly before: readonly ExecutionBefore[];
  /** The last messages that were delivered, oldest first. */
  readonly recent: Recent[];
  /** What waits for its predecessor. */
  readonly buffered: WaitingRequests;
  /** The only one who may change it. */
  readonly owner: object;
  /** What is stored of it; absent since its last change. */
  json: Readonly<Record<string, unknown>> | undefined;
}

interface ExecutionBefore {
  readonly executionId: string;
  readonly last: WireTime;
}

interface Recent {
  readonly ticks: bigint;
  /** Empty for all that others have delivered, who keep no marks. */
  readonly mark: string;
}

const ticksPerMinute = 600_000_000n;
const windowTicks = 30n * ticksPerMinute;
const collectionTicks = ticksPerMinute;
const maxOldSenders = 200;
const maxRecent = 8;
const maxExecutionsBefore = 3;
const maxBuffered = 10_000;

/** What is known of an execution before helps to know its repeats. */
function newSender(request: EntityRequest, known: Sender | undefined, owner: object): Sender {
  const common = {
    executionId: request.parentExecutionId,
    buffered: new WaitingRequests(),
    owner,
    json: undefined,
  };
  if (known === undefined) return { ...common, last: noTime, before: [], recent: [] };
  const present = known.executionId === undefined ? [] : [{ executionId: known.executionId, last: known.last }];
  const again = findExecution(known, request);
  const before = [...known.before.filter((other) => other !== again), ...present].slice(-maxExecutionsBefore);
  return { ...common, last: again?.last ?? noTime, before, recent: known.recent };
}

function copySender(sender: Sender, owner: object): Sender {
  return { ...sender, recent: [...sender.recent], buffered: sender.buffered.clone(), owner };
}

function findExecution({ before }: Sender, { parentExecutionId }: EntityRequest): ExecutionBefore | undefined {
  return before.find(({ executionId }) => executionId === parentExecutionId);
}

function isOfOther({ executionId }: Sender, { parentExecutionId }: EntityRequest): boolean {
  return executionId !== parentExecutionId;
}

function knows({ recent }: Sender, request: EntityRequest): boolean {
  const mark = markOf(request);
  return recent.some((known) => known.mark === mark);
}

/** S1: `true` for what tells nothing, not even a time. */
function isRepeat(sender: Sender, request: EntityRequest): boolean {
  const { last, recent, buffered } = sender;
  const [oldest] = recent;
  const ticks = ticksOf(request.timestamp);
  if (buffered.has(request)) return true;
  if (oldest === undefined || ticks > ticksOf(last)) return false;
  if (knows(sender, request)) return true;
  if (isOfOther(sender, request)) return false;
  if (oldest.mark === "") return ticks <= oldest.ticks;
  // An episode that is repeated may decide otherwise, and give an earlier time to another message.
  return recent.length >= maxRecent && ticks < oldest.ticks;
}

function deliver(sender: Sender, request: EntityRequest, delivered: EntityRequest[]): void {
  if (ticksOf(request.timestamp) > ticksOf(sender.last)) sender.last = request.timestamp;
  if (knows(sender, request)) return; // S1
  delivered.push(request);
  remember(sender, request);
}

function remember({ last, recent }: Sender, request: EntityRequest): void {
  recent.push({ ticks: ticksOf(last), mark: markOf(request) });
  if (recent.length > maxRecent) recent.shift();
}

function deliverBuffered(sender: Sender, horizon: bigint, delivered: EntityRequest[]): void {
  const { buffered } = sender;
  for (let next = buffered.first; next !== undefined; next = buffered.first) {
    const { before } = next;
    if (before > ticksOf(sender.last) && before >= horizon && buffered.size <= maxBuffered) return;
    buffered.removeFirst();
    deliver(sender, next.request, delivered);
  }
}

/** The beginning of a GUID tells the few last messages of one sender apart. */
function markOf({ id }: EntityRequest): string {
  return id.slice(0, 13);
}

function readSender(members: Readonly<Record<string, unknown>> | undefined, owner: object): Sender | undefined {
  if (members === undefined) return undefined;
  const { Last, ExecutionId, Before, Buffered, Recent } = members;
  const last = timeOf(Last);
  const recent = listOf(Recent)
    .flatMap((each): Recent[] => {
      const [mark, time] = splitAtTime(each);
      return time === undefined ? [] : [{ mark, ticks: ticksOf(time) }];
    })
    .slice(-maxRecent);
  if (recent.length === 0 && last !== noTime) recent.push({ ticks: ticksOf(last), mark: "" });
  const buffered = new WaitingRequests();
  for (const each of Object.values(objectOf(Buffered) ?? {})) {
    const request = requestOf(objectOf(each));
    if (request !== undefined && !buffered.has(request)) buffered.add(request);
  }
  const executionId = typeof ExecutionId === "string" ? ExecutionId : undefined;
  const before = listOf(Before).flatMap((each) => {
    const [id, time] = splitAtTime(each);
    return time === undefined ? [] : { executionId: id, last: time };
  });
  return { last, executionId, before, recent, buffered, owner, json: undefined };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text and the time behind it. */
function splitAtTime(value: unknown): [string, WireTime | undefined] {
  if (typeof value !== "string") return ["", undefined];
  const end = value.lastIndexOf(" ");
  const time = value.slice(end + 1);
  return [value.slice(0, Math.max(0, end)), end < 0 || readTicks(time) === undefined ? undefined : time];
}

function storedForm(sender: Sender): Readonly<Record<string, unknown>> {
  sender.json ??= formatSender(sender);
  return sender.json;
}

function formatSender({ last, executionId, before, recent, buffered }: Sender): Readonly<Record<string, unknown>> {
  // .NET keeps what waits by its time, each a time of its own; nobody reads that time but as a place.
  const waiting: [WireTime, Readonly<Record<string, unknown>>][] = [];
  let place: bigint | undefined;
  for (const { ticks, request } of buffered) {
    const isFree = place === undefined || ticks > place;
    place = isFree ? ticks : place! + 1n;
    waiting.push([isFree ? request.timestamp : formatTicks(place), requestMembers(request)]);
  }
  const isOfOthers = recent.length === 1 && recent[0]!.mark === "";
  return {
    ...(last !== noTime && { Last: last }),
    ...(executionId !== undefined && { ExecutionId: executionId }),
    ...(before.length > 0 && { Before: before.map((other) => `${other.executionId} ${other.last}`) }),
    ...(waiting.length > 0 && { Buffered: Object.fromEntries(waiting) }),
    ...(recent.length > 0 &&
      !isOfOthers && { Recent: recent.map(({ ticks, mark }) => `${mark} ${formatTicks(ticks)}`) }),
  };
}

function timeOf(value: unknown): WireTime {
  return readTicks(value) === undefined ? noTime : (value as string);
}
