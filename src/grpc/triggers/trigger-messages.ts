import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { DurableError, messageOf } from "../../core/errors.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import { toWireFailure } from "../codec/failures.ts";
import { TaskFailureDetailsSchema } from "../proto/orchestrator_service_pb.ts";

/**
 * Reads a message as the Durable extension hands it to a function: base64, in a text or as `body` of an object.
 *
 * @throws DurableError `CorruptData`
 */
export function readTriggerMessage<D extends DescMessage>(schema: D, value: unknown): MessageShape<D> {
  const text = typeof value === "object" && value !== null ? (value as { readonly body?: unknown }).body : value;
  if (typeof text !== "string" || text === "") {
    throw new DurableError("CorruptData", `the Durable extension has sent no ${schema.name}, but a ${typeof value}`);
  }
  try {
    return fromBinary(schema, Buffer.from(text, "base64"));
  } catch (cause) {
    const message = `what the Durable extension has sent is no ${schema.name}: ${messageOf(cause)}`;
    throw new DurableError("CorruptData", message, { cause });
  }
}

/** The message as a function returns it. */
export function writeTriggerMessage<D extends DescMessage>(schema: D, init: MessageInitShape<D>): string {
  const bytes = toBinary(schema, create(schema, init));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The text that an error must have so that the extension keeps the failure as it is: one line of JSON. */
export function writeFailureText(details: FailureDetails): string {
  return toJsonString(TaskFailureDetailsSchema, create(TaskFailureDetailsSchema, toWireFailure(details)));
}
