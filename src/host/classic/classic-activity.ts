import { messageOf, stackOf } from "../../core/errors.ts";
import { describeFailure, type FailureDetails } from "../../core/failure-details.ts";
import type { TypedData } from "../app/typed-data.ts";

/**
 * The value of an activity trigger. The extension hands over a text, which the library reads as JSON if it is JSON: an
 * object or a list as its JSON, anything else as .NET writes it.
 *
 * @param input JSON text of the argument
 */
export function toActivityValue(input: string | undefined): TypedData {
  const value: unknown = input === undefined || input === "" ? null : JSON.parse(input);
  if (value === null) return { json: "null" };
  if (typeof value === "string") return { string: value };
  if (typeof value === "boolean") return { string: value ? "True" : "False" };
  return { string: JSON.stringify(value) };
}

/** The result of an activity as JSON text. */
export function toActivityResult(data: TypedData | null | undefined): string | undefined {
  if (data === undefined || data === null) return undefined;
  if (data.string !== undefined) return JSON.stringify(data.string);
  if (data.json !== undefined) return data.json;
  if (data.bytes !== undefined) return JSON.stringify(Buffer.from(data.bytes).toString("base64"));
  const number = data.int ?? data.double;
  return number === undefined ? undefined : JSON.stringify(number);
}

/**
 * What an activity has thrown. The library may have put details into the message, for the app has asked it to.
 */
export function describeActivityFailure(thrown: unknown): FailureDetails {
  const details = readDetails(messageOf(thrown));
  if (details !== undefined) return details;
  // What errors carry by themselves does not reach orchestrators.
  const { errorType, errorMessage } = describeFailure(thrown);
  return { errorType, errorMessage, stackTrace: stackOf(thrown), isNonRetriable: false };
}

function readDetails(message: string): FailureDetails | undefined {
  if (!message.startsWith('{"errorType":')) return undefined;
  try {
    const { errorType, errorMessage, stackTrace, properties } = JSON.parse(message) as Partial<FailureDetails>;
    if (typeof errorMessage !== "string" || typeof properties !== "object") return undefined;
    return { errorType: String(errorType), errorMessage, stackTrace, isNonRetriable: false, properties };
  } catch {
    return undefined;
  }
}
