import { DurableError } from "../../core/errors.ts";
import type { UserLogger } from "../../core/ports.ts";
import type { OrchestrationContext as ReplayedContext } from "../../orchestration/orchestration-context.ts";
import type { ActivityContext } from "../../worker/activity-context.ts";
import type { EntityContext, OrchestrationContext } from "../function-contexts.ts";
import { markCode } from "./function-json-contract.ts";
import { adaptOrchestrator, createContextView } from "./generator-orchestrator.ts";

/** Writes a line, and has a function for each other level. */
export interface FunctionJsonLog {
  (...args: readonly unknown[]): void;
  /** Writes a line at level `error`. */
  error(...args: readonly unknown[]): void;
  /** Writes a line at level `warn`. */
  warn(...args: readonly unknown[]): void;
  /** Writes a line at level `info`. */
  info(...args: readonly unknown[]): void;
  /** Writes a line at level `trace`. */
  verbose(...args: readonly unknown[]): void;
}

/** What functions with a function.json are given, as far as it says what they are. */
export interface FunctionJsonContext {
  /** Id of this call. */
  readonly invocationId: string;
  /** What is called. */
  readonly executionContext: {
    /** Id of this call. */
    readonly invocationId: string;
    /** Name of the function. */
    readonly functionName: string;
    /** Folder of the function.json. */
    readonly functionDirectory: string;
  };
  /** What bindings of the direction `in` have brought, and where those of the direction `out` are put, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: bindings have no types there.
  readonly bindings: { [name: string]: any };
  /** What the trigger tells besides, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: bindings have no types there.
  readonly bindingData: { [name: string]: any };
  /** Writes lines of the log. */
  readonly log: FunctionJsonLog;
}

type WithLog<Context> = Omit<Context, "log"> & { readonly log: FunctionJsonLog };

/** The context of an orchestration with a function.json. */
export type FunctionJsonOrchestrationContext = WithLog<OrchestrationContext>;

/** The context of an entity with a function.json. */
export type FunctionJsonEntityContext<State = unknown> = WithLog<EntityContext<State>>;

/**
 * Makes the export of a module an orchestration, for a folder with a function.json whose trigger is
 * `orchestrationTrigger`. Apps of the v4 model register by `df.app.orchestration` or {@link DFApp}.
 *
 * @example
 * module.exports = df.orchestrator(function* (context) {
 *   return yield context.df.callActivity("SayHello", "Tokyo");
 * });
 * @throws DurableError `InvalidOption`
 */
export function orchestrator(
  // biome-ignore lint/suspicious/noExplicitAny: what a `yield` gives back has no common type.
  handler: (context: FunctionJsonOrchestrationContext) => Generator<unknown, unknown, any>,
): (context: FunctionJsonContext) => void {
  assertFunction(handler, "orchestrator");
  const code = adaptOrchestrator(handler, (context: ReplayedContext) => ({ log: createLog(context) }));
  return markCode(notCalled("orchestration"), { kind: "orchestration", code });
}

/**
 * Makes the export of a module an entity, for a folder with a function.json whose trigger is `entityTrigger`.
 *
 * @example
 * module.exports = df.entity((context) => {
 *   const value = context.df.getState(() => 0);
 *   if (context.df.operationName === "add") context.df.setState(value + context.df.getInput());
 *   else context.df.return(value);
 * });
 * @throws DurableError `InvalidOption`
 */
export function entity<State = unknown>(
  handler: (context: FunctionJsonEntityContext<State>) => unknown,
): (context: FunctionJsonContext) => void {
  assertFunction(handler, "entity");
  const code = async (context: object): Promise<void> => {
    const own = new Map<PropertyKey, unknown>();
    const view = createContextView(context, own);
    own.set("df", view);
    own.set("log", createLog(context as UserLogger));
    await handler(view as FunctionJsonEntityContext<State>);
  };
  return markCode(notCalled("entity"), { kind: "entity", code });
}

/**
 * Makes the export of a module an activity that is given its input first, for a folder with a function.json whose trigger
 * is `activityTrigger`. A plain function is one too, which is given a context with bindings first.
 *
 * @example
 * module.exports = df.activity((city) => `Hello ${city}!`);
 * @throws DurableError `InvalidOption`
 */
export function activity<Input = unknown>(
  handler: (input: Input, context: ActivityContext) => unknown,
): (context: FunctionJsonContext) => void {
  assertFunction(handler, "activity");
  return markCode(notCalled("activity"), { kind: "activity", code: handler });
}

/** A log of the form that functions with a function.json know. */
export function createLog(logger: UserLogger): FunctionJsonLog {
  return Object.assign((...args: readonly unknown[]) => logger.info(...args), {
    error: (...args: readonly unknown[]) => logger.error(...args),
    warn: (...args: readonly unknown[]) => logger.warn(...args),
    info: (...args: readonly unknown[]) => logger.info(...args),
    verbose: (...args: readonly unknown[]) => logger.debug(...args),
  });
}

/** What the export does where a host knows nothing of the mark. */
function notCalled(kind: string): () => never {
  return () => {
    throw new DurableError(
      "NotSupported",
      `this ${kind} is for a folder with a function.json, which 'npx durable start' runs; elsewhere register it by df.app.${kind}`,
    );
  };
}

function assertFunction(handler: unknown, what: string): void {
  if (typeof handler !== "function") throw new DurableError("InvalidOption", `df.${what} takes a function`);
}
