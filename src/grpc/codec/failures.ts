import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { FailureDetails } from "../../core/failure-details.ts";
import type { TaskFailureDetails, TaskFailureDetailsSchema } from "../proto/orchestrator_service_pb.ts";

export type FailureInit = MessageInitShape<typeof TaskFailureDetailsSchema>;
type ValueInit = MessageInitShape<typeof ValueSchema>;

/** Inner failures are followed this deep. */
const maxInnerFailures = 20;
/** Values in properties are followed this deep: each level is three on the wire, of which readers take a hundred. */
const maxValueDepth = 20;

export function toWireFailure(details: FailureDetails): FailureInit {
  return toWire(details, 0);
}

function toWire(details: FailureDetails, depth: number): FailureInit {
  const { errorType, errorMessage, stackTrace, innerFailure, isNonRetriable, properties } = details;
  const hasInner = innerFailure !== undefined && depth < maxInnerFailures;
  return {
    errorType,
    errorMessage,
    stackTrace,
    innerFailure: hasInner ? toWire(innerFailure, depth + 1) : undefined,
    isNonRetriable,
    properties: toFields(properties ?? {}, 0),
  };
}

export function fromWireFailure(wire: TaskFailureDetails): FailureDetails {
  return fromWire(wire, 0);
}

function fromWire(wire: TaskFailureDetails, depth: number): FailureDetails {
  const { errorType, errorMessage, stackTrace, innerFailure, isNonRetriable } = wire;
  const properties = fromFields(wire.properties, 0);
  return {
    errorType,
    errorMessage,
    ...(stackTrace !== undefined && { stackTrace }),
    ...(innerFailure !== undefined && depth < maxInnerFailures && { innerFailure: fromWire(innerFailure, depth + 1) }),
    isNonRetriable,
    ...(Object.keys(properties).length > 0 && { properties }),
  };
}

/** What JSON does not have, such as `NaN`, is left out. */
function toFields(values: Readonly<Record<string, unknown>>, depth: number): Record<string, ValueInit> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const init = toValue(value, depth);
      return init === undefined ? [] : [[name, init]];
    }),
  );
}

function toValue(value: unknown, depth: number): ValueInit | undefined {
  if (value === null) return { kind: { case: "nullValue", value: 0 } };
  if (typeof value === "string") return { kind: { case: "stringValue", value } };
  if (typeof value === "boolean") return { kind: { case: "boolValue", value } };
  if (typeof value === "number") {
    return Number.isFinite(value) ? { kind: { case: "numberValue", value } } : undefined;
  }
  if (typeof value !== "object" || depth >= maxValueDepth) return undefined;
  if (Array.isArray(value)) {
    // As in JSON, an entry that does not exist there is null, so that the others keep their places.
    const values = value.map(
      (each): ValueInit => toValue(each, depth + 1) ?? { kind: { case: "nullValue", value: 0 } },
    );
    return { kind: { case: "listValue", value: { values } } };
  }
  const fields = toFields(value as Readonly<Record<string, unknown>>, depth + 1);
  return { kind: { case: "structValue", value: { fields } } };
}

function fromFields(fields: Readonly<Record<string, Value>>, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      const read = fromValue(value, depth);
      return read === undefined ? [] : [[name, read]];
    }),
  );
}

function fromValue({ kind }: Value, depth: number): unknown {
  switch (kind.case) {
    case "nullValue":
      return null;
    case "stringValue":
    case "boolValue":
      return kind.value;
    case "numberValue":
      return Number.isFinite(kind.value) ? kind.value : undefined;
    case "listValue":
      return depth < maxValueDepth ? kind.value.values.map((each) => fromValue(each, depth + 1) ?? null) : undefined;
    case "structValue":
      return depth < maxValueDepth ? fromFields(kind.value.fields, depth + 1) : undefined;
    default:
      return undefined;
  }
}
