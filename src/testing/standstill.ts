import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus, orchestrationStatuses } from "../core/orchestration-status.ts";
import { describeWaits } from "../management/instance-waits.ts";
import { formatWait } from "../management/wait-text.ts";
import type { SteppedClock } from "./stepped-clock.ts";

const maxShown = 10;

/** Why nothing happens on a hub: who has not ended, and what each of them waits for. For people. */
export async function describeStandstill(
  what: string,
  hub: { readonly client: OrchestrationClient; readonly clock: SteppedClock },
  warnings: readonly string[],
): Promise<string> {
  const { client, clock } = hub;
  const runtimeStatus = orchestrationStatuses.filter((status) => !isTerminalStatus(status));
  const { instances } = await client.queryInstances({ runtimeStatus, pageSize: maxShown + 1, fetchInput: false });
  const lines = instances.slice(0, maxShown).map(async (state) => {
    const { instanceId, name, runtimeStatus } = state;
    return `- '${instanceId}' (${name}, ${runtimeStatus}) waits for ${await describeWaitsOf(state, client, clock.now())}`;
  });
  return [
    `${what}; it is ${new Date(clock.now()).toISOString()}`,
    ...(instances.length === 0 ? ["- every instance has ended"] : await Promise.all(lines)),
    ...(instances.length > maxShown ? ["- others, too"] : []),
    ...warnings.map((warning) => `- a worker said: ${warning}`),
  ].join("\n");
}

/** What an instance waits for, in words. */
async function describeWaitsOf(
  state: OrchestrationState,
  client: Pick<OrchestrationClient, "getHistory">,
  now: number,
): Promise<string> {
  const { waits } = describeWaits(state, await client.getHistory(state.instanceId));
  return waits.length === 0 ? "code of its own" : waits.map((wait) => formatWait(wait, { now })).join("; ");
}
