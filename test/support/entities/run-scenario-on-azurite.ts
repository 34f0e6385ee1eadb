import { createAzureStorageTaskHub } from "../../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { shortTiming } from "../../fault/crash-stage.ts";
import { type Death, MortalTransport, openMortalWorker } from "../../fault/mortal-worker.ts";
import type { Workload } from "../../fault/workload.ts";
import { type HubLocation, readHub } from "../hub-snapshot.ts";
import { SeededRandom } from "../seeded-random.ts";
import { EntityHistory } from "./entity-history.ts";
import type { EntityScenario, ScenarioAction, ScenarioStep } from "./entity-scenario.ts";
import { judgeScenario } from "./judge-scenario.ts";
import { act, haveEnded } from "./run-scenario.ts";
import { registerScenario } from "./scenario-functions.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLog };
/** A hub in which nothing changes for so long never comes to rest. A busy machine is slow, and not stuck. */
const patienceMs = 60_000;
const pollMs = 400;

export interface MortalRun {
  readonly violations: readonly string[];
  readonly hasDied: boolean;
}

/** Runs a scenario on a hub of its own, whose worker dies at one of its writes and is succeeded by another. */
export async function runScenarioOnAzurite(
  location: HubLocation,
  scenario: EntityScenario,
  seed: number,
): Promise<MortalRun> {
  const random = new SeededRandom(seed);
  const history = new EntityHistory();
  const { partitionCount } = shortTiming;
  const { store } = createAzureStorageTaskHub({ ...ports, ...location, partitionCount, workerId: "client" });
  const client = new TaskHubClient({ store, ...ports });
  const workload: Workload = {
    name: "scenario",
    register: (registry) => registerScenario(registry, history),
    prepare: async () => {},
    expected: [],
  };
  const transport = new MortalTransport(randomDeath(random));
  const common = { ...location, workload, ledger: [], isRepaired: () => false };
  const first = openMortalWorker({ ...common, workerId: "first", transport });
  const second = openMortalWorker({ ...common, workerId: "second", transport: new MortalTransport(undefined) });

  await store.createTaskHub();
  await first.start().catch(() => {});
  const actions = [...scenario.actions];
  let changedAt = performance.now();
  let seen = "";
  let isSucceeded = false;
  let isAtRest = false;
  while (!isAtRest && performance.now() < changedAt + patienceMs) {
    if (transport.isDead && !isSucceeded) {
      isSucceeded = true;
      void first.stop();
      await second.start();
    }
    if (actions.length > 0) {
      await act(client, history, actions.shift()!, actions.length);
      await systemClock.sleep(random.below(100));
      changedAt = performance.now();
    } else {
      const { messageCounts, rows } = await readHub(location);
      const found = JSON.stringify([...messageCounts, ...[...rows.values()].map((row) => row["LastUpdatedTime"])]);
      if (found !== seen) changedAt = performance.now();
      seen = found;
      isAtRest = messageCounts.size === 0 && (await haveEnded(client, scenario));
      if (!isAtRest) await systemClock.sleep(pollMs);
    }
  }
  const violations = await judgeScenario(scenario, history, (entity) => client.entities.get(entity));
  if (!isAtRest) violations.unshift("does not come to rest");
  if (violations.length > 0) violations.push(...transport.trace);
  await Promise.all([first.stop(), second.stop()]);
  await store.deleteTaskHub();
  return { violations, hasDied: transport.isDead };
}

/** Anywhere; after the commit of an entity and before its answer is sent; around the commit of an entity. */
function randomDeath(random: SeededRandom): Death {
  const when = random.pick(["before", "after"] as const);
  switch (random.pick(["anywhere", "answer", "commit"] as const)) {
    case "anywhere":
      return { step: 1 + random.below(60), when };
    case "answer":
      return { step: 1 + random.below(8), when, of: /^send EventRaised\(\*\) to caller/ };
    case "commit":
      return { step: 1 + random.below(8), when, of: /^write history of @/ };
  }
}

const mostCallers = 3;
const mostSteps = 4;
const slowness = 20;

/** Less of a scenario, for a hub on which time takes time. */
export function inRealTime({ kind, entities, actions }: EntityScenario): EntityScenario {
  const callers = actions.filter((action) => action.kind === "start").slice(0, mostCallers);
  const kept = actions.flatMap((action): readonly ScenarioAction[] => {
    if (action.kind === "signal") return [action];
    const isLeft = !callers.some(({ instanceId }) => instanceId === action.instanceId);
    if (isLeft) return [];
    return action.kind === "terminate" ? [action] : [{ ...action, steps: action.steps.slice(-mostSteps).map(hasten) }];
  });
  return { kind, entities, actions: kept };
}

function hasten(step: ScenarioStep): ScenarioStep {
  if (step.kind === "sleep") return { ...step, ms: step.ms / slowness };
  if (step.kind === "section") return { ...step, pauseMs: step.pauseMs / slowness };
  if (step.kind === "signal" && step.delayMs !== undefined) return { ...step, delayMs: step.delayMs / slowness };
  return step;
}
