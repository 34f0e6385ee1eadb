import type { InstanceQuery } from "../../../core/orchestration-state.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { formatDate } from "../codec/wire-text.ts";
import { edm, odataString } from "../storage/table-row.ts";

/** The OData filter of an instance query, or `undefined` for all rows. */
export function instanceFilter(query: InstanceQuery): string | undefined {
  const conditions: string[] = [];
  if (query.createdTimeFrom) conditions.push(`CreatedTime ge datetime'${formatTime(query.createdTimeFrom)}'`);
  if (query.createdTimeTo) conditions.push(`CreatedTime le datetime'${formatTime(query.createdTimeTo)}'`);
  if (query.runtimeStatus !== undefined && query.runtimeStatus.length > 0) {
    conditions.push(
      [...new Set(query.runtimeStatus)].map((status) => `RuntimeStatus eq ${odataString(status)}`).join(" or "),
    );
  }
  if (query.instanceIdPrefix) {
    const prefix = escapeKey(query.instanceIdPrefix);
    conditions.push(`PartitionKey ge ${odataString(prefix)}`);
    const end = prefixEnd(prefix);
    if (end !== undefined) conditions.push(`PartitionKey lt ${odataString(end)}`);
  } else if (query.includeEntities !== true) {
    conditions.push("PartitionKey lt '@' or PartitionKey ge 'A'");
  }
  if (conditions.length <= 1) return conditions[0];
  return conditions.map((condition) => `(${condition})`).join(" and ");
}

/** The first key after all that begin with `prefix`, or `undefined` when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  const last = points.pop()?.codePointAt(0);
  if (last === undefined || last >= 0x10ffff) return undefined;
  // Surrogates are no characters of their own.
  const next = last === 0xd7ff ? 0xe000 : last + 1;
  return points.join("") + String.fromCodePoint(next);
}

function formatTime(date: Date): string {
  return edm
    .dateTime(formatDate(date))
    .value.replace(/(?:\.(\d+))?Z$/, (_, digits: string | undefined) => `.${(digits ?? "").padEnd(7, "0")}Z`);
}
