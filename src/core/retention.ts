import { DurableError } from "./errors.ts";
import { assertOptionNames } from "./option-names.ts";
import { isTerminalStatus, type OrchestrationRuntimeStatus, orchestrationStatuses } from "./orchestration-status.ts";
import { parseTimeSpan, type TimeSpanInput } from "./time-span.ts";

/** How long finished instances are kept. One worker of the hub at a time sees to it, in the background. */
export interface RetentionOptions {
  /** Instances that finished longer ago are purged, with all that they have kept. At least a second. */
  readonly olderThan: TimeSpanInput;
  /** Of these terminal statuses; entities never. @defaultValue all of them */
  readonly statuses?: readonly OrchestrationRuntimeStatus[] | undefined;
  /** Between two looks, a quarter more or less. @defaultValue 1 hour */
  readonly interval?: TimeSpanInput | undefined;
}

export interface RetentionPolicy {
  readonly olderThanMs: number;
  /** Terminal ones, at least one. */
  readonly statuses: readonly OrchestrationRuntimeStatus[];
  readonly intervalMs: number;
}

const hourMs = 60 * 60_000;
const leastMs = 1000;
const terminalStatuses = orchestrationStatuses.filter(isTerminalStatus);

/**
 * @param path names the option in errors: `'retention'`
 * @throws DurableError `InvalidOption` that names what is wrong
 */
export function resolveRetention(options: unknown, path: string): RetentionPolicy {
  assertOptionNames(options, ["olderThan", "statuses", "interval"], path);
  const { olderThan, statuses, interval } = options as { readonly [K in keyof RetentionOptions]?: unknown };
  return {
    olderThanMs: readTime(olderThan, `${path}.olderThan`),
    statuses: readStatuses(statuses, `${path}.statuses`),
    intervalMs: interval === undefined ? hourMs : readTime(interval, `${path}.interval`),
  };
}

function readTime(value: unknown, path: string): number {
  const ms = parseTimeSpan(value, path);
  if (ms >= leastMs) return ms;
  throw new DurableError("InvalidOption", `${path} must be a second or more, but is ${ms} ms`);
}

/** A list, or a text with commas, as the environment has it; names ignore case. */
function readStatuses(value: unknown, path: string): readonly OrchestrationRuntimeStatus[] {
  if (value === undefined || value === null) return terminalStatuses;
  const names: readonly unknown[] =
    typeof value === "string" ? value.split(",").map((name) => name.trim()) : asList(value);
  const found = names.map((name) => {
    return terminalStatuses.find((status) => typeof name === "string" && status.toLowerCase() === name.toLowerCase());
  });
  if (found.length > 0 && found.every((status) => status !== undefined)) return [...new Set(found)];
  const message = `${path} must be a list of ${terminalStatuses.join(", ")}, but is ${JSON.stringify(value)}`;
  throw new DurableError("InvalidOption", message);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [undefined];
}
