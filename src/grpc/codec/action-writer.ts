import { DurableError } from "../../core/errors.ts";
import type { Tags } from "../../core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction, SendEvent } from "../../core/orchestrator-action.ts";
import { fireAndForgetTag } from "../../engine/parent-answers.ts";
import { entityMessageOf, toWireEntityMessage } from "./entity-requests.ts";
import { toWireFailure } from "./failures.ts";
import { HistoryWriter } from "./history-writer.ts";
import { toWirePatch } from "./patch-actions.ts";
import { toWireStatus } from "./statuses.ts";
import { toWireTags } from "./tags.ts";
import { toTimestamp } from "./times.ts";
import { toWireTrace } from "./trace-contexts.ts";
import type { OrchestratorActionInit } from "./wire-types.ts";

export interface ActionOptions {
  /** The server keeps patches: it is one of this package. */
  readonly supportsPatches: boolean;
  /**
   * Traffic with entities goes as events with the times that put it in order. Servers that pass messages on as they are
   * need it: without those times their entities take every call for one they had before. @defaultValue false
   */
  readonly entityTrafficAsEvents?: boolean | undefined;
}

type ActionTypeInit = NonNullable<OrchestratorActionInit["orchestratorActionType"]>;

/**
 * The decisions of one episode, for any server.
 *
 * @throws DurableError `NotSupported` for a patch that the server cannot keep
 */
export function writeActions(actions: readonly OrchestratorAction[], options: ActionOptions): OrchestratorActionInit[] {
  return actions.map((action) => {
    if (action.kind !== "RecordPatch") return { id: action.id, orchestratorActionType: typeOf(action, options) };
    if (options.supportsPatches) return toWirePatch(action);
    throw new DurableError(
      "NotSupported",
      `the change '${action.patchId}' cannot be recorded, because this server keeps no patches; ` +
        "use versions of orchestrations instead, or the server of this package",
    );
  });
}

function typeOf(action: Exclude<OrchestratorAction, { kind: "RecordPatch" }>, options: ActionOptions): ActionTypeInit {
  switch (action.kind) {
    case "ScheduleTask": {
      const { name, version, input, tags } = action;
      const parentTraceContext = toWireTrace(action.parentTraceContext);
      return { case: "scheduleTask", value: { name, version, input, tags: toWireTags(tags), parentTraceContext } };
    }
    case "CreateTimer":
      return { case: "createTimer", value: { fireAt: toTimestamp(action.fireAt) } };
    case "CreateSubOrchestration": {
      const { instanceId, name, version, input, fireAndForget } = action;
      return {
        case: "createSubOrchestration",
        value: {
          instanceId,
          name,
          version,
          input,
          parentTraceContext: toWireTrace(action.parentTraceContext),
          tags: markTags(action.tags, fireAndForget),
        },
      };
    }
    case "SendEvent":
      return sendEvent(action, options);
    case "CompleteOrchestration":
      return completeOrchestration(action);
  }
}

/** The mark is not given by users: it speaks of this one start. */
function markTags(tags: Tags | undefined, fireAndForget: boolean): Record<string, string> {
  const marked = toWireTags(tags);
  delete marked[fireAndForgetTag];
  if (fireAndForget) marked[fireAndForgetTag] = "";
  return marked;
}

function sendEvent(action: SendEvent, { entityTrafficAsEvents = false }: ActionOptions): ActionTypeInit {
  const message = entityTrafficAsEvents ? undefined : entityMessageOf(action);
  if (message !== undefined) {
    return { case: "sendEntityMessage", value: { EntityMessageType: toWireEntityMessage(message) } };
  }
  const { instanceId, name, input } = action;
  return { case: "sendEvent", value: { instance: { instanceId }, name, data: input } };
}

function completeOrchestration(action: CompleteOrchestration): ActionTypeInit {
  const { status, result, newVersion, failureDetails, carryoverEvents } = action;
  const writer = new HistoryWriter("events");
  return {
    case: "completeOrchestration",
    value: {
      orchestrationStatus: toWireStatus(status),
      result,
      newVersion,
      failureDetails: failureDetails && toWireFailure(failureDetails),
      carryoverEvents: carryoverEvents.map((event) => writer.write(event)),
    },
  };
}
