import type { InstanceConditions } from "../../../core/orchestration-state.ts";
import { type OrchestrationRuntimeStatus, orchestrationStatuses } from "../../../core/orchestration-status.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { formatDate } from "../codec/wire-text.ts";
import { edm, odataString } from "../storage/table-row.ts";

/** A filter travels in a URL. */
const maxFilteredUnits = 256;
/** Statuses that are named one by one; more are named by those that are not meant: a filter has 15 comparisons at most. */
const maxNamedStatuses = orchestrationStatuses.length / 2;

/**
 * The OData filter of an instance query, or `undefined` for all rows. Where {@link needsLook} says so, not all rows that it
 * finds are meant.
 *
 * @param after the partition key behind which the search begins
 */
export function instanceFilter(conditions: InstanceConditions, after?: string): string | undefined {
  const filters = [
    ...timeFilters("CreatedTime", conditions.createdTimeFrom, conditions.createdTimeTo),
    ...timeFilters("LastUpdatedTime", conditions.lastUpdatedTimeFrom, conditions.lastUpdatedTimeTo),
    ...timeFilters("CompletedTime", conditions.completedTimeFrom, conditions.completedTimeTo),
    ...statusFilters(conditions.runtimeStatus),
    ...nameFilters(conditions.name),
    ...keyFilters(conditions, after),
  ];
  if (filters.length <= 1) return filters[0];
  return filters.map((filter) => `(${filter})`).join(" and ");
}

/** `true` when a row that the filter finds has to be looked at: it may not be meant all the same. */
export function needsLook({ name, tags }: InstanceConditions): boolean {
  return (name !== undefined && !isFilterable(name)) || Object.keys(tags ?? {}).length > 0;
}

function timeFilters(column: string, from: Date | undefined, to: Date | undefined): readonly string[] {
  const filters: string[] = [];
  if (from) filters.push(`${column} ge datetime'${formatTime(from)}'`);
  if (to) filters.push(`${column} le datetime'${formatTime(to)}'`);
  return filters;
}

function statusFilters(asked: readonly OrchestrationRuntimeStatus[] | undefined): readonly string[] {
  const meant = new Set(asked);
  const others = orchestrationStatuses.filter((status) => !meant.has(status));
  if (meant.size === 0 || others.length === 0) return [];
  const compare = (operator: string) => (status: string) => `RuntimeStatus ${operator} ${odataString(status)}`;
  return [
    meant.size <= maxNamedStatuses
      ? [...meant].map(compare("eq")).join(" or ")
      : others.map(compare("ne")).join(" and "),
  ];
}

function nameFilters(name: string | undefined): readonly string[] {
  return name === undefined || !isFilterable(name) ? [] : [`Name eq ${odataString(name)}`];
}

/** Control characters and long texts are nothing for a URL. */
function isFilterable(text: string): boolean {
  return text.length <= maxFilteredUnits && !/[\p{Cc}\u2028\u2029\p{Noncharacter_Code_Point}]/u.test(text);
}

function keyFilters({ instanceIdPrefix, includeEntities }: InstanceConditions, after: string | undefined): string[] {
  const filters: string[] = [];
  const begin = instanceIdPrefix ? escapeKey(instanceIdPrefix) : "";
  if (after !== undefined && after >= begin) filters.push(`PartitionKey gt ${odataString(after)}`);
  else if (begin !== "") filters.push(`PartitionKey ge ${odataString(begin)}`);
  const end = prefixEnd(begin);
  if (end !== undefined) filters.push(`PartitionKey lt ${odataString(end)}`);
  if (begin === "" && includeEntities !== true) filters.push("PartitionKey lt '@' or PartitionKey ge 'A'");
  return filters;
}

/**
 * The first key after all that begin with `prefix`, or `undefined` when there is none. Keys are ordered by their UTF-16
 * units, so that the characters beyond the first plane come before the last ones of it.
 */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (;;) {
    const last = points.pop()?.codePointAt(0);
    if (last === undefined) return undefined;
    const next = pointAfter(last);
    if (next !== undefined) return points.join("") + String.fromCodePoint(next);
  }
}

function pointAfter(point: number): number | undefined {
  if (point === 0xd7ff) return 0x10000;
  if (point === 0x10ffff) return 0xe000;
  return point === 0xffff ? undefined : point + 1;
}

function formatTime(date: Date): string {
  return edm
    .dateTime(formatDate(date))
    .value.replace(/(?:\.(\d+))?Z$/, (_, digits: string | undefined) => `.${(digits ?? "").padEnd(7, "0")}Z`);
}
