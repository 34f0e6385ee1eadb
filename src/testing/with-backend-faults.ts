import { DurableError, isDurableError } from "../core/errors.ts";
import type { TaskMessage } from "../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  DeliveredMessage,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  RunNote,
} from "../engine/backend.ts";

/** The calls of a backend that can be made to fail. */
export type FaultyOperation = Exclude<keyof Backend, "taskHub" | "start" | "stop" | "noteRun">;

/**
 * What goes wrong in one call.
 *
 * An error `WorkItemLockLost` tells, as the port has it, that the work item is settled and that nothing was written or
 * sent for it: with it the work item goes back, and whatever would have been done of a completion is not. Giving back
 * never rejects; a fault there leaves the messages to the end of their lock, or has no effect.
 */
export type BackendFault =
  /** It never happened. */
  | { readonly when: "before"; readonly error: Error }
  /** It happened, and the caller was not told. */
  | { readonly when: "after"; readonly error: Error }
  /** Of a checkpoint only the messages went out; history, instance and inputs are as before. */
  | { readonly when: "messagesSent"; readonly error: Error }
  /** A checkpoint was made, but what waits for it was not sent, and its inputs stay; the caller was not told. */
  | { readonly when: "historyWritten"; readonly error: Error }
  /** Nothing fails: fetched messages are delivered twice in one work item, together with some delivered before. */
  | { readonly when: "repeated" }
  /** Nothing fails: a checkpoint is made, but its messages are not deleted, and come again. */
  | { readonly when: "notDeleted" };

/** A fault of a fixed script. */
export type ScriptedFault = BackendFault & {
  /** The operation that goes wrong. */
  readonly operation: FaultyOperation;
  /** Counted from 1, per operation. */
  readonly call: number;
};

/** What a call is about. Absent where the call is not about work that was fetched. */
export interface FaultSubject {
  /** The work item that it was called for. */
  readonly workItem: OrchestrationWorkItem | ActivityWorkItem;
  /** Of `completeActivityWorkItem`. */
  readonly answer?: TaskMessage | undefined;
}

/** Chooses the fault of a call, if it shall have one. Calls are counted from 1, per operation. */
export type FaultPlan = (
  operation: FaultyOperation,
  call: number,
  subject: FaultSubject | undefined,
) => BackendFault | undefined;

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
  if (!Array.isArray(plan) && typeof plan !== "function") {
    throw new DurableError("InvalidOption", "a plan of faults is a list of them, or a function that chooses one");
  }
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
  /** Given back without the backend's knowledge. */
  readonly #settled = new WeakSet<object>();

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

  beginStop(): void {
    this.#backend.beginStop?.();
  }

  stop(): Promise<void> {
    return this.#backend.stop();
  }

  fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    const fetch = () => this.#backend.fetchOrchestrationWorkItem(signal);
    return this.#fetchInstance("fetchOrchestrationWorkItem", fetch);
  }

  fetchEntityWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return this.#fetchInstance("fetchEntityWorkItem", () => this.#backend.fetchEntityWorkItem(signal));
  }

  async #fetchInstance(
    operation: FaultyOperation,
    fetch: () => Promise<OrchestrationWorkItem | undefined>,
  ): Promise<OrchestrationWorkItem | undefined> {
    const fault = this.#next(operation, undefined);
    if (fault?.when === "before") throw fault.error;
    const workItem = await fetch();
    if (workItem === undefined) return undefined;
    if (fault?.when === "repeated") return this.#repeat(workItem);
    for (const message of workItem.messages) this.#remember(workItem.instanceId, message);
    if (fault !== undefined && isFailure(fault)) throw fault.error;
    return workItem;
  }

  noteRun(workItem: OrchestrationWorkItem | ActivityWorkItem, note: RunNote): Promise<void> {
    return this.#backend.noteRun("messages" in workItem ? this.#original(workItem) : workItem, note);
  }

  loadHistory(workItem: OrchestrationWorkItem): ReturnType<Backend["loadHistory"]> {
    const original = this.#original(workItem);
    const giveBack = () => this.#backend.abandonOrchestrationWorkItem(original);
    return this.#call("loadHistory", original, giveBack, () => this.#backend.loadHistory(original));
  }

  async renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    const original = this.#original(workItem);
    this.#assertOpen(original);
    const giveBack = () => this.#backend.abandonOrchestrationWorkItem(original);
    const renew = () => this.#backend.renewOrchestrationWorkItem(original);
    await this.#call("renewOrchestrationWorkItem", original, giveBack, renew);
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
    this.#assertOpen(workItem);
    const fault = this.#next("completeOrchestrationWorkItem", { workItem });
    if (fault?.when === "notDeleted") {
      const undeleted = whole.settled.map(({ id }) => id);
      const kept = { ...whole, settled: [], deferred: workItem.messages };
      return { ...(await this.#backend.completeOrchestrationWorkItem(kept)), undeleted };
    }
    if (fault === undefined || fault.when === "repeated") return this.#backend.completeOrchestrationWorkItem(whole);
    const keepsMessages = { settled: [], deferred: workItem.messages, outgoingAfterCommit: [] };
    if (fault.when === "messagesSent") {
      const sent = { ...whole, ...keepsMessages, history: undefined, instance: undefined };
      await this.#backend.completeOrchestrationWorkItem(sent);
    } else if (isDurableError(fault.error, "WorkItemLockLost")) {
      await this.#backend.abandonOrchestrationWorkItem(workItem);
    } else if (fault.when === "historyWritten") {
      await this.#backend.completeOrchestrationWorkItem({ ...whole, ...keepsMessages });
    } else if (fault.when === "after") {
      await this.#backend.completeOrchestrationWorkItem(whole);
    }
    throw fault.error;
  }

  async abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    const original = this.#original(workItem);
    await this.#abandon("abandonOrchestrationWorkItem", original, () =>
      this.#backend.abandonOrchestrationWorkItem(original),
    );
  }

  async fetchActivityWorkItem(signal: AbortSignal, demand?: () => number): Promise<ActivityWorkItem | undefined> {
    const fault = this.#next("fetchActivityWorkItem", undefined);
    if (fault?.when === "before") throw fault.error;
    const workItem = await this.#backend.fetchActivityWorkItem(signal, demand);
    if (workItem !== undefined && fault !== undefined && isFailure(fault)) throw fault.error;
    return workItem;
  }

  async renewActivityWorkItem(workItem: ActivityWorkItem, heartbeat?: string): Promise<void> {
    this.#assertOpen(workItem);
    const giveBack = () => this.#backend.abandonActivityWorkItem(workItem);
    const renew = () => this.#backend.renewActivityWorkItem(workItem, heartbeat);
    await this.#call("renewActivityWorkItem", workItem, giveBack, renew);
  }

  async completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage | undefined): Promise<void> {
    this.#assertOpen(workItem);
    const giveBack = () => this.#backend.abandonActivityWorkItem(workItem);
    const complete = () => this.#backend.completeActivityWorkItem(workItem, answer);
    await this.#call("completeActivityWorkItem", workItem, giveBack, complete, answer);
  }

  isKeeper(): boolean {
    return this.#backend.isKeeper?.() ?? true;
  }

  async abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    await this.#abandon("abandonActivityWorkItem", workItem, () => this.#backend.abandonActivityWorkItem(workItem));
  }

  async readInstanceProgress(instanceId: string): ReturnType<Backend["readInstanceProgress"]> {
    const nothing = async () => {};
    const read = () => this.#backend.readInstanceProgress(instanceId);
    return await this.#call("readInstanceProgress", undefined, nothing, read);
  }

  /** A call for a work item. What gives it back settles it, should the fault be that it is lost. */
  async #call<T>(
    operation: FaultyOperation,
    workItem: FaultSubject["workItem"] | undefined,
    giveBack: () => Promise<void>,
    run: () => Promise<T>,
    answer?: TaskMessage,
  ): Promise<T> {
    const fault = this.#next(operation, workItem && { workItem, answer });
    if (fault === undefined || !isFailure(fault)) return run();
    if (isDurableError(fault.error, "WorkItemLockLost")) await giveBack();
    else if (fault.when !== "before") await run();
    throw fault.error;
  }

  async #abandon(
    operation: FaultyOperation,
    workItem: FaultSubject["workItem"],
    giveBack: () => Promise<void>,
  ): Promise<void> {
    if (this.#settled.has(workItem)) return;
    // The backend is not told, so it holds the messages until their lock runs out.
    if (this.#next(operation, { workItem })?.when === "before") this.#settled.add(workItem);
    else await giveBack();
  }

  #assertOpen(workItem: object): void {
    if (this.#settled.has(workItem)) throw new DurableError("WorkItemLockLost", "the work item is settled");
  }

  #next(operation: FaultyOperation, subject: FaultSubject | undefined): BackendFault | undefined {
    const call = (this.#calls.get(operation) ?? 0) + 1;
    this.#calls.set(operation, call);
    return this.#plan(operation, call, subject);
  }

  #remember(instanceId: string, message: DeliveredMessage): void {
    this.#delivered.push({ instanceId, message });
    if (this.#delivered.length > maxRemembered) this.#delivered.shift();
  }

  async #repeat(workItem: OrchestrationWorkItem): Promise<OrchestrationWorkItem> {
    const { executionId } = await this.#backend.loadHistory(workItem);
    const earlier = this.#delivered.flatMap(({ instanceId, message }) => {
      const { event } = message.message;
      // B5
      const isOver = event.type === "ExecutionStarted" && event.orchestrationInstance.executionId !== executionId;
      return instanceId === workItem.instanceId && !isOver ? [message] : [];
    });
    const repeated = { ...workItem, messages: [...earlier, ...workItem.messages, ...workItem.messages] };
    this.#originals.set(repeated, workItem);
    return repeated;
  }

  #original(workItem: OrchestrationWorkItem): OrchestrationWorkItem {
    return this.#originals.get(workItem) ?? workItem;
  }
}

/** Whether the caller learns of it by an error. */
function isFailure(fault: BackendFault): fault is Extract<BackendFault, { readonly error: Error }> {
  return "error" in fault;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** The error of a backend whose work item another worker has taken. */
export function lockLost(): DurableError {
  return new DurableError("WorkItemLockLost", "another worker has taken the work item (injected)");
}
