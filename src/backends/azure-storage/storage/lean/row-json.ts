import { fromWireValue } from "../table-entity.ts";
import type { EdmValue, TableRow } from "../table-row.ts";

/** A row by its keys, below the address of the service. */
export function rowPath(table: string, { partitionKey, rowKey }: Pick<TableRow, "partitionKey" | "rowKey">): string {
  const keys = `PartitionKey='${encodeKey(partitionKey)}',RowKey='${encodeKey(rowKey)}'`;
  return `${encodeURIComponent(table)}(${keys})`;
}

function encodeKey(key: string): string {
  return encodeURIComponent(key.replaceAll("'", "''"));
}

/** The body of a request with one row. */
export function formatRow(row: TableRow): string {
  return escapeInJson(rowToJson(row), "row");
}

export function rowToJson({ partitionKey, rowKey, columns }: TableRow): string {
  const entity: Record<string, string | number | boolean> = {};
  for (const [name, { type, value }] of columns) {
    entity[name] = value;
    entity[`${name}@odata.type`] = `Edm.${type}`;
  }
  entity["PartitionKey"] = partitionKey;
  entity["RowKey"] = rowKey;
  return JSON.stringify(entity);
}

/**
 * In JSON any character can as well be escaped. The emulator takes a batch apart by lines and fails on those that
 * JavaScript counts as line breaks; of any other request it decodes each piece that comes from the network by itself, and
 * so breaks a character that lies in two of them.
 */
export function escapeInJson(text: string, body: "row" | "batch"): string {
  return text.replace(
    body === "batch" ? /[\u0085\u2028\u2029\ufffe\uffff]/g : /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const types = new Set(["Binary", "Boolean", "DateTime", "Double", "Guid", "Int32", "Int64", "String"]);
const rowMembers = new Set(["PartitionKey", "RowKey", "Timestamp"]);

/**
 * A row as the service writes it. A selected column that the row lacks is absent, although the service answers it as
 * `null`, with or without a type. @throws SyntaxError
 */
export function readRow(json: unknown): TableRow {
  const entity = toObject(json);
  const columns = new Map<string, EdmValue>();
  for (const name of Object.keys(entity)) {
    if (rowMembers.has(name) || name.startsWith("odata.") || name.includes("@odata.type")) continue;
    const value = entity[name];
    const column = fromWireValue({ type: typeOf(entity[`${name}@odata.type`], value), value });
    if (column !== undefined) columns.set(name, column);
  }
  return {
    partitionKey: String(entity["PartitionKey"]),
    rowKey: String(entity["RowKey"]),
    etag: entity["odata.etag"] as string | undefined,
    columns,
  };
}

/** Texts, numbers and booleans have no type of their own beside them. */
function typeOf(stated: unknown, value: unknown): string | undefined {
  if (typeof stated === "string") {
    const type = stated.replace(/^Edm\./, "");
    if (!types.has(type)) throw new SyntaxError("it has a column of an unknown type");
    return type;
  }
  if (typeof value === "string") return "String";
  if (typeof value === "boolean") return "Boolean";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "Int32" : "Double";
  return undefined;
}

/** @throws SyntaxError */
export function toObject(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new SyntaxError("it is no object");
  return json as Record<string, unknown>;
}
