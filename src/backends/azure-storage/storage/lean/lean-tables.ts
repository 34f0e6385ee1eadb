import { systemRandom } from "../../../../core/system-ports.ts";
import type { StorageConnection } from "../storage-connection.ts";
import type { StorageHandlers } from "../storage-handlers.ts";
import type { TableRow } from "../table-row.ts";
import { escapeInJson, formatRow, readRow, rowPath, toObject } from "./row-json.ts";
import { readBody, ServiceCaller } from "./service-caller.ts";
import { formatBatch, readBatch } from "./table-batch.ts";

export function openLeanTables(connection: StorageConnection, maxConnections: number): StorageHandlers<"table"> {
  const service = new ServiceCaller(connection, "table", maxConnections);
  const write = async (
    method: "PUT" | "PATCH",
    { table, row }: { readonly table: string; readonly row: TableRow },
    signal: AbortSignal,
    condition: Readonly<Record<string, string>> = {},
  ) => {
    const { headers } = await service.call({
      method,
      expects: [204],
      path: rowPath(table, row),
      headers: { ...acceptJson, "content-type": "application/json", ...condition },
      body: formatRow(row),
      signal,
    });
    return { etag: headers.etag ?? "" };
  };

  return {
    "table.create": async ({ table }, signal) => {
      try {
        const body = JSON.stringify({ TableName: table });
        await service.call({
          method: "POST",
          expects: [201, 204],
          path: "Tables",
          headers: insertHeaders,
          body,
          signal,
        });
      } catch (error) {
        const { statusCode, code } = error as { readonly statusCode?: unknown; readonly code?: unknown };
        if (statusCode !== 409 || code !== "TableAlreadyExists") throw error;
      }
      return undefined;
    },
    "table.delete": async ({ table }, signal) => {
      try {
        const path = `Tables('${encodeURIComponent(table)}')`;
        await service.call({ method: "DELETE", expects: [204], path, headers: acceptJson, signal });
      } catch (error) {
        if ((error as { readonly statusCode?: unknown }).statusCode !== 404) throw error;
      }
      return undefined;
    },
    "table.query": async ({ table, filter, select, pageSize = 1000, continuationToken }, signal) => {
      const query: [string, string][] = [["$top", String(Math.min(1000, pageSize))]];
      if (select !== undefined) query.push(["$select", select.join(",")]);
      if (filter !== undefined) query.push(["$filter", filter]);
      if (continuationToken !== undefined) query.push(...readToken(continuationToken));
      const path = `${encodeURIComponent(table)}()`;
      const answer = await service.call({ method: "GET", expects: [200], path, query, headers: acceptJson, signal });
      const { headers } = answer;
      const rows = await readBody(answer, (body) => {
        const { value } = toObject(JSON.parse(body));
        if (!Array.isArray(value)) throw new SyntaxError("it has no rows");
        return value.map(readRow);
      });
      const nextPartitionKey = headers["x-ms-continuation-nextpartitionkey"] as string | undefined;
      const nextRowKey = headers["x-ms-continuation-nextrowkey"] as string | undefined;
      return { rows, continuationToken: formatToken(nextPartitionKey, nextRowKey) };
    },
    "table.get": async ({ table, partitionKey, rowKey, select }, signal) => {
      const answer = await service.call({
        method: "GET",
        expects: [200],
        path: rowPath(table, { partitionKey, rowKey }),
        query: select === undefined ? [] : [["$select", select.join(",")]],
        headers: acceptJson,
        signal,
      });
      return { ...(await readBody(answer, (body) => readRow(JSON.parse(body)))), partitionKey, rowKey };
    },
    "table.insert": async ({ table, row }, signal) => {
      const path = encodeURIComponent(table);
      const body = formatRow(row);
      const { headers } = await service.call({
        method: "POST",
        expects: [201, 204],
        path,
        headers: insertHeaders,
        body,
        signal,
      });
      return { etag: headers.etag ?? "" };
    },
    "table.upsert": (request, signal) => write(request.mode === "merge" ? "PATCH" : "PUT", request, signal),
    "table.update": (request, signal) =>
      write(request.mode === "merge" ? "PATCH" : "PUT", request, signal, { "if-match": request.etag }),
    "table.deleteRow": async ({ table, partitionKey, rowKey, etag = "*" }, signal) => {
      const path = rowPath(table, { partitionKey, rowKey });
      await service.call({
        method: "DELETE",
        expects: [204],
        path,
        headers: { ...acceptJson, "if-match": etag },
        signal,
      });
      return undefined;
    },
    "table.batch": async ({ table, writes }, signal) => {
      const id = systemRandom.guid();
      const answer = await service.call({
        method: "POST",
        expects: [202],
        path: "$batch",
        headers: {
          accept: "application/json",
          "content-type": `multipart/mixed; boundary=batch_${id}`,
          dataserviceversion: "3.0",
          maxdataserviceversion: "3.0;NetFx",
        },
        body: escapeInJson(formatBatch(id, `${service.endpoint}/`, table, writes), "batch"),
        signal,
      });
      return { etags: await readBatch(answer, writes.length) };
    },
  };
}

/** With the types that JSON alone does not tell. */
const acceptJson = { accept: "application/json;odata=minimalmetadata", dataserviceversion: "3.0" };
const insertHeaders = {
  ...acceptJson,
  "content-type": "application/json;odata=nometadata",
  prefer: "return-no-content",
};

/** The text of the token is the one that the SDK makes: pages of one are continued by the other. */
function formatToken(nextPartitionKey: string | undefined, nextRowKey: string | undefined): string | undefined {
  if (!nextPartitionKey) return undefined;
  const token = { nextPartitionKey, ...(nextRowKey && { nextRowKey }) };
  return Buffer.from(JSON.stringify(token)).toString("base64");
}

function readToken(text: string): [string, string][] {
  const token = JSON.parse(Buffer.from(text, "base64").toString("latin1")) as Record<string, string | undefined>;
  const { nextPartitionKey, nextRowKey } = token;
  const query: [string, string][] = [];
  if (nextPartitionKey !== undefined) query.push(["NextPartitionKey", nextPartitionKey]);
  if (nextRowKey !== undefined) query.push(["NextRowKey", nextRowKey]);
  return query;
}
