import type { StorageRequest } from "../backends/azure-storage/storage/storage-request.ts";
import type { EdmValue, TableRow, TableWrite } from "../backends/azure-storage/storage/table-row.ts";

/**
 * What the storage service would refuse in a request, by its documented limits of names, keys, sizes, characters, dates
 * and filters; empty for a request that it takes. The emulator takes many that it would not.
 */
export function violationsOf(request: StorageRequest): readonly string[] {
  const found: string[] = [];
  const check: Check = (holds, problem) => {
    if (!holds) found.push(problem());
  };
  if ("table" in request) checkTable(request, check);
  else if ("queue" in request) checkQueue(request, check);
  else checkBlob(request, check);
  return found;
}

type Check = (holds: boolean, problem: () => string) => void;
type OfService<Member extends string> = Extract<StorageRequest, Readonly<Record<Member, string>>>;

const maxKeyUnits = 512;
const maxTextUnits = 32_768;
const maxEntityBytes = 1024 * 1024;
const maxBatchBytes = 4 * 1024 * 1024;
const maxComparisons = 15;
const maxMessageBytes = 64 * 1024;
const maxDelaySeconds = 7 * 86_400;

function checkTable(request: OfService<"table">, check: Check): void {
  const { table } = request;
  check(/^[A-Za-z][A-Za-z0-9]{2,62}$/.test(table) && table !== "tables", () => `table name ${table}`);
  switch (request.kind) {
    case "table.query":
      checkFilter(request.filter ?? "", check);
      check(isWithin(request.pageSize ?? 1000, 1, 1000), () => `$top of ${request.pageSize}`);
      return;
    case "table.deleteRow":
      checkETag(request.etag ?? "*", check);
      checkKey("PartitionKey", request.partitionKey, check);
      checkKey("RowKey", request.rowKey, check);
      return;
    case "table.get":
      checkKey("PartitionKey", request.partitionKey, check);
      checkKey("RowKey", request.rowKey, check);
      return;
    case "table.insert":
    case "table.upsert":
      checkRow(request.row, check);
      return;
    case "table.update":
      checkRow(request.row, check);
      checkETag(request.etag, check);
      return;
    case "table.batch":
      checkBatch(request.writes, check);
  }
}

function checkBatch(writes: readonly TableWrite[], check: Check): void {
  check(isWithin(writes.length, 1, 100), () => `batch of ${writes.length} writes`);
  check(new Set(writes.map(({ row }) => row.partitionKey)).size <= 1, () => "batch over several partitions");
  check(new Set(writes.map(({ row }) => row.rowKey)).size === writes.length, () => "batch with one row twice");
  const bytes = writes.reduce((sum, { row }) => sum + bodyBytes(row), 0);
  check(bytes < maxBatchBytes, () => `batch of ${bytes} bytes`);
  for (const write of writes) {
    checkRow(write.row, check);
    if (write.write === "update") checkETag(write.etag, check);
  }
}

/** Of one operation in the body of a batch: JSON, the keys in its URL, and about as much around it as the SDK writes. */
function bodyBytes({ partitionKey, rowKey, columns }: TableRow): number {
  const members = [...columns].map(([name, { value }]) => ({ [name]: value, [`${name}@odata.type`]: "Edm.DateTime" }));
  const json = JSON.stringify({ PartitionKey: partitionKey, RowKey: rowKey, ...Object.assign({}, ...members) });
  const url = partitionKey.toWellFormed() + rowKey.toWellFormed();
  return Buffer.byteLength(json) + encodeURIComponent(url).length + 700;
}

function checkETag(etag: string, check: Check): void {
  check(etag === "*" || /^W\/"datetime'[^']+'"$/.test(etag), () => `ETag ${etag}`);
}

function checkKey(name: string, key: string, check: Check): void {
  check(key.length <= maxKeyUnits, () => `${name} of ${key.length} units`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that keys must not hold
  check(!/[/\\#?\u0000-\u001f\u007f-\u009f]/.test(key), () => `${name} with a forbidden character`);
}

function checkRow({ partitionKey, rowKey, columns }: TableRow, check: Check): void {
  checkKey("PartitionKey", partitionKey, check);
  checkKey("RowKey", rowKey, check);
  check(columns.size <= 252, () => `row of ${columns.size} columns`);
  let bytes = 4 + 2 * (partitionKey.length + rowKey.length);
  for (const [name, value] of columns) {
    check(/^[\p{L}_][\p{L}\p{N}_]{0,254}$/u.test(name), () => `column name ${name}`);
    checkValue(name, value, check);
    bytes += 8 + 2 * name.length + (typeof value.value === "string" ? 4 + 2 * value.value.length : 8);
  }
  check(bytes <= maxEntityBytes, () => `row of ${bytes} bytes`);
}

function checkValue(name: string, { type, value }: EdmValue, check: Check): void {
  switch (type) {
    case "String":
      return check(value.length <= maxTextUnits, () => `${name} of ${value.length} units`);
    case "DateTime":
      return check(isDateTime(value), () => `${name} of ${value}`);
    case "Int32":
      return check((value | 0) === value, () => `${name} of ${value}`);
    case "Int64":
      return check(/^-?\d{1,19}$/.test(value), () => `${name} of ${value}`);
    case "Guid":
      return check(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value), () => `${name} of ${value}`);
    case "Double":
      return check(Number.isFinite(value), () => `${name} of ${value}`);
    case "Binary":
      return check(Buffer.from(value, "base64").byteLength <= 2 * maxTextUnits, () => `${name} is too long`);
    case "Boolean":
  }
}

function isDateTime(text: string): boolean {
  const isText = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(text);
  return isText && text >= "1601" && !Number.isNaN(Date.parse(text));
}

function checkFilter(filter: string, check: Check): void {
  // A text may look like a date of the filter: texts are read over, from the left.
  for (const [, date] of filter.matchAll(/\bdatetime'([^']*)'|'(?:[^']|'')*'/g)) {
    check(date === undefined || isDateTime(date), () => `date ${date} in a filter`);
  }
  const comparisons = filter.replace(/'(?:[^']|'')*'/g, "''").match(/\b(?:eq|ne|gt|ge|lt|le)\b/g)?.length ?? 0;
  check(comparisons <= maxComparisons, () => `filter of ${comparisons} comparisons`);
}

function checkQueue(request: OfService<"queue">, check: Check): void {
  checkContainerName("queue", request.queue, check);
  switch (request.kind) {
    case "queue.send":
      checkText(request.text, check);
      checkDelay(request.visibilityDelayMs, 0, check);
      return;
    case "queue.receive":
      check(isWithin(request.maxMessages, 1, 32), () => `receive of ${request.maxMessages} messages`);
      checkDelay(request.visibilityTimeoutMs, 1, check);
      return;
    case "queue.update":
      check(request.popReceipt !== "", () => "update without a pop receipt");
      if (request.text !== undefined) checkText(request.text, check);
      checkDelay(request.visibilityTimeoutMs, 0, check);
      return;
    case "queue.deleteMessage":
      check(request.popReceipt !== "", () => "deletion without a pop receipt");
  }
}

function checkText(text: string, check: Check): void {
  const bytes = Buffer.byteLength(text);
  check(bytes <= maxMessageBytes, () => `message of ${bytes} bytes`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML has no form for
  const isXml = text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text);
  check(isXml, () => "message with a character that XML cannot hold");
}

function checkDelay(ms: number, minSeconds: number, check: Check): void {
  check(isWithin(Math.ceil(ms / 1000), minSeconds, maxDelaySeconds), () => `visibility timeout of ${ms} ms`);
}

function checkBlob(request: OfService<"container">, check: Check): void {
  checkContainerName("container", request.container, check);
  if ("leaseId" in request && request.leaseId !== undefined) checkLeaseId(request.leaseId, check);
  if (request.kind === "blob.changeLease") checkLeaseId(request.newLeaseId, check);
  if (request.kind === "blob.acquireLease") {
    const { durationSeconds } = request;
    const isLength = Number.isInteger(durationSeconds) && (durationSeconds === -1 || isWithin(durationSeconds, 15, 60));
    check(isLength, () => `lease of ${durationSeconds} seconds`);
  }
  if (!("blob" in request) || request.blob === undefined) return;
  const { blob } = request;
  check(isWithin(blob.length, 1, 1024), () => `blob name of ${blob.length} units`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that blob names must not hold
  check(blob.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(blob), () => `blob name ${blob}`);
  const segments = blob.split("/");
  check(segments.length <= 254, () => `blob name of ${segments.length} segments`);
  check(!segments.some((segment) => segment === "." || segment === ".."), () => `blob name ${blob}`);
  if (request.kind === "blob.putBlock") checkBlocks([request.blockId], check);
  if (request.kind === "blob.putBlockList") checkBlocks(request.blockIds, check);
}

function checkBlocks(ids: readonly string[], check: Check): void {
  check(isWithin(ids.length, 1, 50_000), () => `list of ${ids.length} blocks`);
  check(new Set(ids.map((id) => id.length)).size <= 1, () => "block ids of several lengths");
  for (const id of ids) {
    const isId = /^[A-Za-z0-9+/]+={0,2}$/.test(id) && isWithin(Buffer.from(id, "base64").byteLength, 1, 64);
    check(isId, () => `block id ${id}`);
  }
}

function checkLeaseId(leaseId: string, check: Check): void {
  check(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(leaseId), () => `lease id ${leaseId}`);
}

function checkContainerName(what: string, name: string, check: Check): void {
  check(/^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/.test(name), () => `${what} name ${name}`);
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
