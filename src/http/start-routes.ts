import { isDurableError } from "../core/errors.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { type HttpManagementPayload, shortConnectionName } from "../management/management-links.ts";
import { jsonAnswer, RequestRefused } from "./answers.ts";
import { answerStatus } from "./instance-routes.ts";
import { linksFor, type ManagementCall } from "./management-call.ts";
import { readJsonBody } from "./request-body.ts";
import { formatPayload } from "./status-json.ts";

/** Shortest time between two looks at an instance that a caller waits for. */
const minPollingIntervalMs = 50;

/** `POST orchestrators/{name}/{instanceId?}`: the body is the input. */
export async function startOrchestration(
  call: ManagementCall,
  name: string,
  instanceId: string | undefined,
): Promise<Response> {
  call.startChecks?.assertKnown(name);
  const wait = readWait(call);
  const notJson = new RequestRefused(415, "The input must be sent with 'content-type: application/json'");
  const input = await readJsonBody(call.request, call, notJson, "read");
  await call.startChecks?.checkInput(name, input);
  const version = call.query.text("version") ?? call.startChecks?.defaultVersionOf(name);
  return answerStarted(call, await call.client.startInstance({ name, instanceId, input, version }), wait);
}

/** `POST instances/{id}/restart`: the same name and input once more. */
export async function restartOrchestration(call: ManagementCall, instanceId: string): Promise<Response> {
  const wait = readWait(call);
  const restartWithNewInstanceId = call.query.flag("restartWithNewInstanceId", true);
  try {
    return answerStarted(call, await call.client.restart(instanceId, { restartWithNewInstanceId }), wait);
  } catch (error) {
    if (!isDurableError(error, "InstanceNotFound")) throw error;
    throw new RequestRefused(400, "InstanceId does not match a valid orchestration instance.");
  }
}

/** @throws RequestRefused 400 for a hub or connection that is not ours: there is no way from here to another one */
export function assertOwnHub(call: ManagementCall): void {
  for (const [parameter, own] of [
    ["taskHub", [call.taskHub]],
    // Links say `Storage` for `AzureWebJobsStorage`; people may write either.
    ["connection", [shortConnectionName(call.connectionName), call.connectionName]],
  ] as const) {
    const asked = call.query.text(parameter)?.toLowerCase();
    if (asked !== undefined && !own.some((name) => name.toLowerCase() === asked)) {
      throw new RequestRefused(400, `'${parameter}' must be '${own[0]}' or absent: nothing else is served here`);
    }
  }
}

interface Wait {
  readonly timeoutMs: number;
  readonly intervalMs: number;
}

/** Waiting is asked for with both `timeout` and `pollingInterval`; one alone counts for nothing. */
function readWait(call: ManagementCall): Wait | undefined {
  const timeoutMs = call.query.secondsAsMs("timeout");
  const intervalMs = call.query.secondsAsMs("pollingInterval");
  if (timeoutMs === undefined || intervalMs === undefined) return undefined;
  if (intervalMs > timeoutMs) {
    const [total, retry] = [timeoutMs / 1000, intervalMs / 1000];
    throw new RequestRefused(400, `Total timeout ${total} should be bigger than retry timeout ${retry}`);
  }
  return { timeoutMs, intervalMs: Math.max(minPollingIntervalMs, intervalMs) };
}

async function answerStarted(call: ManagementCall, instanceId: string, wait: Wait | undefined): Promise<Response> {
  const finished = wait && (await waitForEnd(call, instanceId, wait));
  if (finished?.runtimeStatus === "Completed") return jsonAnswer(200, formatPayload(finished.output));
  if (finished !== undefined) return answerStatus(call, finished);

  const links = linksOfStarted(linksFor(call, instanceId));
  return jsonAnswer(202, JSON.stringify(links), { location: links.statusQueryGetUri, "retry-after": "10" });
}

/** The links of the genuine extension for what has just begun: in its order, and without a rewind. */
function linksOfStarted(links: HttpManagementPayload): Omit<HttpManagementPayload, "rewindPostUri"> {
  const { id, statusQueryGetUri, sendEventPostUri, terminatePostUri, purgeHistoryDeleteUri, restartPostUri } = links;
  const { suspendPostUri, resumePostUri } = links;
  const first = { id, statusQueryGetUri, sendEventPostUri, terminatePostUri };
  return { ...first, purgeHistoryDeleteUri, restartPostUri, suspendPostUri, resumePostUri };
}

/** Resolves to `undefined` when the time is up, or the caller has gone. */
async function waitForEnd(
  call: ManagementCall,
  instanceId: string,
  wait: Wait,
): Promise<OrchestrationState | undefined> {
  const { clock, client } = call;
  const { signal } = call.request;
  const deadline = clock.now() + wait.timeoutMs;
  for (;;) {
    const state = await client.getInstance(instanceId);
    if (state !== undefined && isTerminalStatus(state.runtimeStatus)) return state;
    const leftMs = deadline - clock.now();
    if (leftMs <= 0 || signal.aborted) return undefined;
    await clock.sleep(Math.min(wait.intervalMs, leftMs), signal);
  }
}
