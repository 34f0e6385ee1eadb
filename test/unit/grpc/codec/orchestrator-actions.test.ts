import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { OrchestratorAction, SendEvent } from "../../../../src/core/orchestrator-action.ts";
import {
  createRequest,
  formatRelease,
  formatRequest,
  formatRequestEvent,
  readRelease,
  readRequest,
} from "../../../../src/entities/entity-message.ts";
import { noTime, readTicks } from "../../../../src/entities/wire-time.ts";
import { ActionReader } from "../../../../src/grpc/codec/action-reader.ts";
import { writeActions } from "../../../../src/grpc/codec/action-writer.ts";
import type { OrchestratorActionInit, WireAction } from "../../../../src/grpc/codec/wire-types.ts";
import { OrchestratorActionSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { actionsOverTheWire, overTheWire } from "./over-the-wire.ts";

const now = new Date("2026-01-02T00:00:00Z");
const execution = { instanceId: "i", executionId: "e" };
const traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const parentTraceContext = {
  traceParent,
  traceState: "a=b",
  id: undefined,
  spanId: "00f067aa0ba902b7",
  activityStartTime: undefined,
};
const task = {
  kind: "ScheduleTask",
  id: 0,
  name: "greet",
  version: undefined,
  input: undefined,
  tags: undefined,
} as const;
const child = {
  kind: "CreateSubOrchestration",
  id: 2,
  name: "child",
  version: undefined,
  instanceId: "i:2",
  input: undefined,
  tags: undefined,
  fireAndForget: false,
} as const;
const end = {
  kind: "CompleteOrchestration",
  id: 5,
  status: "Completed",
  result: undefined,
  failureDetails: undefined,
  carryoverEvents: [],
  newVersion: undefined,
} as const;
const header = { eventId: -1, timestamp: new Date(7) };

type ActionType = NonNullable<OrchestratorActionInit["orchestratorActionType"]>;

function readWire(...types: ActionType[]): readonly OrchestratorAction[] {
  const actions = types.map((orchestratorActionType, id) =>
    overTheWire(OrchestratorActionSchema, { id, orchestratorActionType }),
  );
  return new ActionReader(execution).read(actions, now);
}

describe("what a worker of ours decides", () => {
  it.each<[string, OrchestratorAction]>([
    ["a task", task],
    ["a task with everything", { ...task, id: 1, version: "", input: "null", tags: { a: "" }, parentTraceContext }],
    ["a task with an empty input", { ...task, input: "" }],
    ["a timer", { kind: "CreateTimer", id: 1, fireAt: new Date("2026-03-04T05:06:07.089Z") }],
    ["a child", child],
    ["a child with everything", { ...child, version: "2", input: "1", tags: { a: "b" }, parentTraceContext }],
    ["a child that answers nobody", { ...child, fireAndForget: true, tags: { a: "b" } }],
    ["a child that answers nobody, without tags", { ...child, fireAndForget: true }],
    ["an event", { kind: "SendEvent", id: 3, instanceId: "other", name: "go", input: undefined }],
    ["an event to itself", { kind: "SendEvent", id: 3, instanceId: "i", name: "go", input: '""' }],
    ["a patch", { kind: "RecordPatch", id: -1, patchId: "change 1" }],
    ["an end", { ...end, result: "1" }],
    ["a termination", { ...end, status: "Terminated", result: "as it came" }],
    [
      "a failure",
      { ...end, status: "Failed", failureDetails: { errorType: "E", errorMessage: "m", isNonRetriable: true } },
    ],
    [
      "a continue-as-new",
      {
        ...end,
        status: "ContinuedAsNew",
        result: "{}",
        newVersion: "3",
        carryoverEvents: [
          { ...header, type: "EventRaised", name: "go", input: undefined, parentTraceContext: undefined },
          { ...header, type: "ExecutionSuspended", reason: "wait" },
          { ...header, type: "ExecutionResumed", reason: undefined },
        ],
      },
    ],
  ])("%s is read as it was written", (_what, action) => {
    expect(new ActionReader(execution).read(actionsOverTheWire([action]), now)).toEqual([action]);
  });

  it("the span of a child is found in a trace context that names it in one place only", () => {
    const spanOnly = actionsOverTheWire([{ ...child, parentTraceContext }]);
    const created = spanOnly[0]!.orchestratorActionType;
    if (created.case === "createSubOrchestration") created.value.parentTraceContext!.spanID = "";
    const [read] = new ActionReader(execution).read(spanOnly, now);
    expect(read).toMatchObject({ parentTraceContext: { traceParent, spanId: "00f067aa0ba902b7" } });
  });

  it("a mark of the engine among the tags of a user is taken out", () => {
    const [read] = new ActionReader(execution).read(
      actionsOverTheWire([{ ...child, tags: { FireAndForget: "x", a: "b" } }]),
      now,
    );
    expect(read).toMatchObject({ fireAndForget: false, tags: { a: "b" } });
  });

  it("a patch is refused where the server cannot keep it", () => {
    const actions = [{ kind: "RecordPatch", id: -1, patchId: "change 1" }] as const;
    expect(() => writeActions(actions, { supportsPatches: false })).toThrow(
      expect.objectContaining({ code: "NotSupported", message: expect.stringContaining("change 1") }),
    );
  });
});

describe("requests to entities", () => {
  const request = createRequest({ id: "A", operation: "get", parentInstanceId: "i", parentExecutionId: "e" });
  const action = (content: typeof request, instanceId = "@counter@a", id = 0): SendEvent => {
    return { kind: "SendEvent", id, instanceId, ...formatRequestEvent(content, now.getTime()) };
  };
  const requestOf = (read: OrchestratorAction | undefined) => readRequest((read as SendEvent).input);

  it("travel as messages, and get their places in order when they arrive", () => {
    const lockSet = [{ name: "counter", key: "a" }];
    const actions = [
      action(request),
      action({ ...request, id: "B", isSignal: true, input: "1" }, "@counter@a", 1),
      action({ ...request, id: "C", operation: undefined, lockSet }, "@counter@a", 2),
      action({ ...request, id: "D" }, "@counter@z", 3),
    ];
    const wire = actionsOverTheWire(actions);
    expect(wire.map(({ orchestratorActionType }) => orchestratorActionType.case)).toEqual(
      Array.from({ length: 4 }, () => "sendEntityMessage"),
    );
    const reader = new ActionReader(execution);
    reader.observe({
      ...header,
      type: "EventRaised",
      timestamp: now,
      name: "x",
      input: undefined,
      parentTraceContext: undefined,
    });
    const read = reader.read(wire, now);
    const [first, second, third, other] = read.map(requestOf);
    expect(readTicks(first?.timestamp)).toBeGreaterThanOrEqual(readTicks("2026-01-02T00:00:00Z")!);
    expect(first?.predecessor).toBe(noTime);
    expect(second?.predecessor).toBe(first?.timestamp);
    expect(third?.predecessor).toBe(second?.timestamp);
    expect(other?.predecessor).toBe(noTime);
    // All else is as it was.
    const unstamped = read.map((each) => {
      const { deliverAt, ...sent } = each as SendEvent;
      return { ...sent, input: formatRequest({ ...requestOf(each)!, timestamp: noTime, predecessor: noTime }) };
    });
    expect(unstamped).toEqual(actions.map(({ deliverAt, ...sent }) => sent));
  });

  it("come behind those that history holds", () => {
    const reader = new ActionReader(execution);
    const [earlier] = new ActionReader(execution).read(actionsOverTheWire([action(request)]), now);
    const sent = earlier as SendEvent;
    const event: HistoryEvent = {
      ...header,
      type: "EventSent",
      instanceId: "@counter@a",
      name: "op",
      input: sent.input,
    };
    reader.observe(event);
    const [later] = reader.read(actionsOverTheWire([action({ ...request, id: "B" })]), now);
    expect(requestOf(later)?.predecessor).toBe(requestOf(sent)?.timestamp);
  });

  it("are delivered when they are due, and have no place in the order then", () => {
    const dueAt = new Date("2026-01-03T00:00:00Z");
    const delayed = action({ ...request, isSignal: true, dueAt });
    expect(delayed.name).toBe("op@2026-01-03T00:00:00.0000000Z");
    const [read] = new ActionReader(execution).read(actionsOverTheWire([delayed]), now);
    expect(read).toEqual(delayed);
    expect(read).toMatchObject({ deliverAt: dueAt });
  });

  it("too far ahead for one delay are due at their own time", () => {
    const dueAt = new Date("2027-01-01T00:00:00Z");
    const [read] = new ActionReader(execution).read(
      actionsOverTheWire([action({ ...request, isSignal: true, dueAt })]),
      now,
    );
    expect(read).toMatchObject({ deliverAt: new Date("2026-01-08T00:00:00Z") });
    expect(requestOf(read)?.dueAt).toEqual(dueAt);
  });

  it("of a plain .NET worker stay as they are", () => {
    const input = JSON.stringify({ op: "get", id: "A", parent: "i", requestTime: "x", createTrace: true });
    const instance = { instanceId: "@counter@a" };
    const read = readWire(
      { case: "sendEvent", value: { instance, name: "op", data: input } },
      { case: "sendEvent", value: { instance, name: "op@2026-01-03T00:00:00.0000000Z", data: input } },
      { case: "sendEvent", value: { instance, name: "release", data: "{}" } },
    );
    expect(read).toEqual([
      { kind: "SendEvent", id: 0, instanceId: "@counter@a", name: "op", input },
      {
        kind: "SendEvent",
        id: 1,
        instanceId: "@counter@a",
        name: "op@2026-01-03T00:00:00.0000000Z",
        input,
        deliverAt: new Date("2026-01-03T00:00:00Z"),
      },
      { kind: "SendEvent", id: 2, instanceId: "@counter@a", name: "release", input: "{}" },
    ]);
  });

  it("come from the execution itself, whatever they say", () => {
    const foreign = { parentInstanceId: "somebody", parentExecutionId: "else" };
    const read = readWire(
      {
        case: "sendEntityMessage",
        value: {
          EntityMessageType: {
            case: "entityOperationCalled",
            value: { requestId: "A", operation: "get", targetInstanceId: "@Counter@A", ...foreign },
          },
        },
      },
      {
        case: "sendEntityMessage",
        value: {
          EntityMessageType: {
            case: "entityUnlockSent",
            value: { criticalSectionId: "L", targetInstanceId: "@counter@a", parentInstanceId: "somebody" },
          },
        },
      },
    );
    expect(read[0]).toMatchObject({ instanceId: "@counter@A" });
    expect(requestOf(read[0])).toMatchObject({ parentInstanceId: "i", parentExecutionId: "e" });
    expect(read[1]).toMatchObject({ name: "release", input: formatRelease({ parentInstanceId: "i", id: "L" }) });
    expect(readRelease((read[1] as SendEvent).input)).toEqual({ parentInstanceId: "i", id: "L" });
  });
});

describe("what foreign workers decide", () => {
  it("a child without an id gets one of the execution and the action", () => {
    const [read] = readWire({ case: "createSubOrchestration", value: { name: "child" } });
    expect(read).toMatchObject({ instanceId: "e:0000" });
    const wire = overTheWire(OrchestratorActionSchema, {
      id: 0x12345,
      orchestratorActionType: { case: "createSubOrchestration", value: { name: "child" } },
    });
    expect(new ActionReader(execution).read([wire], now)).toMatchObject([{ instanceId: "e:12345" }]);
  });

  it("a timer rounds up to a time that is not too early", () => {
    const [read] = readWire({ case: "createTimer", value: { fireAt: { seconds: 1n, nanos: 1 } } });
    expect(read).toMatchObject({ fireAt: new Date(1001) });
  });

  it("a failure without details is made of its texts", () => {
    const [read] = readWire({
      case: "completeOrchestration",
      value: { orchestrationStatus: 3, result: "it broke", details: "at line 1" },
    });
    expect(read).toMatchObject({
      result: "it broke",
      failureDetails: { errorType: "Error", errorMessage: "it broke", stackTrace: "at line 1" },
    });
  });

  it("only what is meant for the instance is carried over", () => {
    const [read] = readWire({
      case: "completeOrchestration",
      value: {
        orchestrationStatus: 2,
        carryoverEvents: [
          { eventId: 3, eventType: { case: "eventRaised", value: { name: "go" } } },
          { eventType: { case: "taskCompleted", value: { taskScheduledId: 1 } } },
          { eventType: { case: "executionTerminated", value: {} } },
          {},
        ],
      },
    });
    expect(read).toMatchObject({ carryoverEvents: [{ type: "EventRaised", eventId: -1, name: "go" }] });
  });

  it("names of this package are called by its own workers", () => {
    const [read] = readWire({ case: "scheduleTask", value: { name: "BuiltIn__HttpActivity" } });
    expect(read).toMatchObject({ name: "BuiltIn__HttpActivity" });
  });

  const entity = (EntityMessageType: object): ActionType => {
    return { case: "sendEntityMessage", value: { EntityMessageType: EntityMessageType as never } };
  };
  it.each<[string, string, ActionType]>([
    ["NotSupported", "terminateOrchestration", { case: "terminateOrchestration", value: { instanceId: "x" } }],
    ["NotSupported", "rewindOrchestration", { case: "rewindOrchestration", value: {} }],
    ["NotSupported", "not known", { case: undefined } as never],
    ["NotSupported", "not known", { case: "sendEntityMessage", value: {} }],
    ["InvalidOption", "no time", { case: "createTimer", value: {} }],
    ["InvalidOption", "name of an activity", { case: "scheduleTask", value: {} }],
    ["InvalidOption", "'@'", { case: "createSubOrchestration", value: { name: "@x@y" } }],
    ["InvalidInstanceId", "'/'", { case: "createSubOrchestration", value: { name: "x", instanceId: "a/b" } }],
    ["InvalidOption", "no instance", { case: "sendEvent", value: { name: "go" } }],
    [
      "InvalidOption",
      "reserved",
      { case: "sendEvent", value: { name: "BuiltIn__Wake", instance: { instanceId: "x" } } },
    ],
    ["InvalidOption", "no instance", { case: "sendEvent", value: { name: "BuiltIn__RecordPatch", data: "change 1" } }],
    ["InvalidEntityId", "'@name@key'", { case: "sendEvent", value: { name: "op", instance: { instanceId: "@x" } } }],
    ["InvalidOption", "Running", { case: "completeOrchestration", value: {} }],
    ["InvalidOption", "99", { case: "completeOrchestration", value: { orchestrationStatus: 99 as never } }],
    ["InvalidEntityId", "''", entity({ case: "entityOperationCalled", value: { requestId: "A", operation: "get" } })],
    [
      "InvalidOption",
      "no id",
      entity({ case: "entityOperationSignaled", value: { operation: "get", targetInstanceId: "@counter@a" } }),
    ],
    ["InvalidOption", "0 entities", entity({ case: "entityLockRequested", value: { criticalSectionId: "L" } })],
    [
      "InvalidOption",
      "'counter'",
      entity({ case: "entityLockRequested", value: { criticalSectionId: "L", lockSet: ["counter"] } }),
    ],
    [
      "InvalidEntityId",
      "256",
      entity({
        case: "entityLockRequested",
        value: { criticalSectionId: "L", lockSet: ["@counter@a", `@counter@${"x".repeat(300)}`] },
      }),
    ],
  ])("an error %s that speaks of %s tells what makes no sense", (code, text, type) => {
    expect(() => readWire(type)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });
});

it("an answer that is not understood takes no place in the order of what an entity is sent", () => {
  const signal: WireAction = create(OrchestratorActionSchema, {
    id: 0,
    orchestratorActionType: {
      case: "sendEntityMessage",
      value: {
        EntityMessageType: {
          case: "entityOperationSignaled",
          value: {
            requestId: "00000000-0000-4000-8000-000000000001",
            operation: "add",
            targetInstanceId: "@counter@a",
          },
        },
      },
    },
  });
  const nonsense: WireAction = create(OrchestratorActionSchema, { id: 1 });
  const reader = new ActionReader(execution);
  const other = new ActionReader(execution);

  expect(() => reader.read([signal, nonsense], now)).toThrow(/not known/);
  expect(reader.read([signal], now)).toEqual(other.read([signal], now));
});
