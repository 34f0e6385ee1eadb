import { earliestDate, latestDate } from "../../../core/date-range.ts";

/** A typed table value, as it is on the wire. Dates are texts: JavaScript dates lose their last four digits. */
export type EdmValue =
  | { readonly type: "String" | "DateTime" | "Guid" | "Int64" | "Binary"; readonly value: string }
  | { readonly type: "Int32" | "Double"; readonly value: number }
  | { readonly type: "Boolean"; readonly value: boolean };

export interface TableRow {
  readonly partitionKey: string;
  readonly rowKey: string;
  /** Present on rows that were read. */
  readonly etag?: string | undefined;
  readonly columns: ReadonlyMap<string, EdmValue>;
}

export type TableWrite =
  | { readonly write: "insert"; readonly row: TableRow }
  | { readonly write: "upsert"; readonly row: TableRow; readonly mode: "merge" | "replace" }
  | { readonly write: "update"; readonly row: TableRow; readonly mode: "merge" | "replace"; readonly etag: string }
  | { readonly write: "delete"; readonly row: TableRow };

export const edm = {
  string: (value: string): EdmValue => ({ type: "String", value }),
  int32: (value: number): EdmValue => ({ type: "Int32", value }),
  boolean: (value: boolean): EdmValue => ({ type: "Boolean", value }),
  /** `value` is ISO 8601 with a `Z`, up to seven fraction digits. What a table cannot hold becomes the nearest it can. */
  dateTime: (value: string): EdmValue & { readonly type: "DateTime" } => ({
    type: "DateTime",
    value: clampText(value),
  }),
};

/** Years of other than four digits have a sign. */
function clampText(iso: string): string {
  if (iso.startsWith("+")) return latestDate.toISOString();
  return iso.startsWith("-") || iso < "1601" ? earliestDate.toISOString() : iso;
}

export function readString(row: TableRow, column: string): string | undefined {
  const value = row.columns.get(column);
  return typeof value?.value === "string" ? value.value : undefined;
}

export function readInt(row: TableRow, column: string): number | undefined {
  const value = row.columns.get(column)?.value;
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) ? number : undefined;
}

export function readBoolean(row: TableRow, column: string): boolean | undefined {
  const value = row.columns.get(column)?.value;
  return typeof value === "boolean" ? value : undefined;
}

/** A time without an offset is in UTC, as .NET stores what it takes for UTC. */
export function readDate(row: TableRow, column: string): Date | undefined {
  const text = readString(row, column);
  if (text === undefined) return undefined;
  const isLocal = /\d[T ]\d/i.test(text) && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(text.trim());
  const date = new Date(isLocal ? `${text.trim()}Z` : text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** A text as an OData string literal. */
export function odataString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
