import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import { isTerminalStatus, orchestrationStatuses } from "../core/orchestration-status.ts";
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
  const lines = instances.slice(0, maxShown).map(async ({ instanceId, name, runtimeStatus }) => {
    const waits = describeWaits((await client.getHistory(instanceId)) ?? []);
    return `- '${instanceId}' (${name}, ${runtimeStatus}) waits for ${waits}`;
  });
  return [
    `${what}; it is ${new Date(clock.now()).toISOString()}`,
    ...(instances.length === 0 ? ["- every instance has ended"] : await Promise.all(lines)),
    ...(instances.length > maxShown ? ["- others, too"] : []),
    ...warnings.map((warning) => `- a worker said: ${warning}`),
  ].join("\n");
}

/** The tasks of a history that nothing has answered. Waits for events are not recorded. */
function describeWaits(history: readonly HistoryEvent[]): string {
  if (history.length === 0) return "a worker that takes it";
  const open = new Map<number, string>();
  for (const event of history) {
    switch (event.type) {
      case "TaskScheduled":
        open.set(event.eventId, `activity '${event.name}'`);
        break;
      case "SubOrchestrationInstanceCreated":
        open.set(event.eventId, `sub-orchestration '${event.instanceId}'`);
        break;
      case "TimerCreated":
        open.set(event.eventId, `a timer at ${event.fireAt.toISOString()}`);
        break;
      case "TimerFired":
        open.delete(event.timerId);
        break;
      case "TaskCompleted":
      case "TaskFailed":
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        open.delete(event.taskScheduledId);
        break;
    }
  }
  return [...open.values(), "an event, or code of its own"].join(", or ");
}
