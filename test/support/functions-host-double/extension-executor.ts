import { create, fromBinary, fromJsonString, toBinary } from "@bufbuild/protobuf";
import type { EntityBatch, EntityBatchResult } from "../../../src/core/entity-batch.ts";
import type { FailureDetails } from "../../../src/core/failure-details.ts";
import type { ExecutionRef, HistoryEvent } from "../../../src/core/history-event.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  Episode,
  EpisodeResult,
  OrchestrationSession,
  TaskExecutor,
} from "../../../src/core/task-executor.ts";
import { ActionReader } from "../../../src/grpc/codec/action-reader.ts";
import { fromEntityResult } from "../../../src/grpc/codec/entity-batches.ts";
import { fromWireFailure } from "../../../src/grpc/codec/failures.ts";
import { type EntityEncoding, HistoryWriter } from "../../../src/grpc/codec/history-writer.ts";
import type { HistoryEventInit } from "../../../src/grpc/codec/wire-types.ts";
import {
  EntityBatchRequestSchema,
  EntityBatchResultSchema,
  OrchestratorRequestSchema,
  OrchestratorResponseSchema,
  TaskFailureDetailsSchema,
} from "../../../src/grpc/proto/orchestrator_service_pb.ts";
import type { RegisteredFunction } from "../../../src/host/app/function-metadata.ts";
import { bodyBytes, type TypedData } from "../../../src/host/app/typed-data.ts";
import type { Call } from "./functions-worker.ts";
import { WorkerExit } from "./rpc-worker.ts";

/** Whoever runs the functions of the app. */
export interface FunctionCaller {
  find(triggerType: string, name: string): Pick<RegisteredFunction, "metadata"> | undefined;
  /** @throws what the function throws, or `WorkerExit` when its process ended: then it will be called again */
  call(fn: Pick<RegisteredFunction, "metadata">, call: Call): Promise<TypedData | undefined>;
}

/** Properties that the genuine extension sends with each request. */
const properties = {
  IncludeState: { kind: { case: "boolValue", value: true } },
  IsExtendedSession: { kind: { case: "boolValue", value: false } },
  ExtendedSessionIdleTimeoutInSeconds: { kind: { case: "numberValue", value: 0 } },
  HttpDefaultAsyncRequestSleepTimeMilliseconds: { kind: { case: "numberValue", value: 30_000 } },
} as const;

export interface ExtensionExecutorOptions {
  readonly worker: FunctionCaller;
  readonly entityEncoding: EntityEncoding;
  readonly log: (instanceId: string, functionName: string, line: string) => void;
}

/** The protobuf protocol of the Durable extension: what it makes of work, and of what the functions answer. */
export class ExtensionExecutor implements TaskExecutor {
  readonly #options: ExtensionExecutorOptions;

  constructor(options: ExtensionExecutorOptions) {
    this.#options = options;
  }

  openSession(execution: ExecutionRef): OrchestrationSession {
    return new ExtensionSession(execution, this.#options);
  }

  async executeActivity({ name, input, instance, signal }: ActivityInvocation): Promise<ActivityOutcome> {
    const { worker, log } = this.#options;
    const { instanceId } = instance;
    const fn = worker.find("activityTrigger", name);
    if (fn === undefined) return { kind: "failed", failureDetails: notFound("activity", name) };
    try {
      const returned = await worker.call(fn, {
        value: input === undefined ? {} : { string: input },
        metadata: { instanceId: { string: instanceId }, ...(input !== undefined && { data: { string: input } }) },
        log: (line) => log(instanceId, name, line),
      });
      return { kind: "completed", result: toJson(returned) };
    } catch (error) {
      if (signal.aborted || error instanceof WorkerExit) throw error;
      return { kind: "failed", failureDetails: readFailure(error) };
    }
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const { worker, log } = this.#options;
    const { instanceId, state, operations, entity } = batch;
    const fn = worker.find("entityTrigger", entity.name);
    if (fn === undefined) {
      const failureDetails = notFound("entity", entity.name);
      return { outcomes: operations.map(() => ({ kind: "failed", failureDetails })), state };
    }
    const request = create(EntityBatchRequestSchema, {
      instanceId,
      entityState: state,
      operations: operations.map(({ id, operation, input }) => ({ requestId: id, operation, input })),
      properties: { RollbackEntityOperationsOnExceptions: { kind: { case: "boolValue", value: true } } },
    });
    const returned = await worker.call(fn, {
      value: { string: encode(toBinary(EntityBatchRequestSchema, request)) },
      log: (line) => log(instanceId, entity.name, line),
    });
    return fromEntityResult(fromBinary(EntityBatchResultSchema, decode(returned)), batch);
  }
}

class ExtensionSession implements OrchestrationSession {
  readonly #execution: ExecutionRef;
  readonly #options: ExtensionExecutorOptions;
  readonly #writer: HistoryWriter;
  readonly #actions: ActionReader;
  readonly #past: HistoryEventInit[] = [];
  #name = "";

  constructor(execution: ExecutionRef, options: ExtensionExecutorOptions) {
    this.#execution = execution;
    this.#options = options;
    this.#writer = new HistoryWriter(options.entityEncoding);
    this.#actions = new ActionReader(execution);
  }

  async execute({ pastEvents, newEvents }: Episode): Promise<EpisodeResult> {
    if (newEvents.length === 0) return { actions: [], customStatus: undefined, keepsCustomStatus: true };
    const { worker, log } = this.#options;
    const { instanceId } = this.#execution;
    this.#past.push(...pastEvents.map((event) => this.#write(event)));
    const recent = newEvents.map((event) => this.#write(event));
    const fn = worker.find("orchestrationTrigger", this.#name);
    if (fn === undefined) return failed(notFound("orchestrator", this.#name));
    const request = create(OrchestratorRequestSchema, {
      instanceId,
      pastEvents: this.#past,
      newEvents: recent,
      entityParameters: { entityMessageReorderWindow: { seconds: 1800n, nanos: 0 } },
      properties,
    });
    const returned = await worker.call(fn, {
      value: { string: encode(toBinary(OrchestratorRequestSchema, request)) },
      log: (line) => log(instanceId, this.#name, line),
    });
    const response = fromBinary(OrchestratorResponseSchema, decode(returned));
    const actions = this.#actions.read(response.actions, new Date());
    this.#past.push(...recent);
    const { customStatus } = response;
    const hasFailed = actions.some((action) => action.kind === "CompleteOrchestration" && action.status === "Failed");
    return { actions, customStatus, keepsCustomStatus: customStatus === undefined && hasFailed };
  }

  close(): void {}

  #write(event: HistoryEvent): HistoryEventInit {
    this.#actions.observe(event);
    if (event.type === "ExecutionStarted") this.#name = event.name;
    return this.#writer.write(event);
  }
}

function failed(failureDetails: FailureDetails): EpisodeResult {
  const action = { kind: "CompleteOrchestration", id: 0, status: "Failed", result: undefined, failureDetails } as const;
  return { actions: [{ ...action, carryoverEvents: [], newVersion: undefined }], customStatus: undefined };
}

function notFound(kind: string, name: string): FailureDetails {
  const errorMessage = `The ${kind} function '${name}' doesn't exist, is disabled, or is not a ${kind} function.`;
  return { errorType: "FunctionNotFound", errorMessage, isNonRetriable: true };
}

/** As the extension serializes what a function returned: a text stays one, JSON is read. */
function toJson(value: TypedData | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value.string !== undefined) return JSON.stringify(value.string);
  return bodyBytes(value).toString();
}

/** The text of an error is a failure in JSON, or says its type before the first colon. */
function readFailure(error: unknown): FailureDetails {
  const { message, stack } = error as Error;
  if (message.startsWith("{")) {
    try {
      return fromWireFailure(fromJsonString(TaskFailureDetailsSchema, message));
    } catch {
      // A text like any other.
    }
  }
  const end = message.indexOf(": ");
  const errorType = end < 0 ? "(unknown)" : message.slice(0, end);
  const errorMessage = end < 0 ? message : message.slice(end + 2).split("\n")[0]!;
  return { errorType, errorMessage, stackTrace: stack, isNonRetriable: false };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function decode(returned: TypedData | undefined): Uint8Array {
  if (returned?.string === undefined) throw new Error("The function invocation resulted in a null response");
  return Buffer.from(returned.string, "base64");
}
