import { MemoryTaskHub } from "../../backends/memory/memory-task-hub.ts";
import type { TargetInput, TargetOutput } from "../../client/target-types.ts";
import { DurableError } from "../../core/errors.ts";
import type { Tags } from "../../core/history-event.ts";
import { assertOptions, type OptionKinds } from "../../core/option-names.ts";
import { type DataConverter, jsonDataConverter } from "../../core/payloads/data-converter.ts";
import type { LogSink } from "../../core/ports.ts";
import { parseTimeSpan, type TimeSpanInput } from "../../core/time-span.ts";
import { TaskHubClient } from "../../engine/task-hub-client.ts";
import type { DurableClient } from "../../functions/durable-client.ts";
import type { ClientConnection } from "../../functions/embedded-host.ts";
import { describeWaits } from "../../management/instance-waits.ts";
import { createStartChecks, type StartChecks } from "../../management/start-checks.ts";
import type { EntityHandle } from "../../orchestration/entity-handle.ts";
import type { CallArguments } from "../../orchestration/orchestration-context.ts";
import type { OrchestrationTarget } from "../../portable/orchestration-context.ts";
import type { Registry } from "../../worker/registry.ts";
import { describeStandstill } from "../standstill.ts";
import { SteppedClock } from "../stepped-clock.ts";
import type { ActivityCall, CallOf } from "./activity-call.ts";
import { ActivityRuns } from "./activity-runs.ts";
import { seatApp } from "./app-seats.ts";
import { createFakeTransport } from "./fake-http.ts";
import { HubHost } from "./hub-host.ts";
import { HubTime } from "./hub-time.ts";
import { Injections } from "./injections.ts";
import { activityNameOf, orchestrationNameOf, type Replacement, type TestedActivity } from "./replacement.ts";
import { RunOperations } from "./run-operations.ts";
import { createSeededIds } from "./seeded-ids.ts";
import { settle } from "./settling.ts";
import type { ResolvedTestHubOptions } from "./test-hub-options.ts";
import { type TestLogLine, TestLogs } from "./test-logs.ts";
import { TestRun } from "./test-run.ts";
import { type EntityStateOf, openTestedEntity, readEntityState, type TestedEntity } from "./tested-entity.ts";
import type { TestedFunctions } from "./tested-functions.ts";
import { WatchedRegistry } from "./watched-registry.ts";
import { WorkMeter } from "./work-meter.ts";

/** How an instance is started on a test hub. */
export interface TestStartOptions {
  /** @defaultValue an id made of the seed */
  readonly instanceId?: string | undefined;
  /** @defaultValue the version of the app */
  readonly version?: string | undefined;
  /** Kept with the instance. */
  readonly tags?: Tags | undefined;
  /** Not before this time. @defaultValue at once */
  readonly scheduledStartTime?: Date | undefined;
}

/** Until when time passes, besides a condition. */
export interface RunUntilOptions {
  /** The name of an event, activity, sub-orchestration or entity that the instance waits for; or `"timer"` or `"lock"`. */
  readonly waitsFor: string | { readonly name: string };
}

const startKinds: OptionKinds<TestStartOptions> = {
  instanceId: "any",
  version: "text",
  tags: "tags",
  scheduledStartTime: "date",
};

const maxWarnings = 5;

/**
 * An app in memory, on a clock that skips what nobody needs: made by {@link createTestHub}.
 *
 * Whatever can happen without time happens by itself. Time passes only while a test waits for a result, or says so: by
 * {@link advance} and {@link runUntil}.
 */
export class TestHub implements AsyncDisposable {
  /** What goes wrong, from now on. */
  readonly inject: Injections;
  readonly #clock: SteppedClock;
  readonly #backend: MemoryTaskHub;
  readonly #client: TaskHubClient;
  readonly #meter = new WorkMeter();
  readonly #runs: ActivityRuns;
  readonly #logs: TestLogs;
  readonly #host: HubHost;
  readonly #time: HubTime;
  readonly #operations: RunOperations;
  readonly #registries: readonly Registry[];
  readonly #checks: StartChecks;
  readonly #connection: ClientConnection;
  readonly #leaveApps: (() => void)[];
  readonly #options: ResolvedTestHubOptions;
  /** The last warnings and errors: why nothing happens may stand in them. */
  readonly #warnings: string[] = [];
  #started: Promise<void> | undefined;

  constructor(functions: TestedFunctions, options: ResolvedTestHubOptions) {
    this.#options = options;
    const clock = new SteppedClock(options.startAt);
    const now = () => new Date(clock.now());
    this.#clock = clock;
    // Nobody else takes what is held, so that no lock need run out.
    this.#backend = new MemoryTaskHub({ clock, taskHub: "TestHub", lockMs: Number.POSITIVE_INFINITY });
    this.#time = new HubTime({
      clock,
      settle: () => this.#settle(),
      nextDueAt: () => this.#backend.nextDueAt,
      maxSteps: options.maxSteps,
    });
    this.inject = new Injections({
      die: () => this.#host.die(),
      send: (message) => void this.#backend.sendMessage({ message }),
    });
    this.#runs = new ActivityRuns({ now, meter: this.#meter, injections: this.inject });
    for (const replacement of options.replacements) this.#replace(replacement, functions.registries);
    const transport = options.http && createFakeTransport(options.http);
    this.#registries = functions.registries.map((registry) => {
      const durableHttp = transport && { ...registry.durableHttp, transport };
      return new WatchedRegistry(registry, (...run) => this.#runs.run(...run), durableHttp);
    });
    this.#logs = new TestLogs(now);
    this.#host = new HubHost({
      registries: this.#registries,
      backend: this.#backend,
      clock,
      meter: this.#meter,
      injections: this.inject,
      log: this.#warningLog(),
      userLog: this.#logs.write,
      replayCheck: options.replayCheck,
    });
    const passing = this.#time.passingClock;
    this.#client = new TaskHubClient({ store: this.#backend, clock: passing, random: createSeededIds(options.seed) });
    this.#operations = new RunOperations({
      client: this.#client,
      logs: this.#logs,
      rest: () => this.runUntilIdle(),
      begin: () => this.#begin(),
      pass: (isDone, wanted) => this.#pass(isDone, wanted),
      converterOf: (name) => this.#converterOf(name),
    });
    this.#checks = createStartChecks(() => this.#registries);
    this.#connection = {
      client: this.#client,
      managementBaseUrl: "http://localhost/runtime/webhooks/durabletask",
      connectionName: "Storage",
      startChecks: this.#checks,
      clock: passing,
    };
    const connect = async () => {
      await this.#begin();
      return this.#connection;
    };
    this.#leaveApps = functions.apps.map((app) => seatApp(app, connect));
  }

  /** What time it is on this hub. */
  get now(): Date {
    return new Date(this.#clock.now());
  }

  /** What user code has logged through its contexts, of all instances. */
  get logs(): readonly TestLogLine[] {
    return [...this.#logs.lines];
  }

  /**
   * Starts an orchestration, by its handle, its name or its function.
   *
   * @example
   * const run = await hub.start(processOrder, order);
   * assert.equal(await run.result(), "shipped");
   * @throws DurableError `OrchestratorNotRegistered`, `InstanceAlreadyExists`, `InvalidPayload`, `InvalidOption`
   */
  async start<Output = unknown, Target extends OrchestrationTarget = string>(
    orchestration: Target,
    ...[input, given]: CallArguments<TargetInput<Target, unknown>, TestStartOptions>
  ): Promise<TestRun<TargetOutput<Target, undefined, Output>>> {
    const name = orchestrationNameOf(orchestration, "start");
    const options: TestStartOptions = given ?? {};
    assertOptions(options, startKinds, "start");
    await this.#begin();
    const checks = this.#checks;
    checks.assertKnown(name);
    const text = this.#converterOf(name).serialize(input, `the input of '${name}'`);
    await checks.checkInput(name, text);
    const { instanceId, version = checks.defaultVersionOf(name), tags, scheduledStartTime } = options;
    const start = { name, instanceId, input: text, version, tags, scheduledStartTime };
    return this.run(await this.#client.startInstance(start));
  }

  /** An instance that is there, such as a sub-orchestration. */
  run<Output = unknown>(instanceId: string): TestRun<Output> {
    return new TestRun(instanceId, this.#operations);
  }

  /**
   * One entity: a function for each operation, which resolves to its result, and `signal` for those that nobody waits for.
   *
   * @example
   * assert.equal(await hub.entity(account, "ann").deposit(5), 5);
   * await hub.entity(account, "ann").signal.withdraw(3);
   */
  entity<T>(entity: EntityHandle<T>, key: string): TestedEntity<T>;
  entity(entity: string, key: string): TestedEntity<Readonly<Record<string, (input?: unknown) => unknown>>>;
  entity(entity: EntityHandle<unknown> | string, key: string): unknown {
    return openTestedEntity(entity, key, this.#entityPorts);
  }

  /** The state of an entity when nothing more happens without time; `undefined` when it has none. */
  entityState<T>(entity: EntityHandle<T>, key: string): Promise<EntityStateOf<T> | undefined>;
  entityState<State = unknown>(entity: string, key: string): Promise<State | undefined>;
  async entityState(entity: EntityHandle<unknown> | string, key: string): Promise<unknown> {
    await this.runUntilIdle();
    return readEntityState(entity, key, this.#entityPorts);
  }

  /** A client, as functions of the app are given one. While it waits, time passes. */
  async connect(): Promise<DurableClient> {
    await this.#begin();
    // Lazy: the portable SDK does without @azure/functions.
    const { DurableClient } = await import("../../functions/durable-client.ts");
    return new DurableClient(this.#connection, { dataConverter: this.#registries[0]?.dataConverter });
  }

  /** Puts code in the place of an activity from now on. */
  replace(replacement: Replacement): void {
    this.#replace(replacement, this.#registries);
  }

  /**
   * The runs of an activity so far, of all instances, in the order in which they began.
   *
   * @example assert.deepEqual(hub.calls(sayHello).map(({ input }) => input), ["Tokyo", "Seattle"]);
   */
  calls<Target extends TestedActivity>(activity: Target): readonly CallOf<Target>[] {
    return this.#runs.callsOf(activityNameOf(activity, "calls")) as readonly ActivityCall[] as never;
  }

  /** Lets everything happen that needs no time. */
  async runUntilIdle(): Promise<void> {
    await this.#begin();
    await this.#settle();
  }

  /**
   * Lets so much time pass, moment by moment, with all that happens in it.
   *
   * @example await hub.advance("3d");
   */
  async advance(time: TimeSpanInput): Promise<void> {
    const end = this.#clock.now() + parseTimeSpan(time, "the time to advance");
    await this.#begin();
    const until = new Date(end).toISOString();
    await this.#pass(() => this.#clock.now() >= end, `the clock has not come to ${until}`, end);
    await this.#settle();
  }

  /**
   * Lets time pass until a condition holds, or until an instance waits for something. It is asked whenever nothing more
   * happens without time.
   *
   * @example await hub.runUntil(run, { waitsFor: "Approval" });
   * @throws Error that says what everybody waits for, when it can never hold; when the instance ends first
   */
  runUntil(condition: () => boolean | Promise<boolean>): Promise<void>;
  runUntil(run: TestRun<unknown>, until: RunUntilOptions): Promise<void>;
  async runUntil(what: TestRun<unknown> | (() => boolean | Promise<boolean>), until?: RunUntilOptions): Promise<void> {
    await this.#begin();
    if (typeof what === "function") return this.#pass(what, "the condition does not hold");
    if (!(what instanceof TestRun)) {
      throw new DurableError("InvalidOption", "runUntil takes a condition, or a run and what it shall wait for");
    }
    assertOptions(until, { waitsFor: "any" }, "runUntil");
    const wanted = until?.waitsFor;
    const name = typeof wanted === "object" ? wanted?.name : wanted;
    if (typeof name !== "string" || name === "") {
      throw new DurableError("InvalidOption", "'waitsFor' of runUntil must be the name of what is waited for");
    }
    const isThere = () => this.#operations.waitsFor(what.id, name);
    await this.#pass(isThere, `the instance '${what.id}' does not wait for '${name}'`);
  }

  /** Stops the hub. It holds nothing open: a test that forgets this ends all the same. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const leave of this.#leaveApps.splice(0)) leave();
    await this.#started;
    await this.#host.stop();
  }

  /** The host begins with the first call: everything before it can be set up without waiting. */
  #begin(): Promise<void> {
    this.#started ??= this.#host.start();
    return this.#started;
  }

  #settle(): Promise<void> {
    const { patienceMs, activityLimitMs: limitMs } = this.#options;
    const isTimed = async ({ instanceId }: { readonly instanceId: string }) => {
      const state = await this.#backend.getInstance(instanceId);
      if (state === undefined) return false;
      const { waits } = describeWaits(state, await this.#backend.getHistory(instanceId));
      return waits.some(({ kind }) => kind === "timer");
    };
    return settle({ meter: this.#meter, patienceMs, limitMs, isTimed });
  }

  #pass(isDone: () => boolean | Promise<boolean>, wanted: string, limit?: number): Promise<void> {
    const hub = { client: this.#client, clock: this.#clock };
    return this.#time.pass({
      isDone,
      ...(limit !== undefined && { limit }),
      describe: async (why) => new Error(await describeStandstill(`${wanted}: ${why}`, hub, this.#warnings)),
    });
  }

  get #entityPorts() {
    return {
      begin: () => this.#begin(),
      client: this.#client.entities,
      checks: this.#checks,
      converterOf: (name: string) =>
        this.#registries.find((registry) => registry.findEntity(name) !== undefined)?.dataConverter ??
        jsonDataConverter,
    };
  }

  #converterOf(orchestration: string): DataConverter {
    const app = this.#registries.find((registry) => registry.findOrchestration(orchestration) !== undefined);
    return app?.dataConverter ?? jsonDataConverter;
  }

  #replace(replacement: Replacement, registries: readonly Registry[]): void {
    const { name } = replacement;
    if (!registries.some((registry) => registry.findActivity(name) !== undefined)) {
      const known = registries.flatMap(({ activityNames }) => activityNames).sort();
      const list = known.length === 0 ? "the app has none" : `the app has '${known.join("', '")}'`;
      throw new DurableError("ActivityNotRegistered", `there is no activity '${name}' to be replaced; ${list}`);
    }
    this.#runs.replace(replacement);
  }

  #warningLog(): LogSink {
    return {
      leastLevel: "warn",
      log: (_level, event, message) => {
        this.#warnings.push(`${event}: ${message}`);
        if (this.#warnings.length > maxWarnings) this.#warnings.shift();
      },
    };
  }
}
