import { isDurableError } from "../../core/errors.ts";
import type { DurableTask } from "../../orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../orchestration/orchestrator.ts";
import { showWrittenCode } from "../../worker/registry.ts";
import { LockingRulesViolationError } from "./locks.ts";
import { RegisteredTask } from "./registered-task.ts";

type Call = (...args: unknown[]) => unknown;
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
 *
 * @param membersOf further members of its context
 */
export function adaptOrchestrator(
  handler: (context: never) => unknown,
  membersOf: (context: OrchestrationContext) => Readonly<Record<string, unknown>> = () => ({}),
): Orchestrator {
  const adapted: Orchestrator = (context) => {
    const tasks = new RegisteredTasks(context);
    const started = handler(createView(context, tasks, membersOf(context)) as never);
    return isGenerator(started) ? drive(started, tasks) : started;
  };
  return showWrittenCode(adapted, handler);
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

/** The context as 3.x code may use it. */
function createView(
  context: OrchestrationContext,
  tasks: RegisteredTasks,
  members: Readonly<Record<string, unknown>>,
): OrchestrationContext {
  const own = new Map<PropertyKey, unknown>(Object.entries(members));
  let mayBeLocked = false;
  const guarded = (call: Call, isLock: boolean): Call => {
    return (...args) => {
      try {
        const result = call(...args);
        mayBeLocked ||= isLock;
        return result;
      } catch (error) {
        if (!mayBeLocked || !isDurableError(error, "OrchestrationMisuse")) throw error;
        throw new LockingRulesViolationError(error.message, { cause: error });
      }
    };
  };
  const view = createContextView(context, own, {
    wrap: (name, call) => {
      if (combinators.has(name)) {
        return (list, ...rest) => call(Array.isArray(list) ? list.map((task) => tasks.bind(task)) : list, ...rest);
      }
      return guardedCalls.has(name) ? guarded(call, name === "lock") : call;
    },
    set: (name, value) => {
      if (name === "customStatus") context.setCustomStatus(value);
      return name === "customStatus";
    },
  });
  own.set("df", view);
  own.set("Task", Object.fromEntries([...combinators].map((name) => [name, Reflect.get(view, name)])));
  return view;
}

/** Compilers to old targets make generators without a prototype of that name. */
function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null || Symbol.asyncIterator in value) return false;
  const { next, throw: fail } = value as Partial<AnyGenerator>;
  return typeof next === "function" && typeof fail === "function";
}

/**
 * A context with what differs for code that was written for another SDK. Members that the code adds stay with it.
 *
 * @param own members that stand before those of the context
 * @param options.wrap makes what the code calls of a method
 * @param options.set takes an assignment, and says so
 */
export function createContextView<T extends object>(
  context: T,
  own: Map<PropertyKey, unknown>,
  options: {
    readonly wrap?: (name: PropertyKey, call: Call) => Call;
    readonly set?: (name: PropertyKey, value: unknown) => boolean;
  } = {},
): T {
  const { wrap = (_name: PropertyKey, call: Call) => call, set = () => false } = options;
  return new Proxy(context, {
    get(_target, name) {
      if (own.has(name)) return own.get(name);
      const value: unknown = Reflect.get(context, name, context);
      // Values change from one episode to the next; methods are of the object behind.
      if (typeof value !== "function") return value;
      const call = wrap(name, (...args) => value.apply(context, args) as unknown);
      own.set(name, call);
      return call;
    },
    set(_target, name, value: unknown) {
      if (!set(name, value)) own.set(name, value);
      return true;
    },
    has: (_target, name) => own.has(name) || Reflect.has(context, name),
  });
}
