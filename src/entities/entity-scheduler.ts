import { createHash } from "node:crypto";
import type { EntityAction, EntityOutcome } from "../core/entity-batch.ts";
import { type EntityRef, entityOfInstanceId, formatEntityInstanceId } from "../core/entity-id.ts";
import type { EventRaised } from "../core/history-event.ts";
import {
  continueEventName,
  createRequest,
  type EntityAnswer,
  type EntityRequest,
  formatAnswer,
  formatRequestEvent,
  lockGrantedResult,
  operationEventName,
  orphanedLockReleaseId,
  readRelease,
  readRequest,
  releaseEventName,
} from "./entity-message.ts";
import type { OutboxEntry, SentEvent } from "./outbox.ts";
import type { SchedulerState } from "./scheduler-state.ts";
import { formatTime, noTime } from "./wire-time.ts";

/** What an entity does with its next messages. */
export interface EntityPlan {
  /** As it is when the operations have been run, but for the entity's state. */
  readonly scheduler: SchedulerState;
  /** In order. */
  readonly steps: readonly EntityStep[];
  /** Events that no entity understands. */
  readonly refused: readonly EventRaised[];
}

export type EntityStep =
  | { readonly kind: "operation"; readonly request: EntityRequest }
  | { readonly kind: "send"; readonly entry: OutboxEntry };

export interface EntityPlanOptions {
  readonly now: Date;
  /** Most operations in one batch. */
  readonly maxOperations: number;
}

/** A delayed message may come so much early, in milliseconds. */
const earlyToleranceMs = 100;
const maxReleasedLocks = 64;

/**
 * Decides what an entity does with messages, before any of its code runs.
 *
 * E1. Requests are served in order of arrival; while the entity is locked, those of the lock's holder alone.
 * E2. A lock that was given back is never taken by a repeat of its request, and a release that comes before its request
 *     counts.
 * E3. A message that comes before it is due is sent again.
 */
export function planEntityBatch(
  instanceId: string,
  before: SchedulerState,
  events: readonly EventRaised[],
  options: EntityPlanOptions,
): EntityPlan {
  return new EntityScheduler(instanceId, before, options).plan(events);
}

class EntityScheduler {
  readonly #instanceId: string;
  readonly #before: SchedulerState;
  readonly #options: EntityPlanOptions;
  readonly #sorter: SchedulerState["sorter"];
  readonly #steps: EntityStep[] = [];
  readonly #refused: EventRaised[] = [];
  #queue: EntityRequest[];
  /** What has come from the holder of the lock while it holds it: this goes before all others. */
  readonly #ofHolder: EntityRequest[];
  #lockedBy: string | undefined;
  #lockId: string | undefined;
  #released: readonly string[];

  constructor(instanceId: string, before: SchedulerState, options: EntityPlanOptions) {
    this.#instanceId = instanceId;
    this.#before = before;
    this.#options = options;
    this.#sorter = before.sorter.clone();
    this.#ofHolder = before.queue.filter(({ parentInstanceId }) => isOf(parentInstanceId, before.lockedBy));
    this.#queue = before.queue.filter(({ parentInstanceId }) => !isOf(parentInstanceId, before.lockedBy));
    this.#lockedBy = before.lockedBy;
    this.#lockId = before.lockId;
    this.#released = before.releasedLocks;
  }

  plan(events: readonly EventRaised[]): EntityPlan {
    for (const event of events) this.#receive(event);
    this.#serve();
    const scheduler = {
      ...this.#before,
      queue: this.#queue,
      lockedBy: this.#lockedBy,
      lockId: this.#lockId,
      releasedLocks: this.#released,
      sorter: this.#sorter,
    };
    return { scheduler, steps: this.#steps, refused: this.#refused };
  }

  #receive(event: EventRaised): void {
    const name = String(event.name);
    if (name === continueEventName) return;
    if (name === releaseEventName) return this.#release(event);
    const isRequest = name === operationEventName || name.startsWith(`${operationEventName}@`);
    const request = isRequest ? readRequest(event.input) : undefined;
    if (request === undefined || !this.#isMeant(request)) this.#refused.push(event);
    else if (request.dueAt === undefined) this.#enqueue(this.#sorter.receive(request, this.#options.now));
    else if (request.dueAt.getTime() - this.#options.now.getTime() > earlyToleranceMs) this.#postpone(request);
    else this.#enqueue(this.#sorter.receiveDelayed(request));
  }

  /** A lock request names the entity that it is sent to, and who is to hold the lock. */
  #isMeant({ lockSet, lockPosition, parentInstanceId }: EntityRequest): boolean {
    if (lockSet === undefined) return true;
    if (parentInstanceId === undefined || !lockSet.every(isEntity)) return false;
    const own = lockSet[lockPosition];
    const self = entityOfInstanceId(this.#instanceId);
    return own?.name.toLowerCase() === self?.name.toLowerCase() && own?.key === self?.key;
  }

  #enqueue(requests: readonly EntityRequest[]): void {
    for (const request of requests) {
      (isOf(request.parentInstanceId, this.#lockedBy) ? this.#ofHolder : this.#queue).push(request);
    }
  }

  /** E3 */
  #postpone(request: EntityRequest): void {
    const event = formatRequestEvent(request, this.#options.now.getTime());
    this.#send({ ...toEntity(this.#instanceId), ...event });
  }

  #release(event: EventRaised): void {
    const release = readRelease(event.input);
    if (release === undefined) {
      this.#refused.push(event);
      return;
    }
    const { parentInstanceId, id } = release;
    const isOrphan = id === orphanedLockReleaseId;
    const isHeld =
      this.#lockedBy === parentInstanceId && (isOrphan || this.#lockId === undefined || this.#lockId === id);
    const givenBack = isOrphan ? (isHeld ? this.#lockId : undefined) : id;
    if (givenBack !== undefined) this.#rememberReleased(givenBack);
    if (!isHeld) return;
    this.#lockedBy = undefined;
    this.#lockId = undefined;
  }

  /** E2 */
  #rememberReleased(lockId: string): void {
    this.#released = [...this.#released.filter((known) => known !== lockId), lockId].slice(-maxReleasedLocks);
  }

  /** E1 */
  #serve(): void {
    this.#queue = [...this.#ofHolder, ...this.#queue];
    const skipped: EntityRequest[] = [];
    let operations = 0;
    let next = 0;
    for (; next < this.#queue.length; next++) {
      const request = this.#queue[next]!;
      if (!this.#mayServe(request)) skipped.push(request);
      else if (request.lockSet !== undefined) this.#lock(request, request.lockSet);
      else if (operations === this.#options.maxOperations) break;
      else {
        operations++;
        this.#steps.push({ kind: "operation", request });
      }
    }
    const isFull = next < this.#queue.length;
    this.#queue = [...skipped, ...this.#queue.slice(next)];
    // Nobody else may ever ask again.
    if (isFull) this.#send({ ...toEntity(this.#instanceId), name: continueEventName });
  }

  #mayServe({ parentInstanceId }: EntityRequest): boolean {
    return this.#lockedBy === undefined || this.#lockedBy === parentInstanceId;
  }

  #lock(request: EntityRequest, lockSet: readonly EntityRef[]): void {
    const { id, parentInstanceId, lockPosition } = request;
    if (this.#released.includes(id)) return; // E2
    // Whoever asks for another lock has given the one before back, and its release is on its way.
    if (this.#lockId !== undefined && this.#lockId !== id) this.#rememberReleased(this.#lockId);
    this.#lockedBy = parentInstanceId;
    this.#lockId = id;
    const following = lockSet[lockPosition + 1];
    if (following === undefined)
      return this.#answer(request, { kind: "completed", result: lockGrantedResult, lockSet });
    const { now } = this.#options;
    // It has no place in the order there, so nothing that follows may wait for it.
    const forwarded = {
      ...request,
      lockPosition: lockPosition + 1,
      dueAt: undefined,
      timestamp: formatTime(now),
      predecessor: noTime,
    };
    this.#send({
      ...toEntity(formatEntityInstanceId(following)),
      ...formatRequestEvent(forwarded, now.getTime()),
    });
  }

  #answer(request: EntityRequest, answer: EntityAnswer): void {
    const event = answerEvent(request, answer);
    if (event !== undefined) this.#steps.push({ kind: "send", entry: event });
  }

  #send(entry: OutboxEntry): void {
    this.#steps.push({ kind: "send", entry });
  }
}

/** What the operations of a plan have led to. */
export interface EntityResult {
  /** One for each operation step. */
  readonly outcomes: readonly EntityOutcome[];
  /** JSON text of the entity's state; absent when it does not exist. */
  readonly state: string | undefined;
}

/** The scheduler state after a plan: with everything in its outbox that is to be sent, in order. */
export function finishEntityBatch(
  instanceId: string,
  plan: EntityPlan,
  { outcomes, state }: EntityResult,
  now: Date,
): SchedulerState {
  const outbox: OutboxEntry[] = [];
  const { sorter } = plan.scheduler;
  let next = 0;
  for (const step of plan.steps) {
    if (step.kind === "send") outbox.push(step.entry);
    else {
      const outcome = outcomes[next++]!;
      const { request } = step;
      const answer = request.isSignal ? undefined : answerEvent(request, outcome);
      const actions = outcome.kind === "completed" ? outcome.actions : [];
      outbox.push(...actions.map((action, index) => toEntry(instanceId, request, action, index, sorter, now)));
      if (answer !== undefined) outbox.push(answer);
    }
  }
  const owed = plan.scheduler.outbox;
  return { ...plan.scheduler, state, outbox: outbox.length === 0 ? owed : [...owed, { madeAt: now, entries: outbox }] };
}

function toEntry(
  instanceId: string,
  request: EntityRequest,
  action: EntityAction,
  index: number,
  sorter: SchedulerState["sorter"],
  now: Date,
): OutboxEntry {
  const digest = createHash("sha256").update(`${instanceId}\n${request.id}\n${index}`).digest("hex").slice(0, 32);
  const { input } = action;
  if (action.kind === "StartOrchestration") {
    const { name, version, scheduledTime } = action;
    const started = action.instanceId ?? digest;
    return { kind: "start", instanceId: started, executionId: digest, name, version, input, scheduledTime };
  }
  const signal = createRequest({
    id: toGuid(digest),
    operation: action.operation,
    isSignal: true,
    input,
    parentInstanceId: instanceId,
    dueAt: action.scheduledTime,
  });
  const target = action.instanceId;
  const sent = signal.dueAt === undefined ? sorter.label(signal, target, now) : signal;
  return { ...toEntity(target), ...formatRequestEvent(sent, now.getTime()) };
}

function toEntity(instanceId: string): SentEvent {
  return { kind: "event", instanceId, executionId: undefined, name: "", input: undefined, deliverAt: undefined };
}

/** `undefined` when nobody waits for an answer. */
function answerEvent(request: EntityRequest, answer: EntityAnswer): SentEvent | undefined {
  const { id, parentInstanceId, parentExecutionId } = request;
  if (parentInstanceId === undefined) return undefined;
  const input = formatAnswer(answer);
  return { ...toEntity(parentInstanceId), executionId: parentExecutionId, name: id, input };
}

function isOf(parentInstanceId: string | undefined, holder: string | undefined): boolean {
  return holder !== undefined && parentInstanceId === holder;
}

function isEntity({ name }: EntityRef): boolean {
  return name !== "" && !name.includes("@");
}

function toGuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
