import { isDurableError } from "../../core/errors.ts";
import type { DurableTask } from "../../orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../orchestration/orchestrator.ts";
import { LockingRulesViolationError } from "./locking-rules-violation-error.ts";
import { RegisteredTask } from "./registered-task.ts";

type AnyGenerator = Generator<unknown, unknown, unknown>;

/** Calls that a critical section may forbid. */
const guardedCalls: ReadonlySet<PropertyKey> = new Set([
  "lock",
  "callEntity",
  "signalEntity",
  "callSubOrchestrator",
  "callSubOrchestratorWithRetry",
  "startNewOrchestration",
]);
const combinators: ReadonlySet<PropertyKey> = new Set(["all", "any", "race", "allSettled"]);

/**
 * An orchestrator as code written for `durable-functions` 3.x has it: it may wait for calls of registered functions, which
 * know no context, and it may set what is read-only here.
 */
export function adaptOrchestrator(handler: (context: never) => unknown): Orchestrator {
  return (context) => {
    const tasks = new RegisteredTasks(context);
    const started = handler(createView(context, tasks) as never);
    return isGenerator(started) ? drive(started, tasks) : started;
  };
}

/** The tasks of one execution that were made by calls of registered functions. */
class RegisteredTasks {
  readonly #context: OrchestrationContext;
  readonly #byTask = new Map<unknown, RegisteredTask>();

  constructor(context: OrchestrationContext) {
    this.#context = context;
  }

  /** The task behind a call; anything else as it is. */
  bind(value: unknown): unknown {
    if (!RegisteredTask.isRegisteredTask(value)) return value;
    const task: DurableTask<unknown> = value.bind(this.#context);
    this.#byTask.set(task, value);
    return task;
  }

  /** What the orchestrator knows the winner of an `any` by. */
  unbind(value: unknown): unknown {
    if (this.#byTask.size === 0) return value;
    return Array.isArray(value) ? value.map((item) => this.#byTask.get(item) ?? item) : this.#nameOf(value);
  }

  #nameOf(value: unknown): unknown {
    return this.#byTask.get(value) ?? value;
  }
}

function* drive(generator: AnyGenerator, tasks: RegisteredTasks): AnyGenerator {
  let step = generator.next();
  while (step.done !== true) {
    let result: unknown;
    try {
      result = yield tasks.bind(step.value);
    } catch (error) {
      step = generator.throw(error);
      continue;
    }
    step = generator.next(tasks.unbind(result));
  }
  return step.value;
}

/** The context with what differs; members that its code adds stay with it. */
function createView(context: OrchestrationContext, tasks: RegisteredTasks): OrchestrationContext {
  const own = new Map<PropertyKey, unknown>();
  let mayBeLocked = false;
  const combinator = (name: PropertyKey) => {
    const combine = Reflect.get(context, name) as (...args: unknown[]) => unknown;
    return (list: unknown, ...rest: unknown[]) =>
      combine.call(context, Array.isArray(list) ? list.map((task) => tasks.bind(task)) : list, ...rest);
  };
  const member = (name: PropertyKey): unknown => {
    if (combinators.has(name)) return combinator(name);
    const value: unknown = Reflect.get(context, name, context);
    if (typeof value !== "function") return value;
    const call = (...args: unknown[]): unknown => value.apply(context, args);
    if (!guardedCalls.has(name)) return call;
    return (...args: unknown[]) => {
      try {
        const result = call(...args);
        mayBeLocked ||= name === "lock";
        return result;
      } catch (error) {
        if (!mayBeLocked || !isDurableError(error, "OrchestrationMisuse")) throw error;
        throw new LockingRulesViolationError(error.message, { cause: error });
      }
    };
  };
  const view: OrchestrationContext = new Proxy(context, {
    get(_target, name) {
      if (own.has(name)) return own.get(name);
      const value = member(name);
      // Others change from one episode to the next.
      if (typeof value === "function") own.set(name, value);
      return value;
    },
    set(_target, name, value: unknown) {
      if (name === "customStatus") context.setCustomStatus(value);
      else own.set(name, value);
      return true;
    },
    has: (_target, name) => own.has(name) || Reflect.has(context, name),
  });
  own.set("df", view);
  own.set("Task", Object.fromEntries([...combinators].map((name) => [name, combinator(name)])));
  return view;
}

/** Compilers to old targets make generators without a prototype of that name. */
function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null || Symbol.asyncIterator in value) return false;
  const { next, throw: fail } = value as Partial<AnyGenerator>;
  return typeof next === "function" && typeof fail === "function";
}
