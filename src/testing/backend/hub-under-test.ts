import { expect, type TestAPI, it as vitestIt } from "vitest";
import { isEntityInstanceId } from "../../core/entity-id.ts";
import type { ExecutionStarted, HistoryEvent, OrchestrationInstance } from "../../core/history-event.ts";
import type { InstanceQuery, OrchestrationState } from "../../core/orchestration-state.ts";
import type { Clock } from "../../core/ports.ts";
import { systemClock } from "../../core/system-ports.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  TaskHubStore,
} from "../../engine/backend.ts";
import { episodeCompleted, episodeStarted, eventRaised, executionStarted, taskScheduled } from "../history-builder.ts";
import type { SteppedClock } from "../stepped-clock.ts";
import { checkpoint } from "../work-items.ts";

/** How a hub for the suite is opened. */
export interface OpenOptions {
  /** How long a fetched work item is to be kept from others, in milliseconds. Only tests that wait that long ask. */
  readonly lockMs?: number;
}

/** A fresh, empty task hub that nothing of is made yet. */
export interface BackendUnderTest {
  /** Not started. */
  readonly backend: Backend;
  /** What clients of the hub need. */
  readonly store: TaskHubStore;
  /**
   * The clock that the backend goes by: the suite moves it on instead of waiting. Nothing but a fetch may need it to move.
   *
   * @defaultValue real time, which the suite waits for
   */
  readonly clock?: SteppedClock;
  /**
   * The backend of another worker on the same hub, not started, as if in another process. Once it is started, it gets
   * what comes free, also of what the first worker took care of before. A backend that all workers of a process share
   * is its own other one.
   */
  openAnother(): Promise<Backend>;
  /** Ends the locks of all work items that are held at the moment, as if nobody had renewed them for their time. */
  expireLocks(): Promise<void>;
  /** Deletes the hub and closes everything that was opened. All backends are stopped by then. */
  close(): Promise<void>;
}

/** Makes a fresh, empty hub for a test of the suite. */
export type OpenBackend = (options?: OpenOptions) => Promise<BackendUnderTest>;

/** What the tests of the suite are given. */
export interface BackendFixtures {
  /** A hub with one worker's backend, started. */
  readonly hub: HubUnderTest;
  /** Opens a hub in another way. */
  readonly open: (options?: OpenOptions & { readonly isStarted?: boolean }) => Promise<HubUnderTest>;
}

export type BackendTest = TestAPI<BackendFixtures>;

/** Long enough for whatever comes at once to have come, in milliseconds. */
export const quietMs = 700;
/** How long a test waits for what has to come, in milliseconds. */
const patienceMs = 30_000;

/** More than any query of a test has: one that has more never ends. */
const maxPages = 500;

/** A test function whose tests have hubs of their own, closed when the test has ended. */
export function backendTest(openBackend: OpenBackend): BackendTest {
  return vitestIt.extend<BackendFixtures>({
    open: async ({ task: _ }, use) => {
      const opened: HubUnderTest[] = [];
      await use(async ({ isStarted = true, ...options } = {}) => {
        const hub = new HubUnderTest(await openBackend(options));
        opened.push(hub);
        if (isStarted) await hub.backend.start();
        return hub;
      });
      await Promise.all(opened.map((hub) => hub.close()));
    },
    hub: async ({ open }, use) => use(await open()),
  });
}

/** An instance that a test has made up. */
export interface InventedInstance {
  readonly instanceId: string;
  readonly executionId: string;
  readonly event: ExecutionStarted;
  readonly target: OrchestrationInstance;
}

interface CreatedInstance extends InventedInstance {
  /** Of its start. */
  readonly workItem: OrchestrationWorkItem;
}

interface RunningInstance extends InventedInstance {
  /** Its whole history. */
  readonly events: readonly HistoryEvent[];
  readonly version: string | undefined;
}

/** What tests do with a hub, on whatever clock it goes by. */
export class HubUnderTest {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  readonly #opened: BackendUnderTest;
  readonly #others: Backend[] = [];
  #instances = 0;

  constructor(opened: BackendUnderTest) {
    this.#opened = opened;
    this.backend = opened.backend;
    this.store = opened.store;
  }

  async close(): Promise<void> {
    for (const backend of [...this.#others, this.backend]) await backend.stop();
    await this.#opened.close();
  }

  /** `true` when waiting costs no time. */
  get isStepped(): boolean {
    return this.#opened.clock !== undefined;
  }

  get clock(): Clock {
    return this.#opened.clock ?? systemClock;
  }

  now(): number {
    return this.clock.now();
  }

  /** Lets time pass until it holds. @throws Error when that takes too long */
  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const end = this.now() + patienceMs;
    while (!(await holds())) {
      if (this.now() >= end) throw new Error(`${what}: not within ${patienceMs} ms`);
      await this.pass(20);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.#passUntil(ms, new AbortController().signal);
  }

  async expireLocks(): Promise<void> {
    await this.#opened.expireLocks();
  }

  /** The backend of one more worker, started. */
  async another(): Promise<Backend> {
    const other = await this.#opened.openAnother();
    this.#others.push(other);
    await other.start();
    return other;
  }

  async orchestration(from: Backend = this.backend): Promise<OrchestrationWorkItem> {
    return present(await this.orchestrationWithin(patienceMs, from), "orchestration");
  }

  async orchestrationWithin(ms: number, from: Backend = this.backend): Promise<OrchestrationWorkItem | undefined> {
    return await this.#within(ms, (signal) => from.fetchOrchestrationWorkItem(signal));
  }

  async entity(from: Backend = this.backend): Promise<OrchestrationWorkItem> {
    return present(await this.entityWithin(patienceMs, from), "entity");
  }

  async entityWithin(ms: number, from: Backend = this.backend): Promise<OrchestrationWorkItem | undefined> {
    return await this.#within(ms, (signal) => from.fetchEntityWorkItem(signal));
  }

  async activity(from: Backend = this.backend, demand?: () => number): Promise<ActivityWorkItem> {
    return present(await this.activityWithin(patienceMs, from, demand), "activity");
  }

  async activityWithin(
    ms: number,
    from: Backend = this.backend,
    demand?: () => number,
  ): Promise<ActivityWorkItem | undefined> {
    return await this.#within(ms, (signal) => from.fetchActivityWorkItem(signal, demand));
  }

  /** What another worker gets once the locks have run out of whoever holds it now. */
  async takenOver(by: Backend): Promise<OrchestrationWorkItem> {
    const end = this.now() + patienceMs;
    // A worker that hears late that it is not asked any more may receive it once more.
    while (this.now() < end) {
      await this.expireLocks();
      const workItem = await this.orchestrationWithin(1000, by);
      if (workItem !== undefined) return workItem;
    }
    throw new Error(`another worker got no work item within ${patienceMs} ms after its lock had ended`);
  }

  invent(instanceId = `instance-${++this.#instances}`, executionId = `execution-of-${instanceId}`): InventedInstance {
    const event = executionStarted("Test", { instanceId, executionId, input: "in" });
    return { instanceId, executionId, event, target: event.orchestrationInstance };
  }

  /** A new instance as a client makes it, and the work item of its start. */
  async created(instance: InventedInstance = this.invent()): Promise<CreatedInstance> {
    await this.store.createInstance({ event: instance.event, replaces: undefined });
    return { ...instance, workItem: await this.orchestration() };
  }

  /** A new instance whose first checkpoint is made. */
  async running(
    instance: InventedInstance = this.invent(),
    more: readonly HistoryEvent[] = [],
  ): Promise<RunningInstance> {
    const { workItem } = await this.created(instance);
    const events = [episodeStarted(), instance.event, ...more, episodeCompleted()];
    const { historyVersion: version } = await this.backend.completeOrchestrationWorkItem(
      checkpoint(workItem, instance.executionId, events),
    );
    return { ...instance, events, version };
  }

  /** Sends an event to the instance from outside. */
  async raise({ target }: Pick<InventedInstance, "target">, name = "go", input?: unknown): Promise<void> {
    await this.store.sendMessage({ message: { event: eventRaised(name, input), target } });
  }

  /** The work item of an event for the instance. */
  async raised(instance: Pick<InventedInstance, "target">, name = "go"): Promise<OrchestrationWorkItem> {
    await this.raise(instance, name);
    return isEntityInstanceId(instance.target.instanceId) ? await this.entity() : await this.orchestration();
  }

  /** Asks for an activity on behalf of an instance. */
  async request({ target }: Pick<InventedInstance, "target">, name = "Work", eventId = 0): Promise<void> {
    await this.store.sendMessage({ message: { event: taskScheduled(eventId, name, ["in"]), target } });
  }

  async complete(made: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    const receipt = await this.backend.completeOrchestrationWorkItem(made);
    const { instance, history, workItem } = made;
    const mayFollow = instance?.runtimeStatus === "Running" && history?.expectedHistoryVersion === undefined;
    if (mayFollow) await this.#untilBegun(workItem.instanceId);
    return receipt;
  }

  /** A first row may follow its checkpoint; one that never comes is a matter of whoever looks at it. */
  async #untilBegun(instanceId: string): Promise<void> {
    for (let look = 0; look < 100; look++) {
      const row = await this.store.getInstance(instanceId, { fetchInput: false });
      if (row?.runtimeStatus !== "Pending") return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async row({ instanceId }: Pick<InventedInstance, "instanceId">): Promise<OrchestrationState | undefined> {
    return await this.store.getInstance(instanceId);
  }

  /** Page by page, of which some may be empty. */
  async find(query: InstanceQuery): Promise<readonly OrchestrationState[]> {
    const found: OrchestrationState[] = [];
    let continuationToken: string | undefined;
    let pages = 0;
    do {
      const page = await this.store.queryInstances({ ...query, continuationToken });
      if (query.pageSize !== undefined) expect(page.instances.length).toBeLessThanOrEqual(query.pageSize);
      found.push(...page.instances);
      continuationToken = page.continuationToken;
      expect(++pages).toBeLessThan(maxPages);
    } while (continuationToken !== undefined);
    return found;
  }

  async history({ instanceId }: Pick<InventedInstance, "instanceId">): Promise<readonly HistoryEvent[] | undefined> {
    return await this.store.getHistory(instanceId);
  }

  async #within<T>(ms: number, fetch: (signal: AbortSignal) => Promise<T | undefined>): Promise<T | undefined> {
    const limit = new AbortController();
    const settled = new AbortController();
    const fetching = fetch(limit.signal).finally(() => settled.abort());
    fetching.catch(() => {});
    await this.#passUntil(ms, settled.signal);
    limit.abort();
    return await fetching;
  }

  /** Lets time pass, moment by moment, until the signal aborts. */
  async #passUntil(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#opened;
    if (clock === undefined) return await realTime(ms, signal);
    const end = clock.now() + ms;
    await turns();
    while (!signal.aborted && clock.now() < end) {
      clock.advance(Math.max(1, Math.min(clock.nextWakeAt ?? end, end) - clock.now()));
      await turns();
    }
  }
}

function present<T>(workItem: T | undefined, kind: string): T {
  if (workItem === undefined) throw new Error(`no ${kind} work item came within ${patienceMs} ms`);
  return workItem;
}

/** What follows from a moment without more time has happened then. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function realTime(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    if (signal.aborted) return done();
    signal.addEventListener("abort", done);
  });
}

/** Of a work item, for comparison. */
export function eventsOf({ messages }: OrchestrationWorkItem): readonly HistoryEvent[] {
  return messages.map(({ message }) => message.event);
}

/** Names of the external events in a work item, in order. */
export function namesOf(workItem: OrchestrationWorkItem): readonly string[] {
  return eventsOf(workItem).flatMap((event) => (event.type === "EventRaised" ? event.name : []));
}

/** What a call has to reject with once its work item is lost or settled. */
export const lockLost = { code: "WorkItemLockLost" };
