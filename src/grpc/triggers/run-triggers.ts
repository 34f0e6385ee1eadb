import { create } from "@bufbuild/protobuf";
import { DurableError, isDurableError } from "../../core/errors.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { httpPollOrchestratorName } from "../../core/reserved-names.ts";
import type { TaskExecutor } from "../../core/task-executor.ts";
import { decodeTaskTags } from "../../core/task-tags.ts";
import type { TaskHubChannel } from "../channel/task-hub-channel.ts";
import { fromEntityBatchRequest, toEntityResult } from "../codec/entity-batches.ts";
import {
  EntityBatchRequestSchema,
  EntityBatchResultSchema,
  type OrchestratorRequest,
  OrchestratorRequestSchema,
  OrchestratorResponseSchema,
} from "../proto/orchestrator_service_pb.ts";
import { type OrchestratorResponseInit, runTurn } from "../worker/orchestration-turn.ts";
import { PayloadCourier } from "../worker/payload-courier.ts";
import { failureAction } from "../worker/response-chunks.ts";
import { wrapInput } from "./task-notes.ts";
import { readTriggerMessage, writeTriggerMessage } from "./trigger-messages.ts";

export interface TriggerPorts {
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly random: Random;
  readonly onFailed: (name: string, failure: FailureDetails) => void;
  /** See `TurnContext.onUnawaited`. */
  readonly onUnawaited?: ((name: string, calls: readonly string[]) => void) | undefined;
}

const neverAborted = new AbortController().signal;

/**
 * One episode, from the value of an `orchestrationTrigger` to what its function returns.
 *
 * @throws DurableError `CorruptData`; what the executor throws when the episode could not be run
 */
export async function runOrchestrationTrigger(value: unknown, ports: TriggerPorts): Promise<string> {
  const request = readTriggerMessage(OrchestratorRequestSchema, value);
  const response = isStartedFromOutside(request)
    ? failed(request, "NotSupported", "this orchestration is a part of others, and is not started by itself")
    : await runEpisode(request, ports);
  return writeTriggerMessage(OrchestratorResponseSchema, withNotes(response));
}

async function runEpisode(request: OrchestratorRequest, ports: TriggerPorts): Promise<OrchestratorResponseInit> {
  try {
    return await runTurn(request, {
      ...ports,
      entityTrafficAsEvents: true,
      channel: noChannel,
      payloads: new PayloadCourier(undefined),
      work: { signal: neverAborted },
    });
  } catch (error) {
    if (!isDurableError(error, "VersionMismatch")) throw error;
    // A function cannot give work back: what it throws fails the instance too, without a word of why.
    const hint =
      "the Durable extension leaves such an instance to others only by the version settings of host.json " +
      "(extensions.durableTask.defaultVersion), not by those of DFApp";
    return failed(request, error.code, `${error.message}; ${hint}`);
  }
}

function failed(request: OrchestratorRequest, errorType: string, message: string): OrchestratorResponseInit {
  const { instanceId, pastEvents, newEvents } = request;
  // Behind all numbers that were given.
  return { instanceId, actions: [failureAction(pastEvents.length + newEvents.length, errorType, message)] };
}

/**
 * A batch of operations, from the value of an `entityTrigger` to what its function returns.
 *
 * @throws DurableError `CorruptData`, `InvalidEntityId`, `EntityNotRegistered`
 */
export async function runEntityTrigger(value: unknown, { executor, clock }: TriggerPorts): Promise<string> {
  const request = readTriggerMessage(EntityBatchRequestSchema, value);
  const startTime = new Date(clock.now());
  const result = await executor.executeEntityBatch(fromEntityBatchRequest(request, neverAborted));
  const times = { startTime, endTime: new Date(clock.now()) };
  return writeTriggerMessage(EntityBatchResultSchema, toEntityResult(result, request, times));
}

/** The poller sends requests with the app's tokens: whoever reaches the management API must not start it by its name. */
function isStartedFromOutside({ pastEvents, newEvents }: OrchestratorRequest): boolean {
  for (const { eventType } of [...pastEvents, ...newEvents]) {
    if (eventType.case !== "executionStarted") continue;
    const { name, parentInstance } = eventType.value;
    return parentInstance === undefined && name.toLowerCase() === httpPollOrchestratorName.toLowerCase();
  }
  return false;
}

/** What an activity must know of its attempt does not reach it as tags. */
function withNotes(response: OrchestratorResponseInit): OrchestratorResponseInit {
  const { actions } = create(OrchestratorResponseSchema, response);
  for (const { orchestratorActionType: type } of actions) {
    if (type.case !== "scheduleTask") continue;
    type.value.input = wrapInput(type.value.input, decodeTaskTags(type.value.tags));
  }
  return { ...response, actions };
}

/** The extension sends each history whole. */
const noChannel: TaskHubChannel = {
  target: "the Durable extension",
  taskHub: undefined,
  unary: () => Promise.reject(unreachable()),
  stream() {
    throw unreachable();
  },
  close() {},
};

function unreachable(): DurableError {
  return new DurableError(
    "NotSupported",
    "the Durable extension has sent a part of a history, and functions are sent whole ones",
  );
}
