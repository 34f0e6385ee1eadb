import { shareAcrossCopies } from "./shared-class.ts";

/**
 * Every code an error of this package can carry. Stable across releases: branch on the code, the message is for people.
 */
export type DurableErrorCode =
  /** An option, a host.json value or an argument is out of range; the message names it and what is allowed. */
  | "InvalidOption"
  /** An instance id that no task hub accepts (empty, too long, reserved or with forbidden characters). */
  | "InvalidInstanceId"
  /** A payload that cannot be written as JSON, or a text that is not JSON. */
  | "InvalidPayload"
  | "InstanceNotFound"
  /** The instance exists and its status does not allow the operation (for example an event to a finished one). */
  | "InstanceNotActive"
  | "InstanceAlreadyExists"
  /** An instance whose result was waited for was terminated, or canceled. */
  | "InstanceTerminated"
  /** Workers seem to be at work on the task hub, which would vanish under them. */
  | "TaskHubInUse"
  /** There is no task hub of that name in the storage. */
  | "TaskHubNotFound"
  /** Replay met a decision in the history that the code no longer makes. */
  | "NondeterministicOrchestration"
  /** A durable API was used in a way replay cannot support; the message says how to write it. */
  | "OrchestrationMisuse"
  | "OrchestratorNotRegistered"
  | "ActivityNotRegistered"
  /** This worker has no entity of that name; another may. */
  | "EntityNotRegistered"
  /** The entity has no operation of that name. It lives on. */
  | "EntityOperationNotFound"
  /** The name or key of an entity cannot be used. */
  | "InvalidEntityId"
  /** The name is taken by another definition of the same kind. */
  | "DuplicateRegistration"
  /** The code of an instance was begun again and again and never ended: it takes its process down with it. */
  | "OrchestrationPoisoned"
  /** An operation of an entity was begun again and again and never ended. The entity lives on. */
  | "EntityOperationPoisoned"
  /** The history of an orchestration has outgrown the limit of its worker. */
  | "HistoryTooLong"
  /** An orchestrator asked for more in one episode than its worker allows. */
  | "TooManyActions"
  /** A wait with a time limit was over before what it waited for. */
  | "TaskTimeout"
  /** Nobody waits for an activity any more: its orchestration went on without it. */
  | "TaskCancelled"
  /** The worker that runs an activity stops; the activity will run again. */
  | "WorkerStopping"
  /** The instance was started with a version that this worker does not run. */
  | "VersionMismatch"
  /** Another worker holds the instance or partition by now; nothing was written. */
  | "WorkItemLockLost"
  /** A live session is gone (its process, its connection); the same episode runs again on one made from history. */
  | "SessionLost"
  /** A stored message, row or blob that does not follow the task hub format. */
  | "CorruptData"
  /** The storage service could not be reached or kept failing. */
  | "StorageUnavailable"
  | "StorageRejected"
  /** A table, queue or container of the task hub is being deleted; its name can be used again in about a minute. */
  | "StorageBeingDeleted"
  /** The gRPC service could not be reached; the message names it. */
  | "ServiceUnavailable"
  /** The gRPC service refused a call: it lacks a permission or a token, or the service has failed by itself. */
  | "ServiceRejected"
  /** The operation needs something this hosting or backend does not have. */
  | "NotSupported"
  | "Aborted"
  | "HostStartFailed"
  /** Something that cannot be: a fault of this package, worth a report. */
  | "InternalError";

/**
 * The one error class of this package.
 *
 * @example
 * try {
 *   await client.raiseEvent(id, "Approval", true);
 * } catch (error) {
 *   if (isDurableError(error, "InstanceNotFound")) return { status: 404 };
 *   throw error;
 * }
 */
export class DurableError extends Error {
  static {
    shareAcrossCopies(DurableError, "DurableError");
  }

  /** Always `DurableError`; what went wrong is in `code`. */
  override readonly name = "DurableError";
  /** What went wrong, for code. */
  readonly code: DurableErrorCode;

  constructor(code: DurableErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Whether something is an error of this package, and of that code. Right where several copies of the package are loaded.
 *
 * @param code @defaultValue any
 * @example
 * if (isDurableError(error, "InstanceNotFound")) return { status: 404 };
 */
export function isDurableError(error: unknown, code?: DurableErrorCode): error is DurableError {
  if (!(error instanceof DurableError)) return false;
  return code === undefined || error.code === code;
}

/**
 * An error that no retry policy tries again after: what is wrong stays wrong.
 *
 * @example
 * app.activity("charge", (card: Card) => {
 *   if (card.isStolen) throw new NonRetriableError("the card is stolen");
 * });
 */
export class NonRetriableError extends Error {
  static {
    shareAcrossCopies(NonRetriableError, "NonRetriableError");
  }

  /** May be set to a name of one's own. */
  override name = "NonRetriableError";
  /** Any error may have it: `Object.assign(error, { isNonRetriable: true })`. */
  readonly isNonRetriable = true;
}

/** Also of another realm, as test runners and `node:vm` make them. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** What an error says; of anything else that was thrown, its text. Never throws, whatever user code threw. */
export function messageOf(thrown: unknown): string {
  try {
    return isError(thrown) ? String(thrown.message) : textOf(thrown);
  } catch {
    return "a value that cannot be shown was thrown";
  }
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (typeof value.toString === "function" && value.toString !== Object.prototype.toString) return String(value);
  const { message } = value as { readonly message?: unknown };
  if (typeof message === "string" && message !== "") return message;
  try {
    const json = JSON.stringify(value, withoutCircles());
    if (json !== undefined && json !== "{}") return json;
  } catch {
    // Its type has to do.
  }
  const { name } = value.constructor ?? Object;
  return name === "Object" || name === "" ? "an object" : `an object of class ${name}`;
}

/** For `JSON.stringify`: what holds itself is named where it comes again. */
function withoutCircles(): (this: unknown, key: string, value: unknown) => unknown {
  const open: unknown[] = [];
  return function (_key, value) {
    while (open.length > 0 && open.at(-1) !== this) open.pop();
    if (open.includes(value)) return "[circular]";
    if (typeof value === "object" && value !== null) open.push(value);
    return value;
  };
}

/** Where an error was thrown, with its message; of anything else its text. Never throws. */
export function stackOf(thrown: unknown): string {
  try {
    return (isError(thrown) && thrown.stack) || messageOf(thrown);
  } catch {
    return messageOf(thrown);
  }
}
