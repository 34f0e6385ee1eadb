import { isDurableError } from "../core/errors.ts";
import type { PurgeQuery } from "../core/orchestration-client.ts";
import type { OrchestrationState, PayloadFetch } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { redactSecrets } from "../core/redact-secrets.ts";
import { emptyAnswer, jsonAnswer, RequestRefused, textAnswer } from "./answers.ts";
import type { EntityRoute } from "./entity-routes.ts";
import type { ManagementCall } from "./management-call.ts";
import type { ManagementRoute } from "./management-route.ts";
import { answerPage, readPaging } from "./paging.ts";
import { readJsonBody } from "./request-body.ts";
import { formatHistoryEvents, formatStatus } from "./status-json.ts";

/** A route that concerns instances that exist. */
export type InstanceRoute = Exclude<
  ManagementRoute,
  EntityRoute | { readonly kind: "start" | "restart" | "makePrimary" | "openApi" }
>;

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
    // The address that was asked for, as whoever asked sees it.
    const location = call.publicOrigin(call.request) + call.url.pathname + call.url.search;
    return jsonAnswer(202, json, { location, "retry-after": "5" });
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
  // What lies in blobs is read for those who have asked for it by name.
  const fetched = (flag: string): PayloadFetch => query.flag(flag, false) || (query.flag(flag, true) && "inline");
  const page = await client.queryInstances({
    instanceIdPrefix: query.text("instanceIdPrefix"),
    createdTimeFrom: query.date("createdTimeFrom"),
    createdTimeTo: query.date("createdTimeTo"),
    runtimeStatus: query.statuses("runtimeStatus"),
    ...moreConditions(call),
    ...readPaging(call),
    fetchInput: fetched("showInput"),
    fetchOutput: fetched("showOutput"),
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

/** What has not ended is purged by `force=true` only, which the genuine extension does not know. */
async function purge({ client, query }: ManagementCall, instanceId: string): Promise<Response> {
  try {
    const options = { force: query.flag("force", false), recursive: query.flag("recursive", false) };
    return answerPurged(await client.purge(instanceId, options));
  } catch (error) {
    if (!isDurableError(error, "InstanceNotActive")) throw error;
    const status = await statusOf(client, instanceId);
    return preconditionFailed(
      "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID " +
        `${instanceId} has status ${status}`,
    );
  }
}

async function statusOf(client: ManagementCall["client"], instanceId: string): Promise<string> {
  const state = await client.getInstance(instanceId, { fetchInput: false });
  return state?.runtimeStatus ?? "Unknown";
}

/** The genuine extension writes these texts as JSON. */
function preconditionFailed(text: string): Response {
  return jsonAnswer(412, JSON.stringify(text));
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
  const input = await readJsonBody(call.request, call, notJson);
  await call.startChecks?.checkEvent(eventName, input);
  await call.client.raiseEvent(instanceId, eventName, input);
}

/** What is not done here is said in plain text: the official client makes it the message of its error. */
async function rewind(call: ManagementCall, instanceId: string, reason: string | undefined): Promise<Response> {
  try {
    await call.client.rewind(instanceId, reason);
    return emptyAnswer(202);
  } catch (error) {
    if (isDurableError(error, "InstanceNotActive")) {
      const status = await statusOf(call.client, instanceId);
      return preconditionFailed(
        `This orchestration has status ${status}, but only orchestrations in the "Failed" state can be rewound.`,
      );
    }
    if (isDurableError(error, "NotSupported")) return textAnswer(501, redactSecrets(error.message));
    throw error;
  }
}
