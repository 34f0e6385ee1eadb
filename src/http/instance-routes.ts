import { isDurableError } from "../core/errors.ts";
import type { PurgeQuery } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { emptyAnswer, jsonAnswer, RequestRefused, textAnswer } from "./answers.ts";
import type { EntityRoute } from "./entity-routes.ts";
import type { ManagementCall } from "./management-call.ts";
import type { ManagementRoute } from "./management-route.ts";
import { answerPage, readPaging } from "./paging.ts";
import { readJsonBody } from "./request-body.ts";
import { formatHistoryEvents, formatStatus } from "./status-json.ts";

/** A route that concerns instances that exist. */
export type InstanceRoute = Exclude<ManagementRoute, EntityRoute | { readonly kind: "start" | "restart" }>;

export async function answerInstanceRoute(call: ManagementCall, route: InstanceRoute): Promise<Response> {
  if (route.kind === "list") return list(call);
  if (route.kind === "purgeBy") return purgeBy(call);

  const { instanceId } = route;
  const reason = call.query.text("reason");
  switch (route.kind) {
    case "status":
      return status(call, instanceId);
    case "purge":
      return purge(call, instanceId);
    case "raiseEvent":
      await raiseEvent(call, instanceId, route.eventName);
      break;
    case "terminate":
      await call.client.terminate(instanceId, reason, { recursive: call.query.flag("recursive", false) });
      break;
    case "rewind":
      return rewind(call, instanceId, reason);
    default:
      await call.client[route.kind](instanceId, reason);
  }
  return emptyAnswer(202);
}

async function status(call: ManagementCall, instanceId: string): Promise<Response> {
  const state = await call.client.getInstance(instanceId, { fetchInput: call.query.flag("showInput", true) });
  return state === undefined ? emptyAnswer(404) : answerStatus(call, state);
}

/** The status of one instance, with the status code and headers that tell a poller what to do next. */
export async function answerStatus(call: ManagementCall, state: OrchestrationState): Promise<Response> {
  const { query } = call;
  const showInput = query.flag("showInput", true);
  const historyEvents = query.flag("showHistory", false) ? await readHistory(call, state, showInput) : undefined;
  const json = formatStatus(state, { showInput, historyEvents });

  if (!isTerminalStatus(state.runtimeStatus)) {
    return jsonAnswer(202, json, { location: call.url.href, "retry-after": "5" });
  }
  const isServerError = state.runtimeStatus === "Failed" && query.flag("returnInternalServerErrorOnFailure", false);
  return jsonAnswer(isServerError ? 500 : 200, json);
}

/** An instance that is pending has no history to show. */
async function readHistory(call: ManagementCall, state: OrchestrationState, showInput: boolean): Promise<string> {
  if (state.runtimeStatus === "Pending") return "[]";
  const events = (await call.client.getHistory(state.instanceId)) ?? [];
  return formatHistoryEvents(events, { showInput, showOutput: call.query.flag("showHistoryOutput", false) });
}

async function list(call: ManagementCall): Promise<Response> {
  const { query, client } = call;
  const showInput = query.flag("showInput", true);
  const page = await client.queryInstances({
    instanceIdPrefix: query.text("instanceIdPrefix"),
    createdTimeFrom: query.date("createdTimeFrom"),
    createdTimeTo: query.date("createdTimeTo"),
    runtimeStatus: query.statuses("runtimeStatus"),
    ...moreConditions(call),
    ...readPaging(call),
    fetchInput: showInput,
    ...(!query.flag("showOutput", true) && { fetchOutput: false }),
  });
  const instances = page.instances.map((state) => formatStatus(state, { showInput }));
  return answerPage(instances, page.continuationToken);
}

/** What the genuine extension does not know. */
function moreConditions({ query }: ManagementCall): Omit<PurgeQuery, "recursive"> {
  return {
    name: query.text("name"),
    lastUpdatedTimeFrom: query.date("lastUpdatedTimeFrom"),
    lastUpdatedTimeTo: query.date("lastUpdatedTimeTo"),
    completedTimeFrom: query.date("completedTimeFrom"),
    completedTimeTo: query.date("completedTimeTo"),
  };
}

/** The genuine extension deletes an instance in whatever state it is; here that is to be said. */
async function purge({ client, query }: ManagementCall, instanceId: string): Promise<Response> {
  try {
    const options = { force: query.flag("force", false), recursive: query.flag("recursive", false) };
    return answerPurged(await client.purge(instanceId, options));
  } catch (error) {
    if (isDurableError(error, "InstanceNotActive")) throw new RequestRefused(409, error.message);
    throw error;
  }
}

async function purgeBy(call: ManagementCall): Promise<Response> {
  const { query, client, clock } = call;
  const createdTimeFrom = query.date("createdTimeFrom");
  if (createdTimeFrom === undefined) {
    return jsonAnswer(400, JSON.stringify("Please provide value for 'createdTimeFrom' parameter."));
  }
  const createdTimeTo = query.date("createdTimeTo") ?? new Date(clock.now());
  const runtimeStatus = query.statuses("runtimeStatus");
  const instanceIdPrefix = query.text("instanceIdPrefix");
  const conditions = { createdTimeFrom, createdTimeTo, runtimeStatus, instanceIdPrefix, ...moreConditions(call) };
  return answerPurged(await client.purgeBy(conditions));
}

function answerPurged(instancesDeleted: number): Response {
  return instancesDeleted === 0 ? emptyAnswer(404) : jsonAnswer(200, JSON.stringify({ instancesDeleted }));
}

/** The genuine extension refuses an event without a body; clients that raise one without data send just that. */
async function raiseEvent(call: ManagementCall, instanceId: string, eventName: string): Promise<void> {
  const notJson = new RequestRefused(400, "Only application/json request content is supported");
  const input = await readJsonBody(call.request, call.maxBodyBytes, notJson);
  await call.startChecks?.checkEvent(eventName, input);
  await call.client.raiseEvent(instanceId, eventName, input);
}

/**
 * Newer extensions answer 412 for an instance that has not failed, which says more than the older 410. In plain text,
 * with 501 alike: the official client makes the body of these two the message of its error.
 */
async function rewind(call: ManagementCall, instanceId: string, reason: string | undefined): Promise<Response> {
  try {
    await call.client.rewind(instanceId, reason);
    return emptyAnswer(202);
  } catch (error) {
    if (isDurableError(error, "InstanceNotActive")) {
      return textAnswer(412, "The rewind operation is only supported on failed orchestration instances.");
    }
    if (isDurableError(error, "NotSupported")) return textAnswer(501, error.message);
    throw error;
  }
}
