import { DurableError } from "../core/errors.ts";
import { assertOptions, type OptionKinds } from "../core/option-names.ts";
import { type OrchestrationRuntimeStatus, orchestrationStatuses } from "../core/orchestration-status.ts";
import type { ReuseOptions, ReusePolicy } from "./client-options.ts";

type Statuses = readonly OrchestrationRuntimeStatus[];

const policyKinds: OptionKinds<ReusePolicy> = { replaceableStatuses: "statuses", action: "any" };
const actions: readonly unknown[] = [undefined, "error", "ignore", "terminate"];

/** What a start is told. */
export interface ResolvedReuse {
  /** @defaultValue the terminal ones */
  readonly reusableStatuses: Statuses | undefined;
  /** An instance that is not replaced is what the start gives. */
  readonly givesExisting: boolean;
}

/**
 * @param what whose options they are
 * @throws DurableError `InvalidOption`
 */
export function resolveReuse(options: ReuseOptions, what: string): ResolvedReuse {
  const { reusableStatuses, dedupeStatuses, reusePolicy = {} } = options;
  assertOptions(reusePolicy, policyKinds, `'reusePolicy' of ${what}`);
  const { replaceableStatuses, action } = reusePolicy;
  if (!actions.includes(action)) {
    const message = `'action' of 'reusePolicy' of ${what} must be "error", "ignore" or "terminate", but got ${JSON.stringify(action)}`;
    throw new DurableError("InvalidOption", message);
  }
  const given = [reusableStatuses, dedupeStatuses, options.reusePolicy].filter((each) => each !== undefined);
  if (given.length > 1) {
    const message = `'reusableStatuses', 'dedupeStatuses' and 'reusePolicy' of ${what} say the same: give one of them`;
    throw new DurableError("InvalidOption", message);
  }
  const replaced =
    dedupeStatuses === undefined
      ? (reusableStatuses ?? replaceableStatuses)
      : orchestrationStatuses.filter((status) => !dedupeStatuses.includes(status));
  return {
    reusableStatuses: action === "terminate" ? orchestrationStatuses : replaced,
    givesExisting: action === "ignore",
  };
}
