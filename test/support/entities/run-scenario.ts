import { isDurableError } from "../../../src/core/errors.ts";
import { isTerminalStatus } from "../../../src/core/orchestration-status.ts";
import type { Backend } from "../../../src/engine/backend.ts";
import type { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import {
  type BackendFault,
  type FaultyOperation,
  lockLost,
  withBackendFaults,
} from "../../../src/testing/with-backend-faults.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { SeededRandom } from "../seeded-random.ts";
import { SettledMessages } from "./decorated-backend.ts";
import { EntityHistory } from "./entity-history.ts";
import type { EntityScenario, ScenarioAction } from "./entity-scenario.ts";
import { judgeScenario } from "./judge-scenario.ts";
import { registerScenario } from "./scenario-functions.ts";

const maxSteps = 20_000;

/**
 * Runs a scenario on a task hub in memory, with two workers that meet faults, and are killed and replaced.
 *
 * @param plant a fault of the engine, to be found out
 * @returns violations
 */
export async function runScenario(
  scenario: EntityScenario,
  seed: number,
  plant: (backend: Backend, random: SeededRandom) => Backend = (backend) => backend,
): Promise<readonly string[]> {
  const random = new SeededRandom(seed);
  const history = new EntityHistory();
  const registry = new Registry();
  registerScenario(registry, history);
  await using hub = new VirtualHub();
  const { client } = hub;

  let faults = 4 + random.below(16);
  const settled = new SettledMessages();
  const shared = plant(settled.observe(hub.backend), random);
  const startWorker = async () => {
    const life = { isOver: false };
    const faulty = withBackendFaults(shared, (operation) => {
      if (life.isOver) return dead;
      if (faults === 0 || !random.chance(0.25)) return undefined;
      const fault = randomFault(operation, random);
      if (fault !== undefined) faults--;
      return fault;
    });
    const limits = {
      maxConcurrentOrchestrations: 3,
      maxConcurrentEntities: 3,
      maxEntityOperations: random.pick([1, 2, 5000]),
    };
    return {
      worker: await hub.startWorker({ registries: [registry], backend: settled.leaveOut(faulty), ...limits }),
      life,
    };
  };
  const workers = [await startWorker(), await startWorker()];

  const actions = [...scenario.actions];
  for (let step = 0; step < maxSteps; step++) {
    await hub.settle();
    if (actions.length === 0 && (await haveEnded(client, scenario))) {
      faults = 0;
      await hub.advance("1h");
      return judgeScenario(scenario, history, (entity) => client.entities.get(entity));
    }
    if (faults > 0 && random.chance(0.04)) {
      // As after SIGKILL: what it held comes back when its locks run out.
      const [killed] = workers.splice(random.below(workers.length), 1);
      killed!.life.isOver = true;
      void killed!.worker.stop();
      faults--;
      workers.push(await startWorker());
    }
    if (actions.length > 0 && random.chance(0.5)) await act(client, history, actions.shift()!, actions.length);
    hub.step(1000);
  }
  return [`hangs: ${JSON.stringify((await client.queryInstances({})).instances)}`];
}

/** What comes from outside. @param number tells client signals apart */
export async function act(
  client: TaskHubClient,
  history: EntityHistory,
  action: ScenarioAction,
  number: number,
): Promise<void> {
  switch (action.kind) {
    case "start":
      await client.startInstance({
        name: "caller",
        instanceId: action.instanceId,
        input: JSON.stringify(action.steps),
      });
      return;
    case "terminate":
      history.terminate(action.instanceId);
      // It may have ended.
      return await client.terminate(action.instanceId, "enough").catch((error) => {
        if (!isDurableError(error, "InstanceNotActive")) throw error;
      });
    case "signal": {
      const { entity, operation, input } = action;
      const call = { entity, operation, ...(input !== undefined && { input }) };
      history.ask(`client ${number}`, { ...call, caller: "client", order: undefined, section: undefined });
      return await client.entities.signal(entity, { operation, input: JSON.stringify(input) });
    }
  }
}

/** @throws Error when one has failed, which no scenario asks for */
export async function haveEnded(client: TaskHubClient, { actions }: EntityScenario): Promise<boolean> {
  for (const action of actions) {
    if (action.kind !== "start") continue;
    const { runtimeStatus, output } = (await client.getInstance(action.instanceId))!;
    if (runtimeStatus === "Failed") throw new Error(`${action.instanceId} has failed: ${output}`);
    if (!isTerminalStatus(runtimeStatus)) return false;
  }
  return true;
}

const dead: BackendFault = { when: "before", error: new Error("this worker was killed") };

const completionFaults = ["before", "after", "messagesSent", "historyWritten"] as const;

function randomFault(operation: FaultyOperation, random: SeededRandom): BackendFault | undefined {
  const error = random.chance(0.3) ? lockLost() : new Error("connection reset");
  switch (operation) {
    case "fetchOrchestrationWorkItem":
    case "fetchEntityWorkItem":
      return random.chance(0.6) ? { when: "repeated" } : undefined;
    case "completeOrchestrationWorkItem":
      return { when: random.pick(completionFaults), error };
    case "loadHistory":
    case "renewOrchestrationWorkItem":
    case "abandonOrchestrationWorkItem":
      return { when: random.pick(["before", "after"]), error };
    default:
      return undefined;
  }
}
