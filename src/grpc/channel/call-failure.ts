import { status } from "@grpc/grpc-js";
import { DurableError, type DurableErrorCode } from "../../core/errors.ts";
import { redactSecrets } from "../../core/redact-secrets.ts";
import type { MethodName } from "../service/service-definition.ts";

export interface CallFailureOptions {
  readonly method: MethodName;
  /** The address that was asked. */
  readonly target: string;
  /** A status of gRPC: `status.NOT_FOUND`. */
  readonly code: number;
  /** What the server says, or why it was never asked. */
  readonly details: string;
  readonly isLocal?: boolean;
  readonly cause?: unknown;
}

/** A call that ended with another status than OK, or that could not be made. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly method: MethodName;
  readonly target: string;
  /** The status of gRPC by its number: `status.NOT_FOUND` is 5. */
  readonly code: number;
  readonly details: string;
  /** This side has called it off, by its signal or by the close of the channel. */
  readonly isLocal: boolean;

  constructor({ method, target, code, details: said, isLocal = false, cause }: CallFailureOptions) {
    const details = redactSecrets(said);
    super(`${method} at ${target}: ${status[code] ?? code}: ${details}`, { cause });
    this.method = method;
    this.target = target;
    this.code = code;
    this.details = details;
    this.isLocal = isLocal;
  }
}

/**
 * What a failed call means to whoever asked for it. What is no {@link CallFailure} is given back as it is.
 *
 * @param what was asked, for the message: `the event for instance 'order-7'`
 */
export function toDurableError(thrown: unknown, what: string): unknown {
  if (!(thrown instanceof CallFailure)) return thrown;
  const [code, message] = explain(thrown, what);
  return new DurableError(code, message, { cause: thrown });
}

/** Rejects as the promise does, with {@link toDurableError}. */
export async function explainFailure<T>(call: Promise<T>, what: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw toDurableError(error, what);
  }
}

type Explanation = readonly [code: DurableErrorCode, message: string];

function explain({ code, method, target, details }: CallFailure, what: string): Explanation {
  const refused = `${target} refused ${what}: ${details || "it says no more"}`;
  switch (code) {
    case status.NOT_FOUND:
      // A probe asks for nothing but the task hub.
      return method === "hello"
        ? ["InvalidOption", `${target} has no such task hub: ${details}; create it there, or check its name`]
        : ["InstanceNotFound", refused];
    case status.ALREADY_EXISTS:
      return ["InstanceAlreadyExists", /another id/.test(details) ? refused : `${refused}; choose another id`];
    case status.FAILED_PRECONDITION:
      return ["InstanceNotActive", refused];
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return ["InvalidOption", refused];
    case status.UNIMPLEMENTED:
      return ["NotSupported", `${target} has no ${method}, which ${what} needs: ${details}`];
    case status.UNAVAILABLE:
      return [
        "ServiceUnavailable",
        `${target} could not be reached for ${what}: ${details}; check the address, whether it takes TLS, and that the ` +
          "service runs",
      ];
    case status.UNAUTHENTICATED:
      return ["ServiceRejected", `${target} needs a token it accepts for ${what}: ${details}; check the credential`];
    case status.PERMISSION_DENIED:
      return [
        "ServiceRejected",
        `${target} does not allow ${what}: ${details}; give this identity a role on the task hub, for example ` +
          "'Durable Task Data Contributor'",
      ];
    case status.RESOURCE_EXHAUSTED:
      return ["ServiceRejected", `${refused}; it is too large, or too much at once`];
    case status.DEADLINE_EXCEEDED:
      return ["TaskTimeout", `${target} has not answered ${what} in time: ${details}`];
    case status.CANCELLED:
      return ["Aborted", `${what} was called off: ${details}`];
    default:
      return ["ServiceRejected", `${target} failed at ${what}: ${status[code] ?? code}: ${details}`];
  }
}
