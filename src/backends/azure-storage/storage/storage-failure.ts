import { bareError } from "../../../core/bare-error.ts";
import { DurableError } from "../../../core/errors.ts";
import { redactSecrets } from "../../../core/redact-secrets.ts";
import type { StorageFailure, StorageReply } from "./storage-request.ts";

/** The parts of an Azure SDK error that count; none is sure to be there. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly details?: {
    readonly errorCode?: unknown;
    /** Of an answer in XML. */
    readonly Message?: unknown;
    readonly odataError?: { readonly code?: unknown; readonly message?: { readonly value?: unknown } };
  };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

const transientStatuses = new Set([408, 429, 500, 502, 503, 504]);
/** Whatever the status, these say "not yet" rather than "no". */
const transientCodes = new Set(["OperationTimedOut", "ServerBusy"]);
/** 409s of a name that is free again within about a minute, which is longer than requests are repeated. */
const beingDeletedCodes = new Set(["TableBeingDeleted", "QueueBeingDeleted", "ContainerBeingDeleted"]);
const conflictCodes = new Set(["PopReceiptMismatch"]);
/** The service is sure that it did nothing when it is busy (a proxy's 503 says less), and without a token nothing was sent. */
const undoneCodes = new Set(["ServerBusy", "TokenUnavailable"]);
const fullStoreCodes = new Set(["MemoryExtentStoreAtSizeLimit", "AccountIsDisabled"]);

/** What to do about refusals whose own text does not say. */
const remedies = new Map([
  ["AuthorizationPermissionMismatch", "give the identity the roles Storage Blob, Queue and Table Data Contributor"],
  ["KeyBasedAuthenticationNotPermitted", "the account takes no keys: open it by an identity"],
  ["AuthorizationFailure", "look at the account's firewall, and at what its signature allows"],
  ["AuthenticationFailed", "the key or signature is of another account or has ended, or this machine's clock is wrong"],
]);

/** Every foreign error becomes a reply here, and nowhere else. */
export function describeForeignError(error: unknown, host: string): StorageReply {
  const sdk = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  const httpStatus = typeof sdk.statusCode === "number" ? sdk.statusCode : undefined;
  const errorCode = readErrorCode(sdk);
  if (httpStatus === 404) return { outcome: "notFound", errorCode };
  if (conflictCodes.has(errorCode)) return { outcome: "conflict", errorCode };
  const isWaiting = transientCodes.has(errorCode);
  const isNoConflict = isWaiting || beingDeletedCodes.has(errorCode) || fullStoreCodes.has(errorCode);
  if ((httpStatus === 409 || httpStatus === 412) && !isNoConflict) return { outcome: "conflict", errorCode };
  const failure: StorageFailure = {
    httpStatus,
    errorCode,
    message: firstLine(sdk.details?.odataError?.message?.value ?? sdk.details?.Message ?? sdk.message, errorCode),
    host,
    transient: isWaiting || httpStatus === undefined || transientStatuses.has(httpStatus),
    answerLost: !undoneCodes.has(errorCode) && isUncertain(httpStatus),
    retryAfterMs: readRetryAfterMs(sdk),
    cause: bareError(error),
  };
  return { outcome: "failed", failure };
}

/** Also of a success that nobody could read: it was one. */
function isUncertain(httpStatus: number | undefined): boolean {
  return httpStatus === undefined || httpStatus < 300 || httpStatus === 408 || httpStatus >= 500;
}

/**
 * `true` for what the SDKs and the sockets under them throw about a request: it has a status, a code or one of two names.
 * Anything else is a mistake in a program, and says nothing about the service.
 */
export function isForeignError(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof URIError) return false;
  const { name, code, statusCode } = (error ?? {}) as SdkError;
  return name === "RestError" || name === "AbortError" || typeof code === "string" || typeof statusCode === "number";
}

function readErrorCode(sdk: SdkError): string {
  const candidates = [sdk.details?.odataError?.code, sdk.details?.errorCode, sdk.code, sdk.name];
  return candidates.find((code): code is string => typeof code === "string" && code !== "") ?? "UnknownError";
}

/** SDK messages run on with request dumps; a signature in a URL must not get into a log. */
function firstLine(message: unknown, errorCode: string): string {
  if (typeof message !== "string" || message === "") return errorCode;
  return redactSecrets(message.split("\n", 1)[0]!).slice(0, 300);
}

function readRetryAfterMs(sdk: SdkError): number | undefined {
  const headers = sdk.response?.headers;
  const text = headers?.get("retry-after");
  if (text === undefined) return undefined;
  const seconds = Number(text);
  // A date is meant by the clock of whoever answers.
  const ms = Number.isNaN(seconds) ? Date.parse(text) - Date.parse(headers?.get("date") ?? "") : seconds * 1000;
  return ms >= 0 ? ms : undefined;
}

/** What callers above the seam are told of a failure that no retry healed. */
export function toDurableError(failure: StorageFailure, asked: string): DurableError {
  const error = describeFailure(failure, asked);
  if (!failure.answerLost) notDone.add(error);
  return error;
}

const notDone = new WeakSet<object>();

/** Whether a request that failed with this error has surely had no effect. */
export function isSurelyNotDone(error: unknown): boolean {
  return typeof error === "object" && error !== null && notDone.has(error);
}

function describeFailure(failure: StorageFailure, asked: string): DurableError {
  const { httpStatus, errorCode, host, message, cause } = failure;
  const status = httpStatus === undefined ? errorCode : `${httpStatus} ${errorCode}`;
  if (beingDeletedCodes.has(errorCode)) {
    return new DurableError(
      "StorageBeingDeleted",
      `what was asked of storage at ${host} (${asked}) is being deleted: ${status}; its name is free again in a minute`,
      { cause },
    );
  }
  if (failure.transient) {
    return new DurableError(
      "StorageUnavailable",
      `storage at ${host} is not available (${asked}): ${status}: ${message}`,
      {
        cause,
      },
    );
  }
  const remedy = remedies.get(errorCode);
  const text = `storage at ${host} rejected ${asked}: ${status}: ${message}`;
  return new DurableError("StorageRejected", remedy === undefined ? text : `${text} (${remedy})`, { cause });
}
