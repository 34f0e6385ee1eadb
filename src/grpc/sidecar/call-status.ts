import { status } from "@grpc/grpc-js";
import { type DurableErrorCode, isDurableError } from "../../core/errors.ts";
import { redactSecrets } from "../../core/redact-secrets.ts";

/** How a call ends that does not succeed. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
}

const codes: Readonly<Record<DurableErrorCode, status>> = {
  InvalidOption: status.INVALID_ARGUMENT,
  InvalidInstanceId: status.INVALID_ARGUMENT,
  InvalidPayload: status.INVALID_ARGUMENT,
  InvalidEntityId: status.INVALID_ARGUMENT,
  InstanceNotFound: status.NOT_FOUND,
  InstanceNotActive: status.FAILED_PRECONDITION,
  InstanceTerminated: status.FAILED_PRECONDITION,
  InstanceAlreadyExists: status.ALREADY_EXISTS,
  TaskHubInUse: status.FAILED_PRECONDITION,
  TaskHubNotFound: status.NOT_FOUND,
  TaskTimeout: status.DEADLINE_EXCEEDED,
  Aborted: status.CANCELLED,
  NotSupported: status.UNIMPLEMENTED,
  StorageUnavailable: status.UNAVAILABLE,
  StorageBeingDeleted: status.UNAVAILABLE,
  StorageRejected: status.INTERNAL,
  ServiceUnavailable: status.UNAVAILABLE,
  ServiceRejected: status.INTERNAL,
  WorkItemLockLost: status.ABORTED,
  SessionLost: status.ABORTED,
  CorruptData: status.DATA_LOSS,
  // What workers meet never ends a call of a client.
  NondeterministicOrchestration: status.INTERNAL,
  OrchestrationMisuse: status.INTERNAL,
  OrchestratorNotRegistered: status.INTERNAL,
  ActivityNotRegistered: status.INTERNAL,
  EntityNotRegistered: status.INTERNAL,
  EntityOperationNotFound: status.INTERNAL,
  DuplicateRegistration: status.INTERNAL,
  OrchestrationPoisoned: status.INTERNAL,
  EntityOperationPoisoned: status.INTERNAL,
  HistoryTooLong: status.INTERNAL,
  TooManyActions: status.INTERNAL,
  TaskCancelled: status.INTERNAL,
  WorkerStopping: status.INTERNAL,
  VersionMismatch: status.INTERNAL,
  HostStartFailed: status.INTERNAL,
  InternalError: status.INTERNAL,
};

/** Texts travel in a header, which has little room. */
const maxDetailsLength = 1_000;

/** The status of a call that ended with an error. What is not one of ours tells its sender nothing but that. */
export function toCallStatus(error: unknown): CallStatus {
  if (!isDurableError(error)) return { code: status.INTERNAL, details: "the call could not be answered" };
  const details = redactSecrets(error.message).slice(0, maxDetailsLength).toWellFormed();
  return { code: codes[error.code] ?? status.INTERNAL, details };
}

/** `true` for what its sender has not caused. */
export function isServerFault({ code }: CallStatus): boolean {
  return code === status.INTERNAL || code === status.DATA_LOSS || code === status.UNAVAILABLE;
}
