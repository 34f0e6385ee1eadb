import { EntityId } from "../../src/core/entity-id.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import type { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { ActivityContext } from "../../src/worker/activity-context.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import type { Registry } from "../../src/worker/registry.ts";

/** Orchestrations whose outputs follow from their inputs alone, whatever happens to the workers that run them. */
export interface ChaosWorkload {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: what `yield` hands back is typed by each orchestration.
  orchestrator(context: OrchestrationContext, input: any): Generator<unknown, unknown, any>;
  /** JSON. */
  output(n: number): unknown;
  /** Ids of the other instances and entities that it leaves behind. */
  others?(id: string, n: number): readonly string[];
  /** What others do for it from outside, right after its start. */
  help?(client: TaskHubClient, id: string, n: number): Promise<void>;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const range = (length: number) => Array.from({ length }, (_, index) => index);
/** Of all instances that signal it. */
const sharedCounters = 8;
export const sharedCounterOf = (n: number): EntityId => new EntityId("counter", `shared-${n % sharedCounters}`);

// biome-ignore lint/suspicious/noExplicitAny: see above.
function* sequence(context: OrchestrationContext, n: number): Generator<unknown, number, any> {
  let value = n;
  for (let step = 0; step < 4; step++) value = yield* context.callActivity<number>("add", [value, step]);
  return value;
}

export const chaosWorkloads: readonly ChaosWorkload[] = [
  { name: "sequence", orchestrator: sequence, output: (n) => n + 6 },
  {
    name: "fanOut",
    *orchestrator(context, n: number) {
      const tasks = range(12).map((index) => context.callActivity<number>("add", [n, index]));
      return sum(yield* context.all(tasks));
    },
    output: (n) => 12 * n + 66,
  },
  {
    name: "children",
    *orchestrator(context, n: number) {
      const start = (index: number) =>
        context.callSubOrchestrator<number>("sequence", n + index, { instanceId: `${context.instanceId}-${index}` });
      return sum(yield* context.all(range(3).map(start)));
    },
    output: (n) => 3 * n + 21,
    others: (id) => range(3).map((index) => `${id}-${index}`),
  },
  {
    name: "timers",
    *orchestrator(context, n: number) {
      const timers = range(3).map((index) => context.createTimer({ milliseconds: 500 + 1500 * index }));
      yield context.all(timers);
      return yield* context.callActivity<number>("add", [n, 1]);
    },
    output: (n) => n + 1,
  },
  {
    name: "events",
    *orchestrator(context) {
      const first = yield* context.waitForExternalEvent<number>("first");
      const more: number[] = [];
      for (let index = 0; index < 3; index++) more.push(yield* context.waitForExternalEvent<number>("more"));
      return [first, ...more];
    },
    output: (n) => [n, 0, 1, 2],
    async help(client, id, n) {
      for (let index = 0; index < 3; index++) await client.raiseEvent(id, "more", String(index));
      await client.raiseEvent(id, "first", String(n));
    },
  },
  {
    name: "entities",
    *orchestrator(context, n: number) {
      const own = new EntityId("counter", `of-${context.instanceId}`);
      for (let index = 0; index < 3; index++) context.signalEntity(own, "add", 1);
      context.signalEntity(sharedCounterOf(n), "add", 1);
      const lock = yield* context.lock(own);
      const before = yield* context.callEntity<number>(own, "add", n);
      lock.release();
      return [before, yield* context.callEntity<number>(own, "add", 0)];
    },
    output: (n) => [3 + n, 3 + n],
    others: (id, n) => [new EntityId("counter", `of-${id}`).toString(), sharedCounterOf(n).toString()],
  },
  {
    name: "eternal",
    *orchestrator(context, input: number | Eternal) {
      const { n, round, total } = typeof input === "number" ? { n: input, round: 0, total: 0 } : input;
      const next = yield* context.callActivity<number>("add", [total, n]);
      if (round === 4) return next;
      context.continueAsNew({ n, round: round + 1, total: next });
      return undefined;
    },
    output: (n) => 5 * n,
  },
  {
    name: "retries",
    *orchestrator(context, n: number) {
      const retry = { maxAttempts: 4, firstInterval: "1s" } as const;
      return yield* context.callActivity<number>("flaky", n, { retry });
    },
    output: (n) => n,
  },
  {
    name: "races",
    *orchestrator(context, n: number) {
      const slow = context.callActivity("wait", 60_000);
      const quick = context.callActivity<number>("add", [n, 1]);
      yield context.any([slow, quick]);
      return yield* quick;
    },
    output: (n) => n + 1,
  },
];

interface Eternal {
  readonly n: number;
  readonly round: number;
  readonly total: number;
}

/** As long as the work of an activity takes. */
const workMs = (n: number) => 20 + ((n * 37) % 400);

export function registerChaos(registry: Registry): void {
  for (const { name, orchestrator } of chaosWorkloads) registry.addOrchestration({ name, orchestrator });
  registry.addActivity({
    name: "add",
    activity: async ([left, right]: readonly [number, number]) => {
      await systemClock.sleep(workMs(left + right));
      return left + right;
    },
  });
  registry.addActivity({
    name: "flaky",
    activity: async (n: number, { attempt }: ActivityContext) => {
      await systemClock.sleep(workMs(n));
      if (attempt < 3) throw new Error(`not at attempt ${attempt}`);
      return n;
    },
  });
  registry.addActivity({
    name: "wait",
    activity: async (ms: number, { signal }: ActivityContext) => {
      await systemClock.sleep(ms, signal);
      signal.throwIfAborted();
    },
  });
  registry.addEntity({
    name: "counter",
    entity(context: EntityContext<number>) {
      const total = context.getState(() => 0) + context.getInput<number>();
      context.setState(total);
      return total;
    },
  });
}
