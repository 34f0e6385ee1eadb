import { orchestrationStatuses } from "../../core/orchestration-status.ts";
import type { JsonSchema } from "./json-schema-of.ts";

const text: JsonSchema = { type: "string" };
const uri: JsonSchema = { type: "string", format: "uri" };
const time: JsonSchema = { type: "string", format: "date-time" };
const textOrNull: JsonSchema = { type: ["string", "null"] };
const failureOrNull: JsonSchema = { anyOf: [{ $ref: "#/components/schemas/FailureDetails" }, { type: "null" }] };
/** A payload: any JSON, or `null` when there is none. */
const payload: JsonSchema = {};

export const runtimeStatus: JsonSchema = { type: "string", enum: orchestrationStatuses };

/** The shapes of bodies, by the names that the paths refer to. */
export const managementSchemas: Readonly<Record<string, JsonSchema>> = {
  ManagementLinks: {
    description: "Links to one instance. `{eventName}` and `{text}` are for the caller to replace.",
    type: "object",
    required: [
      "id",
      "statusQueryGetUri",
      "sendEventPostUri",
      "terminatePostUri",
      "purgeHistoryDeleteUri",
      "restartPostUri",
      "suspendPostUri",
      "resumePostUri",
    ],
    properties: {
      id: { ...text, description: "The id of the instance" },
      statusQueryGetUri: uri,
      sendEventPostUri: text,
      terminatePostUri: text,
      purgeHistoryDeleteUri: uri,
      restartPostUri: uri,
      suspendPostUri: text,
      resumePostUri: text,
    },
  },
  InstanceStatus: {
    type: "object",
    required: [
      "name",
      "instanceId",
      "runtimeStatus",
      "input",
      "customStatus",
      "output",
      "createdTime",
      "lastUpdatedTime",
    ],
    properties: {
      name: { ...text, description: "The name of the orchestration" },
      version: text,
      instanceId: text,
      parentInstanceId: { ...text, description: "The instance that has started this one" },
      runtimeStatus,
      input: payload,
      customStatus: payload,
      output: { description: "The result; of a failed instance its failure, of a terminated one the reason, as text" },
      createdTime: time,
      lastUpdatedTime: time,
      notLoaded: {
        type: "array",
        items: { enum: ["input", "output", "tags"] },
        description: "What a list did not read, because it lies in a blob: ask with showInput=true and showOutput=true",
      },
      tags: { type: "object", additionalProperties: text },
      historyEvents: { type: "array", items: { $ref: "#/components/schemas/HistoryEvent" } },
    },
  },
  HistoryEvent: {
    description: "An event of a history; which other members it has depends on its type.",
    type: "object",
    required: ["EventType", "Timestamp"],
    properties: {
      EventType: text,
      Timestamp: time,
      FunctionName: text,
      ScheduledTime: time,
      InstanceId: text,
      Name: text,
      Input: { description: "JSON text, as the orchestration, the call or the event was given it" },
      Result: payload,
      Reason: textOrNull,
      Details: textOrNull,
      Data: textOrNull,
      FailureDetails: failureOrNull,
      OrchestrationStatus: runtimeStatus,
      FireAt: time,
      ScheduledStartTime: { type: ["string", "null"], format: "date-time" },
      Generation: { type: ["integer", "null"] },
      GenerateNewTrace: { type: "boolean" },
      Correlation: textOrNull,
      ParentTraceContext: {
        type: ["object", "null"],
        required: ["TraceParent", "TraceState"],
        properties: { TraceParent: text, TraceState: textOrNull },
      },
    },
  },
  FailureDetails: {
    description: "What was thrown.",
    type: "object",
    required: ["ErrorType", "ErrorMessage", "IsNonRetriable"],
    properties: {
      ErrorType: text,
      ErrorMessage: text,
      StackTrace: textOrNull,
      InnerFailure: failureOrNull,
      IsNonRetriable: { type: "boolean" },
      Properties: { type: "object", additionalProperties: true },
    },
  },
  EntityStatus: {
    type: "object",
    required: ["entityId", "lastOperationTime", "state"],
    properties: {
      entityId: { type: "object", required: ["name", "key"], properties: { name: text, key: text } },
      lastOperationTime: time,
      state: payload,
    },
  },
  PurgeResult: {
    type: "object",
    required: ["instancesDeleted"],
    properties: { instancesDeleted: { type: "integer", minimum: 1 } },
  },
  Problem: {
    description: "What was wrong with a request.",
    type: "object",
    required: ["Message"],
    properties: { Message: text },
  },
};
