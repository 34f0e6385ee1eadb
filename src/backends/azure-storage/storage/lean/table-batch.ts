import type { TableWrite } from "../table-row.ts";
import { type HttpAnswer, unpack } from "./http-sender.ts";
import { rowPath, rowToJson } from "./row-json.ts";
import { malformedAnswer, readTold, toServiceError } from "./service-error.ts";

/** A batch is one change set: requests that are done together or not at all, each written out with its head. */
export function formatBatch(id: string, baseUrl: string, table: string, writes: readonly TableWrite[]): string {
  const lines = [`--batch_${id}`, `Content-Type: multipart/mixed; boundary=changeset_${id}`, ""];
  for (const write of writes) {
    lines.push(`--changeset_${id}`, "Content-Type: application/http", "Content-Transfer-Encoding: binary", "");
    lines.push(...formatWrite(baseUrl, table, write));
  }
  lines.push(`--changeset_${id}--`, `--batch_${id}--`, "");
  return lines.join("\r\n");
}

function formatWrite(baseUrl: string, table: string, write: TableWrite): string[] {
  const { row } = write;
  const accept = "Accept: application/json;odata=minimalmetadata";
  const version = "DataServiceVersion: 3.0";
  if (write.write === "insert") {
    const type = "Content-Type: application/json;odata=nometadata";
    const head = [`POST ${baseUrl}${encodeURIComponent(table)} HTTP/1.1`, accept, version, type];
    return [...head, "Prefer: return-no-content", "", rowToJson(row)];
  }
  const url = `${baseUrl}${rowPath(table, row)}`;
  if (write.write === "delete") return [`DELETE ${url} HTTP/1.1`, accept, version, "If-Match: *", "", ""];
  const method = write.mode === "merge" ? "PATCH" : "PUT";
  const head = [`${method} ${url} HTTP/1.1`, accept, version, "Content-Type: application/json"];
  if (write.write === "update") head.push(`If-Match: ${write.etag}`);
  return [...head, "", rowToJson(row)];
}

/**
 * The tags of the rows, in the order of the writes.
 *
 * @throws ServiceError of the write that was refused, and with it the others
 */
export async function readBatch(answer: HttpAnswer, writes: number): Promise<readonly (string | undefined)[]> {
  const text = (await unpack(answer).catch(() => Buffer.alloc(0))).toString("utf8");
  const boundary = /(?:^|\n)Content-Type:[ \t]*multipart\/mixed;[ \t]*boundary="?([^"\s;]+)/i.exec(text)?.[1];
  if (boundary === undefined) throw malformedAnswer(answer, "it is no answer to a batch");
  const parts = text.split(`--${boundary}`).slice(1, -1);
  // Lines end with a line feed and nothing else: keys, which stand in them, may hold what a regular expression counts.
  const etags = parts.map((part) => {
    const status = Number(/\nHTTP\/1\.[01] (\d{3})/.exec(part)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw malformedAnswer(answer, "a part of it has no status");
    if (status >= 300) {
      // The head of the part ends with an empty line, and its body begins.
      const body = /\r?\n\r?\n(\{[\s\S]*\})\s*$/.exec(part)?.[1] ?? "";
      throw toServiceError(status, answer.headers, readTold(body));
    }
    return /\nETag:[ \t]*([^\r\n]*)/i.exec(part)?.[1]?.trim() || undefined;
  });
  if (etags.length !== writes) throw malformedAnswer(answer, `it has ${etags.length} parts for ${writes} writes`);
  return etags;
}
