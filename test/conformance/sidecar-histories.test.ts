import { afterAll, beforeAll, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { TaskExecutor } from "../../src/core/task-executor.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { registerActivities } from "../../src/testing/behaviours/activities.ts";
import type { Behaviour } from "../../src/testing/behaviours/behaviour.ts";
import { registerHelpers } from "../../src/testing/behaviours/children.ts";
import { registerEntities } from "../../src/testing/behaviours/entities.ts";
import { behaviours } from "../../src/testing/behaviours/index.ts";
import { styles } from "../../src/testing/behaviours/styles.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { serveThroughSidecar } from "../support/served-hub.ts";

interface Way {
  readonly hub: MemoryTaskHub;
  readonly client: OrchestrationClient;
  stop(): Promise<void>;
}

async function serveInProcess(hub: MemoryTaskHub, executor: TaskExecutor) {
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const worker = new TaskHubWorker({ ...ports, backend: hub, store: hub, executor });
  await worker.start();
  return { client: new TaskHubClient({ ...ports, store: hub }), stop: () => worker.stop() };
}

async function open(serve: (hub: MemoryTaskHub, executor: TaskExecutor) => Promise<Omit<Way, "hub">>): Promise<Way> {
  const hub = new MemoryTaskHub({ clock: systemClock });
  const registry = new Registry();
  registerActivities(registry);
  registerHelpers(registry);
  registerEntities(registry);
  for (const behaviour of behaviours) {
    for (const style of styles) {
      registry.addOrchestration({ name: `${behaviour.name} (${style})`, orchestrator: behaviour[style] });
    }
  }
  return { hub, ...(await serve(hub, new InProcessExecutor({ registries: [registry], clock: systemClock }))) };
}

let inProcess: Way;
let remote: Way;

beforeAll(async () => {
  inProcess = await open(serveInProcess);
  remote = await open((hub, executor) => serveThroughSidecar({ backend: hub, store: hub }, executor));
});

afterAll(async () => {
  await remote?.stop();
  await inProcess?.stop();
});

/** The stored events of one run, without what differs from run to run. */
async function historyOf({ hub, client }: Way, behaviour: Behaviour, style: string): Promise<readonly string[]> {
  const { version, tags } = behaviour;
  const input = behaviour.input === undefined ? undefined : JSON.stringify(behaviour.input);
  const instanceId = await client.startInstance({ name: `${behaviour.name} (${style})`, input, version, tags });
  await behaviour.drive?.(client, instanceId);
  await client.waitForInstance(instanceId, "ended");
  const history = (await hub.getHistory(instanceId)) ?? [];
  const isLate = ({ type }: HistoryEvent) => endsInARace.has(behaviour.name) && answers.has(type);
  return history.flatMap((event) => (isLate(event) ? [] : tell(event, instanceId))).sort();
}

/** They end while answers are still on their way: which of those come in time differs from run to run. */
const endsInARace = new Set(["gives up waiting for a slow activity", "fails with a failure in parallel"]);
const answers: ReadonlySet<string> = new Set(["TaskCompleted", "TaskFailed", "TimerFired"]);

/** How many episodes there were, and in which order answers came, is a matter of time. */
function tell(event: HistoryEvent, instanceId: string): string[] {
  if (event.type === "OrchestratorStarted" || event.type === "OrchestratorCompleted") return [];
  const text = JSON.stringify(event, (key, value: unknown) => (key === "stackTrace" ? undefined : value));
  return [
    text
      // Where the code of an entity stood, in the text of its answer.
      .replace(/\\"StackTrace\\":\\"(?:[^"\\]|\\\\.)*?\\"/g, "")
      .replaceAll(instanceId, "<instance>")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<guid>")
      .replace(/[0-9a-f]{32}/g, "<id>"),
  ];
}

// At the same time, as the longest of them wait.
it.concurrent.each(
  behaviours.flatMap((behaviour) => styles.map((style) => [behaviour.name, style, behaviour] as const)),
)("%s (%s): the history is the one that the engine writes for code in its own process", async (_, style, behaviour) => {
  const [there, here] = await Promise.all([
    historyOf(remote, behaviour, style),
    historyOf(inProcess, behaviour, style),
  ]);

  expect(there).toEqual(here);
});
