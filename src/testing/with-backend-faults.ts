import { DurableError, isDurableError } from "../core/errors.ts";
import type {
  ActivityWorkItem,
  Backend,
  DeliveredMessage,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
} from "../engine/backend.ts";

/** The calls of a backend that can be made to fail. */
export type FaultyOperation = Exclude<keyof Backend, "taskHub" | "start" | "stop">;

/** What goes wrong in one call. */
export type BackendFault =
  /** It never happened. With `WorkItemLockLost`, the work item is given back first, as the port promises. */
  | { readonly when: "before"; readonly error: Error }
  /** It happened, and the caller was not told. */
  | { readonly when: "after"; readonly error: Error }
  /** Of a checkpoint only the messages went out; history, instance and inputs are as before. */
  | { readonly when: "messagesSent"; readonly error: Error }
  /** A checkpoint was made, but its inputs stay in the queue; the caller was not told. */
  | { readonly when: "historyWritten"; readonly error: Error }
  /** Nothing fails: fetched messages are delivered twice in one work item, together with some delivered before. */
  | { readonly when: "repeated" };

/** A fault of a fixed script. */
export type ScriptedFault = BackendFault & {
  readonly operation: FaultyOperation;
  /** Counted from 1, per operation. */
  readonly call: number;
};

/** Chooses the fault of a call, if it shall have one. Calls are counted from 1, per operation. */
export type FaultPlan = (operation: FaultyOperation, call: number) => BackendFault | undefined;

/** How many messages of the past may be delivered again. */
const maxRemembered = 20;

/**
 * A backend in which calls fail as they do when the network breaks, a process dies or another worker takes over: before
 * their effect, after it, or halfway. What it does is always something that a real backend may do, so whatever is built
 * on a backend must end as it does without faults.
 *
 * @param plan faults by operation and call, or a function that chooses them
 * @example
 * const backend = withBackendFaults(hub, [
 *   { operation: "completeOrchestrationWorkItem", call: 1, when: "after", error: new Error("connection reset") },
 * ]);
 */
export function withBackendFaults(backend: Backend, plan: readonly ScriptedFault[] | FaultPlan): Backend {
  const choose: FaultPlan =
    typeof plan === "function"
      ? plan
      : (operation, call) => plan.find((fault) => fault.operation === operation && fault.call === call);
  return new FaultyBackend(backend, choose);
}

class FaultyBackend implements Backend {
  readonly #backend: Backend;
  readonly #plan: FaultPlan;
  readonly #calls = new Map<FaultyOperation, number>();
  /** Work items with repeated messages, and what the backend handed out. */
  readonly #originals = new WeakMap<OrchestrationWorkItem, OrchestrationWorkItem>();
  readonly #delivered: { readonly instanceId: string; readonly message: DeliveredMessage }[] = [];

  constructor(backend: Backend, plan: FaultPlan) {
    this.#backend = backend;
    this.#plan = plan;
  }

  get taskHub(): string {
    return this.#backend.taskHub;
  }

  start(): Promise<void> {
    return this.#backend.start();
  }

  stop(): Promise<void> {
    return this.#backend.stop();
  }

  async fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    const fault = this.#next("fetchOrchestrationWorkItem");
    if (fault?.when === "before") throw fault.error;
    const workItem = await this.#backend.fetchOrchestrationWorkItem(signal);
    if (workItem === undefined) return undefined;
    if (fault?.when === "repeated") return this.#repeat(workItem);
    for (const message of workItem.messages) this.#remember(workItem.instanceId, message);
    if (fault !== undefined) throw fault.error;
    return workItem;
  }

  loadHistory(workItem: OrchestrationWorkItem): ReturnType<Backend["loadHistory"]> {
    return this.#call("loadHistory", () => this.#backend.loadHistory(this.#original(workItem)));
  }

  renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    return this.#call("renewOrchestrationWorkItem", () =>
      this.#backend.renewOrchestrationWorkItem(this.#original(workItem)),
    );
  }

  async completeOrchestrationWorkItem(
    checkpoint: OrchestrationCheckpoint,
  ): ReturnType<Backend["completeOrchestrationWorkItem"]> {
    const workItem = this.#original(checkpoint.workItem);
    const own = new Set(workItem.messages);
    const whole = {
      ...checkpoint,
      workItem,
      settled: unique(checkpoint.settled).filter((message) => own.has(message)),
      deferred: unique(checkpoint.deferred).filter((message) => own.has(message)),
    };
    const fault = this.#next("completeOrchestrationWorkItem");
    switch (fault?.when) {
      case "before":
        if (isDurableError(fault.error, "WorkItemLockLost")) await this.#backend.abandonOrchestrationWorkItem(workItem);
        throw fault.error;
      case "messagesSent":
        await this.#backend.completeOrchestrationWorkItem({
          ...whole,
          history: undefined,
          instance: undefined,
          settled: [],
          deferred: workItem.messages,
        });
        throw fault.error;
      case "historyWritten":
        await this.#backend.completeOrchestrationWorkItem({ ...whole, settled: [], deferred: workItem.messages });
        throw fault.error;
      default: {
        const receipt = await this.#backend.completeOrchestrationWorkItem(whole);
        if (fault?.when === "after") throw fault.error;
        return receipt;
      }
    }
  }

  abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    return this.#call("abandonOrchestrationWorkItem", () =>
      this.#backend.abandonOrchestrationWorkItem(this.#original(workItem)),
    );
  }

  fetchActivityWorkItem(signal: AbortSignal): Promise<ActivityWorkItem | undefined> {
    return this.#call("fetchActivityWorkItem", () => this.#backend.fetchActivityWorkItem(signal));
  }

  renewActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    return this.#call("renewActivityWorkItem", () => this.#backend.renewActivityWorkItem(workItem));
  }

  completeActivityWorkItem(
    workItem: ActivityWorkItem,
    answer: Parameters<Backend["completeActivityWorkItem"]>[1],
  ): Promise<void> {
    return this.#call("completeActivityWorkItem", () => this.#backend.completeActivityWorkItem(workItem, answer));
  }

  abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    return this.#call("abandonActivityWorkItem", () => this.#backend.abandonActivityWorkItem(workItem));
  }

  async #call<T>(operation: FaultyOperation, run: () => Promise<T>): Promise<T> {
    const fault = this.#next(operation);
    if (fault === undefined || fault.when === "repeated") return run();
    if (fault.when === "before") throw fault.error;
    const result = await run();
    if (result === undefined && operation === "fetchActivityWorkItem") return result;
    throw fault.error;
  }

  #next(operation: FaultyOperation): BackendFault | undefined {
    const call = (this.#calls.get(operation) ?? 0) + 1;
    this.#calls.set(operation, call);
    return this.#plan(operation, call);
  }

  #remember(instanceId: string, message: DeliveredMessage): void {
    this.#delivered.push({ instanceId, message });
    if (this.#delivered.length > maxRemembered) this.#delivered.shift();
  }

  #repeat(workItem: OrchestrationWorkItem): OrchestrationWorkItem {
    const earlier = this.#delivered.flatMap(({ instanceId, message }) =>
      instanceId === workItem.instanceId ? [message] : [],
    );
    const repeated = { ...workItem, messages: [...earlier, ...workItem.messages, ...workItem.messages] };
    this.#originals.set(repeated, workItem);
    return repeated;
  }

  #original(workItem: OrchestrationWorkItem): OrchestrationWorkItem {
    return this.#originals.get(workItem) ?? workItem;
  }
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** The error of a backend whose work item another worker has taken. */
export function lockLost(): DurableError {
  return new DurableError("WorkItemLockLost", "another worker has taken the work item (injected)");
}
