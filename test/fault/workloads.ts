import type { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { entityWorkloads } from "./entity-workloads.ts";
import { managedWorkloads } from "./managed-workloads.ts";
import { recorded, type Workload } from "./workload.ts";

const start = (client: TaskHubClient, instanceId: string, name: string, input?: unknown): Promise<string> =>
  client.startInstance({ instanceId, name, input: input === undefined ? undefined : JSON.stringify(input) });

const chain: Workload = {
  name: "chain",
  register(registry, world) {
    registry.addActivity(recorded(world, "link", (n: number) => n + 1));
    registry.addOrchestration({
      name: "chain",
      *orchestrator(context, first: number) {
        let n = first;
        for (let step = 1; step <= 3; step++) {
          n = yield* context.callActivity<number>("link", n);
          context.setCustomStatus(`step ${step}`);
        }
        return n;
      },
    });
  },
  async prepare(client) {
    await start(client, "root", "chain", 1);
  },
  expected: [{ id: "root", name: "chain", status: "Completed", input: "1", output: "4", customStatus: '"step 3"' }],
};

function fanOut(width: number, limits: Pick<Workload, "sampleOf" | "visibilityTimeoutMs"> = {}): Workload {
  return {
    name: `fan-out ${width}`,
    register(registry, world) {
      registry.addActivity(recorded(world, `square of ${width}`, (n: number) => n * n));
      registry.addOrchestration({
        name: `fanOut${width}`,
        *orchestrator(context) {
          const tasks = Array.from({ length: width }, (_, n) => context.callActivity<number>(`square of ${width}`, n));
          const squares = yield* context.all(tasks);
          return squares.reduce((sum, square) => sum + square, 0);
        },
      });
    },
    async prepare(client) {
      await start(client, "root", `fanOut${width}`);
    },
    expected: [
      {
        id: "root",
        name: `fanOut${width}`,
        status: "Completed",
        input: undefined,
        output: String(((width - 1) * width * (2 * width - 1)) / 6),
      },
    ],
    ...limits,
  };
}

const tree: Workload = {
  name: "tree",
  register(registry, world) {
    registry.addActivity(recorded(world, "grow", (what: string) => `${what} has grown`));
    registry.addOrchestration({
      name: "leaf",
      *orchestrator(context, what: string) {
        context.setCustomStatus("growing");
        return yield* context.callActivity<string>("grow", what);
      },
    });
    registry.addOrchestration({
      name: "branch",
      *orchestrator(context) {
        return yield* context.callSubOrchestrator<string>("leaf", "a leaf with a generated id");
      },
    });
    registry.addOrchestration({
      name: "moody",
      *orchestrator(context, attempt: number) {
        yield context.callActivity("grow", `attempt ${attempt}`);
        if (attempt === 1) throw new Error("not today");
        return "well then";
      },
    });
    registry.addOrchestration({
      name: "tree",
      *orchestrator(context) {
        context.startNewOrchestration("leaf", "a detached leaf", { instanceId: "detached" });
        const branch = context.callSubOrchestrator<string>("branch", undefined, "branch");
        const moods: string[] = [];
        for (const attempt of [1, 2]) {
          try {
            moods.push(yield* context.callSubOrchestrator<string>("moody", attempt, "moody"));
          } catch {
            moods.push("failed");
            yield context.createTimer({ milliseconds: 100 });
          }
        }
        return [yield* branch, ...moods];
      },
    });
  },
  async prepare(client) {
    await start(client, "root", "tree");
  },
  expected: [
    {
      id: "root",
      name: "tree",
      status: "Completed",
      input: undefined,
      output: '["a leaf with a generated id has grown","failed","well then"]',
    },
    {
      id: "branch",
      name: "branch",
      status: "Completed",
      input: undefined,
      output: '"a leaf with a generated id has grown"',
    },
    {
      name: "leaf",
      status: "Completed",
      input: '"a leaf with a generated id"',
      output: '"a leaf with a generated id has grown"',
      customStatus: '"growing"',
    },
    {
      id: "detached",
      name: "leaf",
      status: "Completed",
      input: '"a detached leaf"',
      output: '"a detached leaf has grown"',
      customStatus: '"growing"',
    },
    { id: "moody", name: "moody", status: "Completed", input: "2", output: '"well then"' },
  ],
};

const race: Workload = {
  name: "event vs timer",
  register(registry, world) {
    registry.addActivity(recorded(world, "knock", (whom: string) => whom));
    registry.addOrchestration({
      name: "waiter",
      *orchestrator(context, patienceMs: number) {
        const timer = context.createTimer({ milliseconds: patienceMs });
        const event = context.waitForExternalEvent<string>("knock");
        const winner = yield* context.any([event, timer]);
        return winner === event ? yield* event : "nobody came";
      },
    });
    registry.addOrchestration({
      name: "visitor",
      *orchestrator(context) {
        const whom = yield* context.callActivity<string>("knock", "visited");
        context.sendEvent(whom, "knock", "it is me");
        return whom;
      },
    });
  },
  async prepare(client) {
    await start(client, "visited", "waiter", 8000);
    await start(client, "lonely", "waiter", 300);
    await start(client, "visitor", "visitor");
  },
  expected: [
    // After a death the timer may be the first to be there.
    { id: "visited", name: "waiter", status: "Completed", input: "8000", output: /^"(it is me|nobody came)"$/ },
    { id: "lonely", name: "waiter", status: "Completed", input: "300", output: '"nobody came"' },
    { id: "visitor", name: "visitor", status: "Completed", input: undefined, output: '"visited"' },
  ],
};

const generations = 5;

/** All events are there from the start, so that the last generation begins and ends in one checkpoint. */
const eternal: Workload = {
  name: "continue as new",
  register(registry, world) {
    registry.addActivity(recorded(world, "age", (generation: number) => generation + 1));
    registry.addOrchestration({
      name: "eternal",
      *orchestrator(context, { generation, seen }: { generation: number; seen: string }) {
        const event = yield* context.waitForExternalEvent<string>("day");
        context.setCustomStatus(`generation ${generation}`);
        if (generation === generations) return seen + event;
        const next = yield* context.callActivity<number>("age", generation);
        context.continueAsNew({ generation: next, seen: seen + event });
        return undefined;
      },
    });
  },
  async prepare(client) {
    await start(client, "root", "eternal", { generation: 1, seen: "" });
    for (const day of ["a", "b", "c", "d", "e"]) await client.raiseEvent("root", "day", JSON.stringify(day));
  },
  expected: [
    {
      id: "root",
      name: "eternal",
      status: "Completed",
      input: '{"generation":5,"seen":"abcd"}',
      output: '"abcde"',
      customStatus: '"generation 5"',
    },
  ],
};

export const workloads: readonly Workload[] = [
  chain,
  fanOut(10),
  fanOut(250, { sampleOf: 8, visibilityTimeoutMs: 12_000 }),
  tree,
  race,
  eternal,
  ...entityWorkloads,
  ...managedWorkloads,
];

export function findWorkload(name: string): Workload {
  const found = workloads.find((workload) => workload.name === name);
  if (found !== undefined) return found;
  throw new Error(`no workload "${name}"; there are ${workloads.map((workload) => workload.name).join(", ")}`);
}
