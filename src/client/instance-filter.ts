import { DurableError } from "../core/errors.ts";
import { assertConditions } from "../core/instance-conditions.ts";
import type { InstanceConditions as StoredConditions } from "../core/orchestration-state.ts";
import type { InstanceConditions } from "./client-options.ts";

const shortOf = {
  createdTimeFrom: "createdFrom",
  createdTimeTo: "createdTo",
  lastUpdatedTimeFrom: "lastUpdatedFrom",
  lastUpdatedTimeTo: "lastUpdatedTo",
  completedTimeFrom: "completedFrom",
  completedTimeTo: "completedTo",
} as const;

/** The conditions among the options of a caller. @throws DurableError `InvalidOption` that names the option */
export function conditionsOf(filter: InstanceConditions): Omit<StoredConditions, "includeEntities"> {
  const { runtimeStatus, instanceIdPrefix, name, tags } = filter;
  const times: { -readonly [Name in keyof typeof shortOf]?: Date | undefined } = {};
  for (const [long, short] of Object.entries(shortOf) as [keyof typeof shortOf, keyof InstanceConditions][]) {
    if (filter[long] !== undefined && filter[short] !== undefined) {
      throw new DurableError("InvalidOption", `'${short}' and '${long}' say the same: give one of them`);
    }
    times[long] = (filter[long] ?? filter[short]) as Date | undefined;
  }
  const conditions = { ...times, runtimeStatus, instanceIdPrefix, name, tags };
  assertConditions(conditions);
  return conditions;
}
