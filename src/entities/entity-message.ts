import type { EntityRef } from "../core/entity-id.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { EventRaised } from "../core/history-event.ts";
import { formatFullTime, formatTime, noTime, readTime, type WireTime } from "./wire-time.ts";

/**
 * What entities and those who use them say to each other: events whose names and texts .NET has fixed
 * (`Azure/durabletask: src/DurableTask.Core/Entities/EventFormat`).
 */

/** An operation, or a request for a lock, on its way to an entity or in its queue. */
export interface EntityRequest {
  /** Absent for a lock request. */
  readonly operation: string | undefined;
  readonly isSignal: boolean;
  /** JSON text. */
  readonly input: string | undefined;
  /** A GUID. The answer is an event of this name. */
  readonly id: string;
  /** Who asks: an orchestration or an entity. Absent for clients. */
  readonly parentInstanceId: string | undefined;
  readonly parentExecutionId: string | undefined;
  /** Not to be run before. */
  readonly dueAt: Date | undefined;
  /** By the sender's clock, ascending for each receiver. */
  readonly timestamp: WireTime;
  /** Timestamp of the sender's message to the same receiver before this one. */
  readonly predecessor: WireTime;
  /** Entities to be locked, in order of acquisition. Present for a lock request only. */
  readonly lockSet: readonly EntityRef[] | undefined;
  /** Whose turn in the lock set it is. */
  readonly lockPosition: number;
  /** Members that this package does not use, as they came. */
  readonly others?: Readonly<Record<string, unknown>> | undefined;
}

export const operationEventName = "op";
export const releaseEventName = "release";
/** An entity wakes itself, to go on with its queue. */
export const continueEventName = "continue";

/** Stands for the id of any lock request, when a lock is taken from a holder that is gone. */
export const orphanedLockReleaseId = "fix-orphaned-lock";

/** Result of a lock request that was granted. */
export const lockGrantedResult = "Lock Acquisition Completed";

/** A delayed message names a time at most so far ahead, because a queue hides it for seven days at most. */
const maxDelayMs = 6 * 86_400_000;

/** A client's request: it has no place in an order. */
export function createRequest(request: Pick<EntityRequest, "id"> & Partial<EntityRequest>): EntityRequest {
  return {
    operation: undefined,
    isSignal: false,
    input: undefined,
    parentInstanceId: undefined,
    parentExecutionId: undefined,
    dueAt: undefined,
    timestamp: noTime,
    predecessor: noTime,
    lockSet: undefined,
    lockPosition: 0,
    ...request,
  };
}

/** The event that carries a request, and when it is to be delivered. */
export interface EntityEvent {
  readonly name: string;
  readonly input: string;
  readonly deliverAt: Date | undefined;
}

/** @param now to know a time that is too far ahead for one delay; what arrives before it is due is sent again */
export function formatRequestEvent(request: EntityRequest, now: number): EntityEvent {
  const { dueAt } = request;
  const input = formatRequest(request);
  if (dueAt === undefined) return { name: operationEventName, input, deliverAt: undefined };
  const deliverAt = new Date(Math.min(dueAt.getTime(), now + maxDelayMs));
  return { name: `${operationEventName}@${formatFullTime(deliverAt)}`, input, deliverAt };
}

/** When an event of that name, sent to an entity, is to be delivered. */
export function deliveryTimeOf(targetInstanceId: string, eventName: string): Date | undefined {
  if (!targetInstanceId.startsWith("@") || eventName[2] !== "@") return undefined;
  return readTime(eventName.slice(3));
}

/** Members in this order, those at their default left out: an entity's answer is known by the place of `id`. */
export function formatRequest(request: EntityRequest): string {
  return JSON.stringify(requestMembers(request));
}

export function requestMembers(request: EntityRequest): Readonly<Record<string, unknown>> {
  const { operation, isSignal, input, id, parentInstanceId, parentExecutionId, dueAt, lockSet, lockPosition } = request;
  const { parentTraceContext, createTrace = false, requestTime, ...unknown } = request.others ?? {};
  return {
    op: operation ?? null,
    ...(isSignal && { signal: true }),
    ...(input !== undefined && { input }),
    id,
    ...(parentInstanceId !== undefined && { parent: parentInstanceId }),
    ...(parentExecutionId !== undefined && { parentExecution: parentExecutionId }),
    ...(dueAt !== undefined && { due: formatTime(dueAt) }),
    Timestamp: request.timestamp,
    Predecessor: request.predecessor,
    ...(lockSet !== undefined && { lockset: formatLockSet(lockSet) }),
    ...(lockPosition > 0 && { pos: lockPosition }),
    IsLockRequest: lockSet !== undefined,
    ...(parentTraceContext !== undefined && { parentTraceContext }),
    createTrace,
    ...(requestTime !== undefined && { requestTime }),
    ...unknown,
  };
}

/** The request in an event's input; `undefined` for what is none. */
export function readRequest(text: string | undefined): EntityRequest | undefined {
  return requestOf(parseObject(text));
}

/** The request that a parsed object is; `undefined` for what is none. */
export function requestOf(members: Readonly<Record<string, unknown>> | undefined): EntityRequest | undefined {
  if (members === undefined || typeof members["id"] !== "string") return undefined;
  const {
    op,
    signal,
    input,
    id,
    parent,
    parentExecution,
    due,
    Timestamp,
    Predecessor,
    lockset,
    pos,
    IsLockRequest,
    ...others
  } = members;
  const lockSet = readLockSet(lockset);
  if (lockSet === undefined && typeof op !== "string") return undefined;
  return {
    operation: lockSet === undefined ? textOf(op) : undefined,
    isSignal: signal === true,
    input: textOf(input),
    id: id as string,
    parentInstanceId: textOf(parent),
    parentExecutionId: textOf(parentExecution),
    dueAt: readTime(due),
    timestamp: readTime(Timestamp) === undefined ? noTime : (Timestamp as string),
    predecessor: readTime(Predecessor) === undefined ? noTime : (Predecessor as string),
    lockSet,
    lockPosition: typeof pos === "number" && Number.isInteger(pos) && pos > 0 ? pos : 0,
    others: writableMembers(others),
  };
}

function formatLockSet(lockSet: readonly EntityRef[]) {
  return lockSet.map(({ name, key }) => ({ name, key }));
}

function readLockSet(value: unknown): readonly EntityRef[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries = value as readonly ({ readonly name?: unknown; readonly key?: unknown } | null)[];
  const locks = entries.flatMap((entry) => {
    return typeof entry?.name === "string" && typeof entry.key === "string" ? { name: entry.name, key: entry.key } : [];
  });
  return locks.length === entries.length && locks.length > 0 ? locks : undefined;
}

/** Gives back a lock. */
export interface LockRelease {
  readonly parentInstanceId: string;
  /** Id of the lock request. */
  readonly id: string;
}

export function formatRelease({ parentInstanceId, id }: LockRelease): string {
  return JSON.stringify({ parent: parentInstanceId, id });
}

/** `undefined` for what is no release. */
export function readRelease(text: string | undefined): LockRelease | undefined {
  const { parent, id } = parseObject(text) ?? {};
  if (typeof parent !== "string") return undefined;
  return { parentInstanceId: parent, id: textOf(id) ?? "" };
}

/** The answer to a call, or to a lock request. */
export type EntityAnswer =
  | {
      readonly kind: "completed";
      readonly result: string | undefined;
      /** What a lock request is granted, so that it can be given back by whoever receives it for an execution that is over. */
      readonly lockSet?: readonly EntityRef[] | undefined;
    }
  | { readonly kind: "failed"; readonly failureDetails: FailureDetails };

export function formatAnswer(answer: EntityAnswer): string {
  if (answer.kind === "completed") {
    const { result = null, lockSet } = answer;
    return JSON.stringify({ result, ...(lockSet !== undefined && { lockset: formatLockSet(lockSet) }) });
  }
  return JSON.stringify({ result: null, failureDetails: failureMembers(answer.failureDetails) });
}

/**
 * Also an answer of the in-process extension, which tells a failure by `exceptionType` and its text in `result`.
 * `undefined` for what is no answer.
 */
export function readAnswer(text: string | undefined): EntityAnswer | undefined {
  const members = parseObject(text);
  if (members === undefined) return undefined;
  const { result, exceptionType, failureDetails, lockset } = members;
  const details = objectOf(failureDetails);
  if (details !== undefined) return { kind: "failed", failureDetails: failureOf(details) };
  if (typeof exceptionType === "string") {
    const errorMessage = messageOfResult(result) ?? exceptionType;
    return { kind: "failed", failureDetails: { errorType: exceptionType, errorMessage, isNonRetriable: false } };
  }
  if (!("result" in members)) return undefined;
  const lockSet = readLockSet(lockset);
  return { kind: "completed", result: textOf(result), ...(lockSet !== undefined && { lockSet }) };
}

function messageOfResult(result: unknown): string | undefined {
  if (typeof result !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(result);
    return typeof value === "string" ? value : result;
  } catch {
    return result;
  }
}

function failureMembers(details: FailureDetails): Readonly<Record<string, unknown>> {
  const { errorType, errorMessage, stackTrace, innerFailure, isNonRetriable, properties } = details;
  return {
    ErrorType: errorType,
    ErrorMessage: errorMessage,
    StackTrace: stackTrace ?? null,
    InnerFailure: innerFailure === undefined ? null : failureMembers(innerFailure),
    IsNonRetriable: isNonRetriable,
    Properties: properties ?? null,
  };
}

const maxInnerFailures = 20;

function failureOf(members: Readonly<Record<string, unknown>>, depth = 0): FailureDetails {
  const inner = depth < maxInnerFailures ? objectOf(members["InnerFailure"]) : undefined;
  const properties = objectOf(members["Properties"]);
  const stackTrace = textOf(members["StackTrace"]);
  return {
    errorType: textOf(members["ErrorType"]) ?? "Error",
    errorMessage: textOf(members["ErrorMessage"]) ?? "",
    ...(stackTrace !== undefined && { stackTrace }),
    ...(inner !== undefined && { innerFailure: failureOf(inner, depth + 1) }),
    isNonRetriable: members["IsNonRetriable"] === true,
    ...(properties !== undefined && { properties }),
  };
}

/** `true` for an event that may answer a request: its name is a GUID, and its input is an answer. */
export function isAnswerEvent({ name, input }: Pick<EventRaised, "name" | "input">): boolean {
  return guid.test(name) && readAnswer(input) !== undefined;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

const maxDepth = 100;

/** `JSON.stringify` fails at depths that `JSON.parse` goes through, and with it the state that would hold them. */
export function writableMembers(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(members);
  return entries.every(([, value]) => isWritable(value, maxDepth))
    ? members
    : Object.fromEntries(entries.filter(([, value]) => isWritable(value, maxDepth)));
}

function isWritable(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isWritable(each, depth - 1));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
