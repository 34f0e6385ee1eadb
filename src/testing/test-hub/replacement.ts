import type { InputOf, OutputOf } from "../../client/target-types.ts";
import { DurableError } from "../../core/errors.ts";
import { assertKind } from "../../core/option-names.ts";
import type { ActivityHandle, OrchestrationHandle } from "../../orchestration/handles.ts";
import { definitionOf } from "../../portable/definitions.ts";
import type { ActivityReference } from "../../portable/function-types.ts";
import type { ActivityContext, ActivityFunction } from "../../worker/activity-context.ts";

/** An activity by its handle, by its name, or as the function that it is in the portable SDK. */
export type TestedActivity = string | ActivityHandle<never, unknown> | ActivityReference;

/** What runs in place of an activity. */
export interface Replacement {
  /** Name of the activity. */
  readonly name: string;
  /** What runs in its place. */
  readonly code: ActivityFunction;
}

/** Given what the activity would be given, gives what the activity would give. */
export type ReplacementOf<Input, Output> = (input: Input, context: ActivityContext) => Output | Promise<Output>;

/**
 * Puts code in the place of an activity, typed by its handle.
 *
 * @example
 * const hub = createTestHub(app, { activities: [replace(chargeCard, (order) => ({ receipt: `r-${order.id}` }))] });
 * @example
 * replace(sendMail, hangs) // an activity that never ends by itself
 * @throws DurableError `InvalidOption`
 */
export function replace<Input, Output>(
  activity: ActivityHandle<Input, Output>,
  code: ReplacementOf<Input, Output>,
): Replacement;
export function replace<F extends ActivityReference>(
  activity: F,
  code: ReplacementOf<InputOf<F>, OutputOf<F>>,
): Replacement;
// biome-ignore lint/suspicious/noExplicitAny: of a name no types are known.
export function replace(activity: string, code: ReplacementOf<any, unknown>): Replacement;
export function replace(activity: unknown, code: unknown): Replacement {
  const name = activityNameOf(activity, "replace(activity, code)");
  assertKind(code, "function", `what replaces activity '${name}'`);
  return { name, code: code as ActivityFunction };
}

/**
 * The code of an activity that never ends by itself, only when its signal aborts: for time limits, lost races and
 * terminations. Time passes while it runs.
 *
 * @example
 * const hub = createTestHub(app, { activities: [replace(sendMail, hangs)] });
 */
export const hangs = (_input: unknown, { signal }: ActivityContext): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** @throws DurableError `InvalidOption` */
export function activityNameOf(activity: unknown, what: string): string {
  if (typeof activity === "string" && activity !== "") return activity;
  if (typeof activity === "function") return definitionOf("activity", activity).name;
  const { kind, name } = (activity ?? {}) as Partial<ActivityHandle<never, unknown>>;
  if (kind === "activity" && typeof name === "string") return name;
  throw new DurableError("InvalidOption", `${what} takes an activity: its handle, its name or its function`);
}

/** @throws DurableError `InvalidOption` */
export function orchestrationNameOf(orchestration: unknown, what: string): string {
  if (typeof orchestration === "string" && orchestration !== "") return orchestration;
  if (typeof orchestration === "function") return definitionOf("orchestration", orchestration).name;
  const { kind, name } = (orchestration ?? {}) as Partial<OrchestrationHandle<never, unknown>>;
  if (kind === "orchestration" && typeof name === "string") return name;
  throw new DurableError("InvalidOption", `${what} takes an orchestration: its handle, its name or its function`);
}
