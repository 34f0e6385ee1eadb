import { DurableError } from "../../core/errors.ts";
import { assertKind, assertOptions, type OptionKinds } from "../../core/option-names.ts";
import type { TaskMessage } from "../../core/task-message.ts";
import type { ExternalEvent } from "../../orchestration/external-event.ts";
import { type BackendFault, type FaultPlan, type FaultSubject, lockLost } from "../with-backend-faults.ts";
import { activityNameOf, type TestedActivity } from "./replacement.ts";

/** An instance by its id, or as {@link TestHub.start} gives it. */
export type TestedInstance = string | { readonly id: string };

/** How often something goes wrong, and for whom. */
export interface InjectionOptions {
  /** How often it happens. @defaultValue 1 */
  readonly times?: number | undefined;
  /** How often it does not happen before that. @defaultValue 0 */
  readonly skip?: number | undefined;
  /** To which instance it happens: of an activity, the one that calls it. @defaultValue to any */
  readonly instance?: TestedInstance | undefined;
}

/** How an activity fails. */
export interface FailActivityOptions extends InjectionOptions {
  /** What is thrown: an error, or its message. @defaultValue an error that says that it was injected */
  readonly error?: Error | string | undefined;
}

/** Where the host dies; one of the three. */
export interface HostDiesOptions extends InjectionOptions {
  /**
   * Before the code of an activity runs; before a checkpoint, when an orchestration or entity has decided and nothing is
   * stored.
   */
  readonly before?: TestedActivity | "checkpoint" | undefined;
  /** In the middle of a checkpoint: its messages are sent, its history is not stored. */
  readonly during?: "checkpoint" | undefined;
  /**
   * When the code of an activity has run and its result is not stored, so that it runs again; when a checkpoint is stored,
   * and its messages come again.
   */
  readonly after?: TestedActivity | "checkpoint" | undefined;
}

/** What is delivered twice: an activity's request, an event by its name or definition, or all messages of instances. */
export type DeliveredTwice = TestedActivity | ExternalEvent<unknown> | { readonly event: string } | "messages";

const optionKinds: OptionKinds<InjectionOptions> = { times: "any", skip: "any", instance: "any" };

interface Rule {
  readonly options: InjectionOptions;
  skip: number;
  times: number;
}

interface ActivityRule extends Rule {
  readonly kind: "fail" | "dieBefore" | "dieAfter" | "twice";
  readonly activity: string;
  readonly error?: Error | undefined;
}

interface CheckpointRule extends Rule {
  readonly kind: "checkpoint";
  readonly fault: BackendFault;
  readonly isDeadly: boolean;
  /** @defaultValue every checkpoint */
  readonly event?: string | undefined;
}

/** What the hub does for the faults that it is told to have. */
export interface InjectionPorts {
  readonly die: () => void;
  readonly send: (message: TaskMessage) => void;
}

/** What goes wrong on a test hub, as it does in production. Each fault happens once, unless told otherwise. */
export class Injections {
  readonly #ports: InjectionPorts;
  readonly #rules: (ActivityRule | CheckpointRule)[] = [];
  /** Runs whose answer goes out twice: instance and task. */
  readonly #answeredTwice = new Set<string>();

  /** Made by a test hub. */
  constructor(ports: InjectionPorts) {
    this.#ports = ports;
  }

  /**
   * An activity throws instead of running.
   *
   * @example hub.inject.failActivity(chargeCard, { times: 2, error: "the bank is closed" });
   * @throws DurableError `InvalidOption`
   */
  failActivity(activity: TestedActivity, options: FailActivityOptions = {}): void {
    const name = activityNameOf(activity, "failActivity");
    assertOptions(options, { ...optionKinds, error: "any" }, "failActivity");
    const { error = `injected failure of '${name}'` } = options;
    const thrown = typeof error === "string" ? injectedError(error) : error;
    assertKind(thrown, "object", "'error' of failActivity");
    this.#rules.push({ kind: "fail", activity: name, error: thrown, ...ruleOf(options, "failActivity") });
  }

  /**
   * The host dies and another begins: live code is gone, and goes on from what is stored. Without a point in time it dies
   * now.
   *
   * @example hub.inject.hostDies({ after: chargeCard }); // charged, and nobody knows: it will be charged again
   * @throws DurableError `InvalidOption`
   */
  hostDies(options?: HostDiesOptions): void {
    if (options === undefined) return this.#ports.die();
    assertOptions(options, { ...optionKinds, before: "any", during: "any", after: "any" }, "hostDies");
    const given = (["before", "during", "after"] as const).filter((name) => options[name] !== undefined);
    const [when] = given;
    if (when === undefined || given.length > 1) {
      throw new DurableError("InvalidOption", "hostDies takes one of 'before', 'during' and 'after', or nothing");
    }
    const rule = ruleOf(options, "hostDies");
    const point = options[when];
    if (point === "checkpoint") {
      const error = lockLost();
      const fault: BackendFault =
        when === "before"
          ? { when: "before", error: new Error("the host has died (injected)") }
          : { when: when === "during" ? "messagesSent" : "historyWritten", error };
      this.#rules.push({ kind: "checkpoint", fault, isDeadly: true, ...rule });
      return;
    }
    if (when === "during") throw new DurableError("InvalidOption", "'during' of hostDies must be 'checkpoint'");
    const activity = activityNameOf(point, `'${when}' of hostDies`);
    this.#rules.push({ kind: when === "before" ? "dieBefore" : "dieAfter", activity, ...rule });
  }

  /**
   * A message is delivered twice, as every queue does now and then. An activity runs twice, and answers twice.
   *
   * @example hub.inject.deliverTwice(chargeCard);
   * @example hub.inject.deliverTwice({ event: "Approval" });
   * @throws DurableError `InvalidOption`
   */
  deliverTwice(what: DeliveredTwice, options: InjectionOptions = {}): void {
    assertOptions(options, optionKinds, "deliverTwice");
    const rule = ruleOf(options, "deliverTwice");
    const event = eventNameOf(what);
    if (what === "messages" || event !== undefined) {
      this.#rules.push({ kind: "checkpoint", fault: { when: "notDeleted" }, isDeadly: false, event, ...rule });
    } else {
      const activity = activityNameOf(what, "deliverTwice");
      this.#rules.push({ kind: "twice", activity, ...rule });
    }
  }

  /** For the hub: what happens when an activity is about to run. */
  beforeActivity(name: string, instanceId: string, taskId: number): ActivityFault {
    if (this.#take((rule) => isOf(rule, "dieBefore", name), instanceId) !== undefined) {
      this.#ports.die();
      return { kind: "dies" };
    }
    const failure = this.#take((rule) => isOf(rule, "fail", name), instanceId);
    if (failure !== undefined) return { kind: "fails", error: (failure as ActivityRule).error! };
    if (this.#take((rule) => isOf(rule, "twice", name), instanceId) === undefined) return { kind: "runs" };
    this.#answeredTwice.add(`${instanceId}:${taskId}`);
    return { kind: "runsTwice" };
  }

  /** For the hub: the faults of one host. @param isDead whether that host has died */
  planFor(isDead: () => boolean): FaultPlan {
    return (operation, _call, subject) => {
      if (isDead()) return { when: "before", error: new Error("the host is dead (injected)") };
      if (subject === undefined) return undefined;
      if (operation === "completeActivityWorkItem") return this.#answer(subject);
      if (operation === "completeOrchestrationWorkItem") return this.#checkpoint(subject);
      return undefined;
    };
  }

  #answer({ workItem, answer }: FaultSubject): BackendFault | undefined {
    if (!("delivered" in workItem) || answer === undefined) return undefined;
    const { event, target } = workItem.delivered.message;
    const name = event.type === "TaskScheduled" ? event.name : "";
    if (this.#take((rule) => isOf(rule, "dieAfter", name), target.instanceId) !== undefined) {
      this.#ports.die();
      return { when: "before", error: new Error("the host has died (injected)") };
    }
    if (this.#answeredTwice.delete(`${target.instanceId}:${event.eventId}`)) this.#ports.send(answer);
    return undefined;
  }

  #checkpoint({ workItem }: FaultSubject): BackendFault | undefined {
    if (!("messages" in workItem)) return undefined;
    const events = workItem.messages.flatMap(({ message: { event } }) =>
      event.type === "EventRaised" ? [event.name.toLowerCase()] : [],
    );
    const rule = this.#take(
      (each) => each.kind === "checkpoint" && (each.event === undefined || events.includes(each.event.toLowerCase())),
      workItem.instanceId,
    );
    if (rule?.kind !== "checkpoint") return undefined;
    if (rule.isDeadly) this.#ports.die();
    return rule.fault;
  }

  /** The first rule that applies, and that has not happened often enough. */
  #take(applies: (rule: ActivityRule | CheckpointRule) => boolean, instanceId: string) {
    for (const rule of this.#rules) {
      const { instance } = rule.options;
      const wanted = typeof instance === "object" ? instance.id : instance;
      if (rule.times === 0 || (wanted !== undefined && wanted !== instanceId) || !applies(rule)) continue;
      if (rule.skip-- > 0) continue;
      rule.times--;
      return rule;
    }
    return undefined;
  }
}

/** Without the place where the test has asked for it, so that histories do not tell of the test. */
function injectedError(message: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}`;
  return error;
}

export type ActivityFault =
  | { readonly kind: "runs" | "runsTwice" | "dies" }
  | { readonly kind: "fails"; readonly error: Error };

function isOf(rule: ActivityRule | CheckpointRule, kind: ActivityRule["kind"], name: string): boolean {
  return rule.kind === kind && rule.activity.toLowerCase() === name.toLowerCase();
}

function ruleOf(options: InjectionOptions, what: string): Rule {
  const { times = 1, skip = 0, instance } = options;
  if (times !== Number.POSITIVE_INFINITY) assertKind(times, "count", `'times' of ${what}`);
  if (skip !== 0) assertKind(skip, "count", `'skip' of ${what}`);
  if (instance !== undefined && typeof instance !== "string" && typeof instance?.id !== "string") {
    throw new DurableError("InvalidOption", `'instance' of ${what} must be an id, or what hub.start has given`);
  }
  return { options, times, skip };
}

function eventNameOf(what: unknown): string | undefined {
  if (typeof what !== "object" || what === null) return undefined;
  const { kind, name, event } = what as { readonly kind?: unknown; readonly name?: unknown; readonly event?: unknown };
  const found = kind === "event" ? name : event;
  return typeof found === "string" ? found : undefined;
}
