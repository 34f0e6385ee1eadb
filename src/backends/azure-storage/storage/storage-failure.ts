import { DurableError } from "../../../core/errors.ts";
import type { StorageFailure, StorageReply } from "./storage-request.ts";

/** The parts of an Azure SDK error that count; none is sure to be there. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly errorCode?: unknown; readonly odataError?: { readonly code?: unknown } };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

const transientStatuses = new Set([408, 429, 500, 502, 503, 504]);
/** 409s that say "not yet" rather than "no". */
const transientCodes = new Set([
  "TableBeingDeleted",
  "QueueBeingDeleted",
  "ContainerBeingDeleted",
  "OperationTimedOut",
  "ServerBusy",
]);
const conflictCodes = new Set(["PopReceiptMismatch"]);
const fullStoreCodes = new Set(["MemoryExtentStoreAtSizeLimit", "AccountIsDisabled"]);

/** Every foreign error becomes a reply here, and nowhere else. */
export function describeForeignError(error: unknown, host: string): StorageReply {
  const sdk = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  const httpStatus = typeof sdk.statusCode === "number" ? sdk.statusCode : undefined;
  const errorCode = readErrorCode(sdk);
  if (httpStatus === 404) return { outcome: "notFound", errorCode };
  if (conflictCodes.has(errorCode)) return { outcome: "conflict", errorCode };
  const waiting = transientCodes.has(errorCode);
  if ((httpStatus === 409 || httpStatus === 412) && !waiting && !fullStoreCodes.has(errorCode)) {
    return { outcome: "conflict", errorCode };
  }
  const failure: StorageFailure = {
    httpStatus,
    errorCode,
    message: firstLine(sdk.message, errorCode),
    host,
    transient: waiting || (httpStatus === undefined ? !isOwnMistake(error) : transientStatuses.has(httpStatus)),
    answerLost: httpStatus === undefined || httpStatus === 408 || httpStatus >= 500,
    retryAfterMs: readRetryAfterMs(sdk),
    cause: error,
  };
  return { outcome: "failed", failure };
}

/** Errors that a client library throws before it asks the service; no retry changes them. */
function isOwnMistake(error: unknown): boolean {
  return error instanceof TypeError || error instanceof URIError || error instanceof RangeError;
}

function readErrorCode(sdk: SdkError): string {
  const candidates = [sdk.details?.odataError?.code, sdk.details?.errorCode, sdk.code, sdk.name];
  return candidates.find((code): code is string => typeof code === "string" && code !== "") ?? "UnknownError";
}

/** SDK messages run on with request dumps; a signature in a URL must not get into a log. */
function firstLine(message: unknown, errorCode: string): string {
  if (typeof message !== "string" || message === "") return errorCode;
  return message
    .split("\n", 1)[0]!
    .replace(/([?&]sig=)[^&\s]+/g, "$1***")
    .slice(0, 300);
}

function readRetryAfterMs(sdk: SdkError): number | undefined {
  const text = sdk.response?.headers?.get("retry-after");
  const seconds = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** What callers above the seam are told of a failure that no retry healed. */
export function toDurableError(failure: StorageFailure, asked: string): DurableError {
  const { httpStatus, errorCode, host, message, cause } = failure;
  const status = httpStatus === undefined ? errorCode : `${httpStatus} ${errorCode}`;
  if (failure.transient) {
    return new DurableError(
      "StorageUnavailable",
      `storage at ${host} is not available (${asked}): ${status}: ${message}`,
      {
        cause,
      },
    );
  }
  return new DurableError("StorageRejected", `storage at ${host} rejected ${asked}: ${status}: ${message}`, { cause });
}
