import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { isPayloadField, payloadSlots } from "../../../../src/grpc/payloads/payload-fields.ts";
import {
  ActivityResponseSchema,
  file_orchestrator_service,
  OrchestratorResponseSchema,
  WorkItemSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";

it("every text that may be absent is a payload, or is known to be none", () => {
  const others = new Set<string>();
  for (const message of file_orchestrator_service.messages) {
    for (const field of message.fields) {
      if (field.message?.typeName === "google.protobuf.StringValue" && !isPayloadField(field)) others.add(field.name);
    }
  }

  expect([...others].sort()).toEqual([
    "continuationToken",
    "executionId",
    "instanceId",
    "instanceIdPrefix",
    "instanceIdStartsWith",
    "lastInstanceKey",
    "lockedBy",
    "name",
    "newVersion",
    "orchestrationSpanID",
    "parentExecutionId",
    "parentInstanceId",
    "spanID",
    "stackTrace",
    "targetInstanceId",
    "taskHubNames",
    "traceState",
    "version",
  ]);
});

const textsOf = (slots: ReturnType<typeof payloadSlots>) => slots.map(({ text }) => text).sort();

it("payloads are found in histories, at any depth, and what is unset is passed by", () => {
  const item = create(WorkItemSchema, {
    request: {
      case: "orchestratorRequest",
      value: {
        pastEvents: [
          {
            eventType: { case: "executionStarted", value: { input: "a", version: "1", parentInstance: { name: "p" } } },
          },
          { eventType: { case: "historyState", value: { orchestrationState: { output: "b", customStatus: "c" } } } },
          {},
        ],
        newEvents: [{ eventType: { case: "entityOperationCompleted", value: { output: "d" } } }],
      },
    },
  });

  expect(textsOf(payloadSlots(WorkItemSchema, item, "writing"))).toEqual(["a", "b", "c", "d"]);
  expect(payloadSlots(WorkItemSchema, create(WorkItemSchema), "writing")).toEqual([]);
});

it("payloads are found in what an orchestrator asks for, and can be replaced", () => {
  const response = create(OrchestratorResponseSchema, {
    customStatus: "s",
    actions: [
      {
        orchestratorActionType: {
          case: "completeOrchestration",
          value: { result: "r", carryoverEvents: [{ eventType: { case: "eventRaised", value: { input: "e" } } }] },
        },
      },
      {
        orchestratorActionType: {
          case: "sendEntityMessage",
          value: { EntityMessageType: { case: "entityOperationCalled", value: { input: "i", targetInstanceId: "t" } } },
        },
      },
    ],
  });
  const slots = payloadSlots(OrchestratorResponseSchema, response, "writing");
  expect(textsOf(slots)).toEqual(["e", "i", "r", "s"]);

  for (const slot of slots) slot.put(`${slot.text}!`);

  expect(textsOf(payloadSlots(OrchestratorResponseSchema, response, "writing"))).toEqual(["e!", "i!", "r!", "s!"]);
});

it("long stacks are read as payloads, and written as they are", () => {
  const failed = { failureDetails: { stackTrace: "at x", innerFailure: { stackTrace: "at y" } } };
  const response = create(ActivityResponseSchema, failed);

  expect(textsOf(payloadSlots(ActivityResponseSchema, response, "reading"))).toEqual(["at x", "at y"]);
  expect(payloadSlots(ActivityResponseSchema, response, "writing")).toEqual([]);
});
