import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { silentLog } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { Backend, TaskHubStore } from "../engine/backend.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import type { Orchestrator } from "../orchestration/orchestrator.ts";
import { InProcessExecutor, type InProcessExecutorOptions } from "../worker/in-process-executor.ts";
import { Registry } from "../worker/registry.ts";
import { registerActivities } from "./behaviours/activities.ts";
import type { Behaviour } from "./behaviours/behaviour.ts";
import { registerHelpers } from "./behaviours/children.ts";
import { registerEntities } from "./behaviours/entities.ts";
import { behaviours } from "./behaviours/index.ts";
import { registerRewound, rewoundOutputs } from "./behaviours/rewound.ts";
import { styles } from "./behaviours/styles.ts";

/** A fresh, empty task hub. */
export interface TaskHubUnderTest {
  /** Not started. */
  readonly backend: Backend;
  /** What clients of the hub need. */
  readonly store: TaskHubStore;
  /** Deletes the hub and closes everything that was opened. */
  close(): Promise<void>;
  /**
   * Runs user code for the hub, and reaches it as a client.
   *
   * @param options what the executor is made of, for those who run the code by themselves
   * @defaultValue both in this process, on backend and store
   */
  serve?(executor: TaskExecutor, options: InProcessExecutorOptions): Promise<ServedTaskHub>;
}

/** What the suite leaves out. */
export interface TaskHubSuiteOptions {
  /** What cannot be had there, by the name of its test, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

/** A task hub whose work is done. */
export interface ServedTaskHub {
  /** Reaches the hub. */
  readonly client: OrchestrationClient;
  /** Ends what does the work; the hub stays. */
  stop(): Promise<void>;
}

/**
 * What orchestrations must do on every backend, whatever the style of their code: each behaviour runs as a generator, as
 * an async function and as an async generator, and all three must decide the same.
 */
export function describeTaskHub(
  name: string,
  open: () => Promise<TaskHubUnderTest>,
  { without = {} }: TaskHubSuiteOptions = {},
): void {
  const titleOf = (test: string) => (Object.hasOwn(without, test) ? `${test} (not here: ${without[test]})` : test);
  const has = (test: string) => !Object.hasOwn(without, test);
  describe(`task hub: ${name}`, () => {
    let hub: TaskHubUnderTest;
    let served: ServedTaskHub;
    let client: OrchestrationClient;
    const fixed = new Set<string>();
    const logged: unknown[][] = [];

    beforeAll(async () => {
      hub = await open();
      const registry = new Registry();
      registerActivities(registry);
      registerHelpers(registry);
      registerEntities(registry);
      registerManaged(registry);
      registerRewound(registry, fixed);
      for (const behaviour of behaviours) {
        for (const style of styles) {
          registry.addOrchestration({ name: `${behaviour.name} (${style})`, orchestrator: behaviour[style] });
        }
      }
      served = await serve(hub, {
        registries: [registry],
        clock: systemClock,
        log: (_level, id, _name, args) => logged.push([id, ...args]),
      });
      client = served.client;
    });

    afterAll(async () => {
      await served?.stop();
      await hub?.close();
    });

    const does = (test: string, check: () => Promise<void>) => it.runIf(has(test))(titleOf(test), check);

    for (const behaviour of behaviours) does(behaviour.name, () => judge(behaviour));

    async function judge(behaviour: Behaviour): Promise<void> {
      const runs = await Promise.all(styles.map((style) => runBehaviour(client, behaviour, style)));

      for (const run of runs) expect(run.state).toMatchObject(behaviour.expected);
      for (const run of runs) expect(run.decisions).toEqual(runs[0]!.decisions);
    }

    it("starts an instance again once it has ended, and not before", async () => {
      const instanceId = `again-${systemRandom.guid()}`;
      const start = () => client.startInstance({ instanceId, name: "waits for an event (async)" });
      await start();

      await expect(start()).rejects.toMatchObject({ code: "InstanceAlreadyExists" });
      await client.terminate(instanceId, "make room");
      const first = await waitUntilEnded(client, instanceId);
      await start();
      await client.raiseEvent(instanceId, "go", '"second"');
      const second = await waitUntilEnded(client, instanceId);

      expect(first).toMatchObject({ runtimeStatus: "Terminated", output: "make room" });
      expect(second).toMatchObject({ runtimeStatus: "Completed", output: '"second"' });
      expect(second.createdTime.getTime()).toBeGreaterThan(first.createdTime.getTime());
    });

    for (const [orchestration, output] of rewoundOutputs) {
      does(`rewinds a failed instance that ${orchestration}`, async () => {
        const cause = `cause-${systemRandom.guid()}`;
        const instanceId = await client.startInstance({ name: orchestration, input: JSON.stringify(cause) });
        const failed = await waitUntilEnded(client, instanceId);

        fixed.add(cause);
        let ended = failed;
        // Again, because a task that was under way at the rewind may still tell of the failure from before the fix.
        for (let rewinds = 0; ended.output?.includes("is not fixed") && rewinds < 4; rewinds++) {
          await client.rewind(instanceId, "the cause is fixed");
          ended = await waitUntilEnded(client, instanceId);
        }

        expect(failed).toMatchObject({ runtimeStatus: "Failed" });
        expect(ended).toMatchObject({ runtimeStatus: "Completed", output });
      });
    }

    does("rewinds an instance again that has failed again, and shows no old failure meanwhile", async () => {
      const causes = [1, 2].map((step) => `cause-${step}-${systemRandom.guid()}`);
      const instanceId = await client.startInstance({ name: "needs two fixes", input: JSON.stringify(causes) });
      const failures = [await waitUntilEnded(client, instanceId)];
      await client.rewind(instanceId, "a try");
      failures.push(await waitUntilEnded(client, instanceId));
      fixed.add(causes[0]!);
      await client.rewind(instanceId, "one is fixed");
      failures.push(await waitUntilEnded(client, instanceId));
      fixed.add(causes[1]!);
      await client.rewind(instanceId, "both are fixed");
      await waitFor(client, instanceId, ({ customStatus }) => customStatus === '"waits"');
      const waiting = await client.getInstance(instanceId);
      await client.raiseEvent(instanceId, "go", undefined);

      const texts = failures.map(({ runtimeStatus, output }) => `${runtimeStatus} ${output}`);
      for (const [index, cause] of [causes[0], causes[0], causes[1]].entries()) {
        expect(texts[index]).toContain(`${cause} is not fixed`);
      }
      expect(waiting).toMatchObject({ output: undefined, completedTime: undefined });
      expect(await waitUntilEnded(client, instanceId)).toMatchObject({ runtimeStatus: "Completed", output: '"done"' });
    });

    it("restarts an instance under its own id and under a new one", async () => {
      const instanceId = await client.startInstance({ name: "runs a sequence of activities (generator)" });
      const first = await waitUntilEnded(client, instanceId);

      const anotherId = await client.restart(instanceId, { restartWithNewInstanceId: true });
      const another = await waitUntilEnded(client, anotherId);
      await client.restart(instanceId, { restartWithNewInstanceId: false });
      const again = await waitFor(
        client,
        instanceId,
        (state) => state.createdTime > first.createdTime && isTerminalStatus(state.runtimeStatus),
      );

      expect(anotherId).not.toBe(instanceId);
      expect([first.output, another.output, again.output]).toEqual([first.output, first.output, first.output]);
    });

    it("logs each line of an orchestration once", async () => {
      const instanceId = await client.startInstance({ name: "logs" });
      await waitUntilEnded(client, instanceId);

      expect(logged.filter(([id]) => id === instanceId).map(([, text]) => text)).toEqual(["before", "after"]);
    });

    it.runIf(has(codeChange))(titleOf(codeChange), async () => {
      const shared = await open();
      const startWorker = async (orchestrator: Orchestrator) => {
        const registry = new Registry();
        registerActivities(registry);
        registry.addOrchestration({ name: "changed", orchestrator });
        return serve(shared, { registries: [registry], clock: systemClock });
      };
      const before = await startWorker(function* (ctx) {
        const first = yield* ctx.callActivity("echo", "old");
        return [first, yield* ctx.waitForExternalEvent("go")];
      });
      const oldId = await before.client.startInstance({ name: "changed" });
      await waitForHistory(before.client, oldId, "TaskCompleted");
      await before.stop();

      const after = await startWorker(function* (ctx) {
        const first = yield* ctx.callActivity("echo", ctx.patched("new way") ? "new" : "old");
        return [first, yield* ctx.waitForExternalEvent("go")];
      });
      const newId = await after.client.startInstance({ name: "changed" });
      for (const id of [oldId, newId]) await after.client.raiseEvent(id, "go", "1");
      const outputs = [await waitUntilEnded(after.client, oldId), await waitUntilEnded(after.client, newId)];
      await after.stop();
      await shared.close();

      expect(outputs.map(({ output }) => output)).toEqual(['["old",1]', '["new",1]']);
    });

    it("refuses events to unknown and to ended instances", async () => {
      const instanceId = await client.startInstance({ name: "runs a sequence of activities (generator)" });
      await waitUntilEnded(client, instanceId);

      await expect(client.raiseEvent("nobody", "go", undefined)).rejects.toMatchObject({ code: "InstanceNotFound" });
      await expect(client.raiseEvent(instanceId, "go", undefined)).rejects.toMatchObject({ code: "InstanceNotActive" });
    });

    it("holds a suspended instance back until it is resumed", async () => {
      const instanceId = await client.startInstance({ name: "waits for an event (async)" });
      await waitFor(client, instanceId, (state) => state.runtimeStatus === "Running");

      await client.suspend(instanceId, "pause");
      await waitFor(client, instanceId, (state) => state.runtimeStatus === "Suspended");
      const suspended = await hub.store.getInstance(instanceId);
      await client.raiseEvent(instanceId, "go", '"resumed"');
      await client.resume(instanceId, "go on");
      const ended = await waitUntilEnded(client, instanceId);

      expect(suspended?.output).toBe("pause");
      expect(ended).toMatchObject({ runtimeStatus: "Completed", output: '"resumed"' });
    });
  });
}

async function serve(hub: TaskHubUnderTest, options: InProcessExecutorOptions): Promise<ServedTaskHub> {
  const executor = new InProcessExecutor(options);
  return hub.serve === undefined ? serveInProcess(hub, executor) : hub.serve(executor, options);
}

/** A worker and a client in this process, on backend and store. */
export async function serveInProcess(
  hub: Pick<TaskHubUnderTest, "backend" | "store">,
  executor: TaskExecutor,
): Promise<ServedTaskHub> {
  const { backend, store } = hub;
  const worker = new TaskHubWorker({ backend, store, executor, clock: systemClock, log: silentLog });
  await worker.start();
  const client = new TaskHubClient({ store: hub.store, clock: systemClock, random: systemRandom });
  return { client, stop: () => worker.stop() };
}

const codeChange = "takes an instance the way its code was when it came there, and a new one the new way";

/** Orchestrations for the tests that manage instances. */
function registerManaged(registry: Registry): void {
  registry.addOrchestration({
    name: "logs",
    *orchestrator(ctx) {
      ctx.log("before");
      yield ctx.callActivity("nothing");
      yield ctx.callActivity("nothing");
      ctx.log("after");
    },
  });
}

async function waitForHistory(
  client: OrchestrationClient,
  instanceId: string,
  type: HistoryEvent["type"],
): Promise<void> {
  const deadline = systemClock.now() + waitMs;
  while (systemClock.now() < deadline) {
    const history = (await client.getHistory(instanceId)) ?? [];
    if (history.some((event) => event.type === type)) return;
    await systemClock.sleep(25);
  }
  throw new Error(`the history of '${instanceId}' got no ${type} within ${waitMs} ms`);
}

interface BehaviourRun {
  readonly state: OrchestrationState;
  /** The recorded actions, which must not depend on the style. */
  readonly decisions: readonly unknown[];
}

async function runBehaviour(client: OrchestrationClient, behaviour: Behaviour, style: string): Promise<BehaviourRun> {
  const input = behaviour.input === undefined ? undefined : JSON.stringify(behaviour.input);
  const { version, tags } = behaviour;
  const instanceId = await client.startInstance({ name: `${behaviour.name} (${style})`, input, version, tags });
  await behaviour.drive?.(client, instanceId);
  const state = await waitUntilEnded(client, instanceId);
  const history = (await client.getHistory(instanceId)) ?? [];
  return { state, decisions: history.flatMap(describeDecision).toSorted((a, b) => a.id - b.id) };
}

function describeDecision(event: HistoryEvent): { readonly id: number; readonly what: string }[] {
  switch (event.type) {
    case "TaskScheduled":
    case "SubOrchestrationInstanceCreated":
    case "EventSent":
      return [{ id: event.eventId, what: `${event.type} ${event.name}`.replace(/ \(.*\)$|@.*$/, "") }];
    case "TimerCreated":
    case "ExecutionCompleted":
      return [{ id: event.eventId, what: event.type }];
    default:
      return [];
  }
}

const waitMs = 50_000;

/** Polls the status until it fits. */
async function waitFor(
  client: OrchestrationClient,
  instanceId: string,
  fits: (state: OrchestrationState) => boolean,
): Promise<OrchestrationState> {
  const deadline = systemClock.now() + waitMs;
  let state: OrchestrationState | undefined;
  while (systemClock.now() < deadline) {
    state = await client.getInstance(instanceId);
    if (state !== undefined && fits(state)) return state;
    await systemClock.sleep(25);
  }
  throw new Error(`the instance '${instanceId}' did not get there within ${waitMs} ms; it is ${JSON.stringify(state)}`);
}

/** Waits until the instance has ended. */
export function waitUntilEnded(client: OrchestrationClient, instanceId: string): Promise<OrchestrationState> {
  return waitFor(client, instanceId, (state) => isTerminalStatus(state.runtimeStatus));
}
