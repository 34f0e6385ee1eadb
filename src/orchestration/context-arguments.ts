import { DurableError } from "../core/errors.ts";
import { assertOptions } from "../core/option-names.ts";
import type { TimeSpanInput } from "../core/time-span.ts";

// What code hands to its context, where other SDKs and earlier versions have other forms. All throw DurableError
// `InvalidOption`.

/** How `map` goes about it. */
export interface MapOptions {
  /** Most items under way at once. @defaultValue all */
  readonly concurrency?: number | undefined;
  /** Failures that do not fail it. @defaultValue none */
  readonly tolerate?: Tolerance | undefined;
}

/** So many failures, or that share of all items: `2`, `0.1`, `"10%"`. */
export type Tolerance = number | `${number}%`;

export function readMapPlan(
  options: MapOptions,
  itemCount: number,
): { readonly concurrency: number; readonly tolerated: number; readonly hasOutcomes: boolean } {
  assertOptions(options, { concurrency: "number", tolerate: "any" }, "map()");
  const { concurrency = Number.POSITIVE_INFINITY, tolerate } = options;
  if (!(concurrency >= 1)) {
    throw new DurableError("InvalidOption", `the concurrency of map() must be 1 or more, but got ${concurrency}`);
  }
  return { concurrency, tolerated: countTolerated(tolerate, itemCount), hasOutcomes: tolerate !== undefined };
}

function countTolerated(tolerate: unknown, itemCount: number): number {
  if (tolerate === undefined) return 0;
  const percent = typeof tolerate === "string" ? /^(\d+(?:\.\d+)?)\s*%$/.exec(tolerate)?.[1] : undefined;
  const share = percent === undefined ? tolerate : Number(percent) / 100;
  if (typeof share === "number" && share >= 0) {
    if (percent === undefined && (Number.isInteger(share) || share === Number.POSITIVE_INFINITY)) return share;
    // 10% of 20 is 2, whatever floating point makes of it.
    if (share <= 1) return Math.floor(Number((itemCount * share).toPrecision(12)));
  }
  throw new DurableError(
    "InvalidOption",
    `the 'tolerate' of map() must be a number of failures, or a share such as 0.1 or "10%", but got ${JSON.stringify(tolerate)}`,
  );
}

const parts: readonly string[] = ["days", "hours", "minutes", "seconds", "milliseconds"];

/** What stands behind the name of an event: `{ timeout }`, or the time span alone, as other SDKs take it. */
export function readEventTimeout([options, defaultValue]: readonly unknown[]): TimeSpanInput | undefined {
  if (defaultValue !== undefined) {
    const instead = "catch the TaskTimeout of waitForExternalEvent(name, { timeout }) instead";
    throw new DurableError("InvalidOption", `waitForExternalEvent takes no value for the end of its time: ${instead}`);
  }
  if (options === undefined) return undefined;
  const isSpan = ["string", "number"].includes(typeof options) || hasParts(options);
  const checked = (isSpan ? { timeout: options } : options) as { readonly timeout?: TimeSpanInput };
  assertOptions(checked, { timeout: "time span" }, "waitForExternalEvent");
  return checked.timeout;
}

function hasParts(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).some((name) => parts.includes(name));
}

/** Whether events are kept by `continueAsNew`: as an option, or a bare true or false, as other SDKs take it. */
export function readPreserve(given: unknown): boolean {
  if (given === undefined || typeof given === "boolean") return given ?? true;
  assertOptions(given, { preserveUnprocessedEvents: "flag" }, "continueAsNew");
  return (given as { readonly preserveUnprocessedEvents?: boolean }).preserveUnprocessedEvents ?? true;
}
