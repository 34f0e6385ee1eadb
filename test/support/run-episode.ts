import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { CompleteOrchestration } from "../../src/core/orchestrator-action.ts";
import { jsonDataConverter } from "../../src/core/payloads/data-converter.ts";
import type { EpisodeResult, OrchestrationSession } from "../../src/core/task-executor.ts";
import type { Orchestrator } from "../../src/orchestration/orchestrator.ts";
import { InProcessSession } from "../../src/worker/in-process-session.ts";

export type Logged = readonly unknown[];

/** A session in which every name is the given orchestrator. */
export function openSession(orchestrator: Orchestrator, logged: Logged[] = []): OrchestrationSession {
  return new InProcessSession({
    instanceId: "instance",
    executionId: "execution",
    findOrchestration: () => ({ orchestrator, dataConverter: jsonDataConverter }),
    log: (level, _name, args) => logged.push(level === "info" ? args : [level, ...args]),
  });
}

/** One episode on a fresh session. */
export function runEpisode(
  orchestrator: Orchestrator,
  pastEvents: readonly HistoryEvent[],
  newEvents: readonly HistoryEvent[] = [],
): Promise<EpisodeResult> {
  return openSession(orchestrator).execute({ pastEvents, newEvents });
}

/** How the orchestration has ended. @throws when it has not */
export function completion(result: EpisodeResult): CompleteOrchestration {
  const last = result.actions.at(-1);
  if (last?.kind !== "CompleteOrchestration") throw new Error(`not completed: ${JSON.stringify(result.actions)}`);
  return last;
}
