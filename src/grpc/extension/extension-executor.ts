import { create, fromBinary, fromJsonString, toBinary } from "@bufbuild/protobuf";
import type { EntityBatch, EntityBatchResult } from "../../core/entity-batch.ts";
import { messageOf, stackOf } from "../../core/errors.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import type { ExecutionRef, HistoryEvent } from "../../core/history-event.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  Episode,
  EpisodeResult,
  OrchestrationSession,
  TaskExecutor,
} from "../../core/task-executor.ts";
import { ActionReader } from "../codec/action-reader.ts";
import { fromEntityResult } from "../codec/entity-batches.ts";
import { fromWireFailure } from "../codec/failures.ts";
import { type EntityEncoding, HistoryWriter } from "../codec/history-writer.ts";
import type { HistoryEventInit } from "../codec/wire-types.ts";
import {
  EntityBatchRequestSchema,
  type EntityBatchResult as EntityBatchResultMessage,
  EntityBatchResultSchema,
  OrchestratorRequestSchema,
  type OrchestratorResponse,
  OrchestratorResponseSchema,
  TaskFailureDetailsSchema,
} from "../proto/orchestrator_service_pb.ts";

/** A call of a function with a durable trigger. */
export interface TriggerCall {
  readonly kind: "orchestration" | "activity" | "entity";
  /** What orchestrators call it; compared ignoring case. */
  readonly name: string;
  readonly instanceId: string;
  /** Of the trigger: a message in base64 or, for activities, the JSON text of the input, if there is one. */
  readonly value: string | undefined;
}

/** Whoever runs the functions of the app. */
export interface TriggeredFunctions {
  has(kind: TriggerCall["kind"], name: string): boolean;
  /**
   * Resolves to what was returned: a message in base64 or, for activities, JSON text.
   *
   * @throws what the function throws
   */
  call(call: TriggerCall): Promise<string | undefined>;
  /** The call came to no end, and will be made again. @defaultValue there are no such calls */
  isInterruption?(error: unknown): boolean;
}

export interface ExtensionExecutorOptions {
  readonly functions: TriggeredFunctions;
  readonly entityEncoding: EntityEncoding;
  /** Between two requests for the answer of an HTTP call, in milliseconds. @defaultValue 30,000 */
  readonly httpPollIntervalMs?: number | undefined;
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
    const { functions } = this.#options;
    const { instanceId } = instance;
    if (!functions.has("activity", name)) return { kind: "failed", failureDetails: notFound("activity", name) };
    try {
      return {
        kind: "completed",
        result: await functions.call({ kind: "activity", name, instanceId, value: input }),
      };
    } catch (error) {
      if (signal.aborted || functions.isInterruption?.(error)) throw error;
      return { kind: "failed", failureDetails: readFailure(error) };
    }
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const { functions } = this.#options;
    const { instanceId, state, operations, entity } = batch;
    if (!functions.has("entity", entity.name)) {
      const failureDetails = notFound("entity", entity.name);
      return { outcomes: operations.map(() => ({ kind: "failed", failureDetails })), state };
    }
    const request = create(EntityBatchRequestSchema, {
      instanceId,
      entityState: state,
      operations: operations.map(({ id, operation, input }) => ({ requestId: id, operation, input })),
      properties: { RollbackEntityOperationsOnExceptions: { kind: { case: "boolValue", value: true } } },
    });
    const value = encode(toBinary(EntityBatchRequestSchema, request));
    let result: EntityBatchResultMessage;
    try {
      const returned = await functions.call({ kind: "entity", name: entity.name, instanceId, value });
      result = fromBinary(EntityBatchResultSchema, decode(returned));
    } catch (error) {
      if (functions.isInterruption?.(error)) throw error;
      const failureDetails = { ...unhandled(entity.name, error), errorType: "FunctionInvocationFailed" };
      return { outcomes: operations.map(() => ({ kind: "failed", failureDetails })), state };
    }
    return fromEntityResult(result, batch);
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
    const { functions, httpPollIntervalMs = 30_000 } = this.#options;
    const { instanceId, executionId } = this.#execution;
    this.#past.push(...pastEvents.map((event) => this.#write(event)));
    const recent = newEvents.map((event) => this.#write(event));
    const name = this.#name;
    if (!functions.has("orchestration", name)) return failed(notFound("orchestrator", name));
    const request = create(OrchestratorRequestSchema, {
      instanceId,
      executionId,
      pastEvents: this.#past,
      newEvents: recent,
      entityParameters: { entityMessageReorderWindow: { seconds: 1800n, nanos: 0 } },
      properties: {
        IncludeState: { kind: { case: "boolValue", value: true } },
        IsExtendedSession: { kind: { case: "boolValue", value: false } },
        ExtendedSessionIdleTimeoutInSeconds: { kind: { case: "numberValue", value: 0 } },
        HttpDefaultAsyncRequestSleepTimeMilliseconds: { kind: { case: "numberValue", value: httpPollIntervalMs } },
      },
    });
    const value = encode(toBinary(OrchestratorRequestSchema, request));
    let response: OrchestratorResponse;
    try {
      const returned = await functions.call({ kind: "orchestration", name, instanceId, value });
      response = fromBinary(OrchestratorResponseSchema, decode(returned));
    } catch (error) {
      if (functions.isInterruption?.(error)) throw error;
      return failed(unhandled(name, error));
    }
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

/** The function itself threw, or answered what is no message: the extension fails the instance, and does not try again. */
function unhandled(name: string, error: unknown): FailureDetails {
  const errorMessage = `Function '${name}' failed with an unhandled exception.`;
  return { errorType: "FunctionFailed", errorMessage, stackTrace: stackOf(error), isNonRetriable: false };
}

/** The text of an error is a failure in JSON, or says its type before the first colon. */
function readFailure(error: unknown): FailureDetails {
  const message = messageOf(error);
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
  return { errorType, errorMessage, stackTrace: stackOf(error), isNonRetriable: false };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function decode(returned: string | undefined): Uint8Array {
  if (returned === undefined) throw new Error("The function invocation resulted in a null response");
  return Buffer.from(returned, "base64");
}
