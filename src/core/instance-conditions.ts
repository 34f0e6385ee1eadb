import { DurableError } from "./errors.ts";
import type { InstanceConditions, InstanceQuery, OrchestrationState } from "./orchestration-state.ts";
import { orchestrationStatuses } from "./orchestration-status.ts";

/** More than any id or name has that a hub can keep. */
const maxTextUnits = 1024;

const timeConditions = [
  "createdTimeFrom",
  "createdTimeTo",
  "lastUpdatedTimeFrom",
  "lastUpdatedTimeTo",
  "completedTimeFrom",
  "completedTimeTo",
] as const satisfies readonly (keyof InstanceConditions)[];

/** `true` for an instance that meets all conditions. The same for every store. */
export function matchesConditions(state: OrchestrationState, conditions: InstanceConditions): boolean {
  const { runtimeStatus, instanceIdPrefix, name, includeEntities } = conditions;
  if (runtimeStatus !== undefined && runtimeStatus.length > 0 && !runtimeStatus.includes(state.runtimeStatus)) {
    return false;
  }
  if (!isWithin(state.createdTime, conditions.createdTimeFrom, conditions.createdTimeTo)) return false;
  if (!isWithin(state.lastUpdatedTime, conditions.lastUpdatedTimeFrom, conditions.lastUpdatedTimeTo)) return false;
  if (!isWithin(state.completedTime, conditions.completedTimeFrom, conditions.completedTimeTo)) return false;
  if (name !== undefined && state.name !== name) return false;
  if (!hasTags(state, conditions)) return false;
  if (instanceIdPrefix) return state.instanceId.startsWith(instanceIdPrefix);
  return includeEntities === true || !state.instanceId.startsWith("@");
}

/** @param at absent meets no bound */
function isWithin(at: Date | undefined, from: Date | undefined, to: Date | undefined): boolean {
  if (from === undefined && to === undefined) return true;
  return at !== undefined && (from === undefined || at >= from) && (to === undefined || at <= to);
}

function hasTags(state: OrchestrationState, { tags }: InstanceConditions): boolean {
  return Object.entries(tags ?? {}).every(([key, value]) => {
    return state.tags !== undefined && Object.hasOwn(state.tags, key) && state.tags[key] === value;
  });
}

/**
 * Checks what comes from outside before a store makes a filter of it.
 *
 * @throws DurableError `InvalidOption` that names the condition
 */
export function assertConditions(conditions: InstanceConditions): void {
  for (const name of timeConditions) {
    const at: unknown = conditions[name];
    if (at === undefined || (at instanceof Date && !Number.isNaN(at.getTime()))) continue;
    throw invalid(name, "a valid Date", at);
  }
  const known: readonly unknown[] = orchestrationStatuses;
  for (const status of conditions.runtimeStatus ?? []) {
    if (!known.includes(status))
      throw invalid("runtimeStatus", `a list of ${orchestrationStatuses.join(", ")}`, status);
  }
  assertText("instanceIdPrefix", conditions.instanceIdPrefix);
  assertText("name", conditions.name);
  for (const [key, value] of Object.entries(conditions.tags ?? {})) {
    if (typeof value !== "string") throw invalid(`tags.${key}`, "a text", value);
  }
}

/** @throws DurableError `InvalidOption` that names the option */
export function assertInstanceQuery(query: InstanceQuery): void {
  assertConditions(query);
  assertCount("pageSize", query.pageSize);
  assertCount("maxPageBytes", query.maxPageBytes);
  const token: unknown = query.continuationToken;
  if (token !== undefined && typeof token !== "string") throw invalid("continuationToken", "a text", token);
}

function assertText(name: string, text: unknown): void {
  if (text === undefined) return;
  if (typeof text !== "string") throw invalid(name, "a text", text);
  if (text.length > maxTextUnits) throw invalid(name, `of at most ${maxTextUnits} characters`, text.length);
  if (!text.isWellFormed()) throw invalid(name, "well-formed Unicode", "a lone surrogate");
}

function assertCount(name: string, count: unknown): void {
  if (count === undefined || (typeof count === "number" && Number.isSafeInteger(count) && count > 0)) return;
  throw invalid(name, "a whole number above 0", count);
}

function invalid(name: string, wanted: string, seen: unknown): DurableError {
  return new DurableError("InvalidOption", `'${name}' must be ${wanted}, but got ${String(seen)}`);
}
