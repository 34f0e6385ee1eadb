import type { EdmValue, TableRow } from "./table-row.ts";

/** A row as the SDK takes it. */
type Entity = { partitionKey: string; rowKey: string } & Record<string, EdmValue | string>;

export function toEntity(row: TableRow): Entity {
  return { ...Object.fromEntries(row.columns), partitionKey: row.partitionKey, rowKey: row.rowKey };
}

const rowMembers = new Set(["partitionKey", "rowKey", "etag", "timestamp", "odata.metadata"]);

/**
 * A row as the SDK hands it over when it is told to leave types alone. A selected column that the row lacks is absent,
 * although the service answers it as `null`, with or without a type.
 */
export function fromEntity(entity: Readonly<Record<string, unknown>>): TableRow {
  const columns = new Map<string, EdmValue>();
  for (const [name, value] of Object.entries(entity)) {
    const column = rowMembers.has(name) ? undefined : fromWireValue(value);
    if (column !== undefined) columns.set(name, column);
  }
  return {
    partitionKey: String(entity["partitionKey"]),
    rowKey: String(entity["rowKey"]),
    etag: entity["etag"] as string | undefined,
    columns,
  };
}

/** Numbers and booleans come as texts. */
export function fromWireValue(wire: unknown): EdmValue | undefined {
  const { type, value } = (wire ?? {}) as { readonly type?: string; readonly value?: unknown };
  if (type === undefined || value === undefined || value === null) return undefined;
  if (type === "Int32" || type === "Double") return { type, value: Number(value) };
  if (type === "Boolean") return { type, value: value === true || value === "true" };
  return { type: type as "String", value: String(value) };
}
