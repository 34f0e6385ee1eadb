import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RetryOptions } from "../../../../src/core/retry-policy.ts";
import type { HistoryEvent, OrchestratorAction } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import {
  OrchestratorRequestSchema,
  OrchestratorResponseSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { unwrapInput } from "../../../../src/grpc/triggers/task-notes.ts";
import type { OrchestrationContext } from "../../../../src/orchestration/orchestration-context.ts";
import { Registry } from "../../../../src/worker/registry.ts";

/** One call of a function by the genuine extension, and what another worker has answered. */
export interface Recording {
  readonly function: string;
  readonly input: unknown;
  readonly result?: string;
  readonly error?: { readonly message: string };
}

export function readRecordings(trigger: string): readonly Recording[] {
  return readFixture<readonly Recording[]>(trigger);
}

/** What the extension has handed over for a `durableClient` input. */
export function readRecordedBinding(): Readonly<Record<string, unknown>> {
  const [call] =
    readFixture<readonly { readonly extraInputs: [unknown, Record<string, unknown>][] }[]>("durableClient");
  return call!.extraInputs[0]![1];
}

function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(`test/fixtures/extension-grpc/${name}.json`, "utf8")) as T;
}

/**
 * The request as it would be had a worker of ours answered those before it: we number tasks from 0, and the worker that
 * was recorded from 1.
 */
export function renumber(input: string): string {
  const request = fromBinary(OrchestratorRequestSchema, Buffer.from(input, "base64"));
  for (const event of [...request.pastEvents, ...request.newEvents]) shift(event);
  return Buffer.from(toBinary(OrchestratorRequestSchema, request)).toString("base64");
}

function shift(event: HistoryEvent): void {
  if (event.eventId > 0) event.eventId--;
  const { value } = event.eventType;
  if (value === undefined) return;
  if ("taskScheduledId" in value) value.taskScheduledId--;
  if ("timerId" in value) value.timerId--;
}

/** What an answer asks for, without what may differ between workers: numbers, ids, times, texts of failures. */
export function summarize(answer: string): readonly string[] {
  const { actions, customStatus } = fromBinary(OrchestratorResponseSchema, Buffer.from(answer, "base64"));
  const status = customStatus === undefined ? [] : [`custom status ${customStatus}`];
  return [...actions.map(describe), ...status];
}

export function completionOf(answer: string) {
  const { actions } = fromBinary(OrchestratorResponseSchema, Buffer.from(answer, "base64"));
  const types = actions.map(({ orchestratorActionType }) => orchestratorActionType);
  return types.find((type) => type.case === "completeOrchestration")?.value;
}

function describe({ orchestratorActionType: type }: OrchestratorAction): string {
  switch (type.case) {
    case "scheduleTask": {
      const { name, input = "null" } = type.value;
      // What we tell of the attempt stands around it.
      const meant = JSON.stringify(unwrapInput(JSON.parse(input)).input);
      return name.startsWith("BuiltIn__") ? name : `${name} ${meant}`;
    }
    case "createSubOrchestration": {
      const { name, input } = type.value;
      return name.startsWith("BuiltIn__") ? `sub ${name}` : `sub ${name} ${input}`;
    }
    case "sendEntityMessage": {
      const { case: kind, value } = type.value.EntityMessageType;
      const operation = value !== undefined && "operation" in value ? `${value.operation} ${value.input}` : "";
      const target = value !== undefined && "targetInstanceId" in value ? value.targetInstanceId : "";
      return `${kind} ${target} ${operation}`;
    }
    case "sendEvent": {
      const { instance, name, data = "null" } = type.value;
      if (name !== "op") return String(type.case);
      // The recorded worker sent messages, of which the extension loses the calls.
      const { op, signal, input } = JSON.parse(data) as { op: string; signal?: boolean; input?: string };
      return `entityOperation${signal ? "Signaled" : "Called"} ${instance?.instanceId} ${op} ${input}`;
    }
    case "completeOrchestration": {
      const { orchestrationStatus, failureDetails } = type.value;
      return `ends ${orchestrationStatus}${failureDetails === undefined ? "" : " with a failure"}`;
    }
    default:
      return String(type.case);
  }
}

/** A request with its first event only, as for an instance that was just started. */
export function firstRequest(name: string, input: string): string {
  const start = { name, input, orchestrationInstance: { instanceId: "i", executionId: "e" } };
  const request = create(OrchestratorRequestSchema, {
    instanceId: "i",
    newEvents: [
      { eventId: -1, eventType: { case: "orchestratorStarted", value: {} } },
      { eventId: -1, eventType: { case: "executionStarted", value: start } },
    ],
  });
  return Buffer.from(toBinary(OrchestratorRequestSchema, request)).toString("base64");
}

const second = 1000;

/** The app of the recordings, in words of ours. */
export function createRecordedApp(): Registry {
  const registry = new Registry();
  const add = (name: string, orchestrator: (context: OrchestrationContext, input: unknown) => Generator) =>
    registry.addOrchestration({ name, orchestrator });
  add("helloSequence", function* (context, names) {
    const greetings: unknown[] = [];
    for (const name of names as string[]) greetings.push(yield context.callActivity("sayHello", name));
    return greetings;
  });
  add("eternal", function* (context, names) {
    const [first, ...rest] = names as string[];
    yield context.callActivity("sayHello", first);
    if (rest.length > 0) return context.continueAsNew(rest);
    return `ended at ${first}`;
  });
  add("fanOut", function* (context) {
    return yield context.all(["a", "b", "c"].map((name) => context.callActivity("sayHello", name)));
  });
  add("waitEvent", function* (context) {
    context.setCustomStatus({ stage: "waiting" });
    const v = yield context.waitForExternalEvent("go");
    context.setCustomStatus({ stage: "got", v });
    return v;
  });
  add("timer", function* (context) {
    yield context.createTimer(new Date(context.currentUtcDateTime.getTime() + 2 * second));
    return "timer done";
  });
  add("longTimer", function* (context) {
    yield context.createTimer("10d");
  });
  add("anyTimer", function* (context) {
    const event = context.waitForExternalEvent("go");
    const winner = yield context.any([event, context.createTimer("1m")]);
    return winner === event ? { won: "event", result: event.result } : { won: "timer" };
  });
  add("failing", function* (context) {
    yield context.callActivity("boom", 1);
  });
  add("throwing", function* () {
    throw new Error("orchestrator threw");
  });
  add("retrying", function* (context) {
    yield context.callActivity("boom", 1, { retry: new RetryOptions(1000, 2) });
  });
  add("retryHandled", function* (context) {
    try {
      yield context.callActivity("boom", null);
    } catch (error) {
      return { caught: (error as Error).message, name: (error as Error).name };
    }
    return undefined;
  });
  add("parent", function* (context) {
    return yield context.callSubOrchestrator("helloSequence", ["Sub"]);
  });
  add("parentOfFailing", function* (context) {
    return yield context.callSubOrchestrator("failing", null);
  });
  add("versioned", function* (context) {
    const r = yield context.callSubOrchestrator("helloSequence", ["v"], {
      instanceId: `fixed-child-${context.instanceId}`,
    });
    return { v: context.version ?? "", r };
  });
  add("entityCall", function* (context) {
    return yield context.callEntity({ name: "Counter", key: "viaorch" }, "add", 5);
  });
  add("entityError", function* (context) {
    return yield context.callEntity({ name: "Counter", key: "err" }, "fail");
  });
  add("signals", function* (context) {
    context.signalEntity({ name: "Counter", key: "sig" }, "add", 3);
    context.setCustomStatus("signalled");
    return yield context.callActivity("sayHello", { o: [1, null, "ü", true] });
  });
  add("http", function* (context) {
    return yield context.callHttp({ method: "GET", url: "http://localhost/api/hello/http", enablePolling: false });
  });
  registry.addActivity({ name: "sayHello", activity: (name: unknown) => `Hello ${name}!` });
  registry.addActivity({
    name: "boom",
    activity: () => {
      throw new Error("boom went the activity");
    },
  });
  registry.addEntity({
    name: "Counter",
    entity: class {
      value = 0;
      add(amount: number) {
        this.value += amount;
        return this.value;
      }
    },
  });
  return registry;
}
