import {
  AzureNamedKeyCredential,
  AzureSASCredential,
  TableClient,
  type TableServiceClientOptions,
  type TransactionAction,
} from "./azure-sdk.ts";
import { followsNoRedirects } from "./sdk-redirects.ts";
import { serviceVersionOf } from "./service-version.ts";
import type { StorageConnection } from "./storage-connection.ts";
import type { StorageHandlers } from "./storage-handlers.ts";
import { fromEntity, toEntity } from "./table-entity.ts";
import type { TableWrite } from "./table-row.ts";

export function openTables(connection: StorageConnection): StorageHandlers<"table"> {
  const { credential, tableEndpoint } = connection;
  const options = {
    retryOptions: { maxRetries: 0 },
    ...followsNoRedirects,
    version: serviceVersionOf(credential),
    // Azurite is reached over http.
    allowInsecureConnection: tableEndpoint.startsWith("http:"),
  };
  const open = (table: string) => {
    const client = createClient(connection, table, options);
    client.pipeline.addPolicy(asciiPolicy, { afterPhase: "Serialize" });
    return client;
  };
  const clients = new Map<string, TableClient>();
  const tableOf = ({ table }: { readonly table: string }) => {
    const client = clients.get(table) ?? open(table);
    clients.set(table, client);
    return client;
  };

  return {
    "table.create": async (request, abortSignal) => {
      await tableOf(request).createTable({ abortSignal });
      return undefined;
    },
    "table.delete": async (request, abortSignal) => {
      await tableOf(request).deleteTable({ abortSignal });
      return undefined;
    },
    "table.query": async (request, abortSignal) => {
      const pages = tableOf(request)
        .listEntities<Record<string, unknown>>({
          abortSignal,
          disableTypeConversion: true,
          queryOptions: {
            ...(request.filter !== undefined && { filter: request.filter }),
            ...(request.select !== undefined && { select: [...request.select] }),
          },
        })
        .byPage({
          maxPageSize: Math.min(1000, request.pageSize ?? 1000),
          ...(request.continuationToken !== undefined && { continuationToken: request.continuationToken }),
        });
      const { value: page } = await pages.next();
      if (page === undefined) return { rows: [], continuationToken: undefined };
      return { rows: page.map(fromEntity), continuationToken: page.continuationToken };
    },
    "table.get": async (request, abortSignal) => {
      const { partitionKey, rowKey, select } = request;
      const entity = await tableOf(request).getEntity<Record<string, unknown>>(partitionKey, rowKey, {
        abortSignal,
        disableTypeConversion: true,
        ...(select !== undefined && { queryOptions: { select: [...select] } }),
      });
      return { ...fromEntity(entity), partitionKey, rowKey };
    },
    "table.insert": async (request, abortSignal) => {
      const response = await tableOf(request).createEntity(toEntity(request.row), { abortSignal });
      return { etag: response.etag ?? "" };
    },
    "table.upsert": async (request, abortSignal) => {
      const response = await tableOf(request).upsertEntity(toEntity(request.row), modeOf(request), { abortSignal });
      return { etag: response.etag ?? "" };
    },
    "table.update": async (request, abortSignal) => {
      const response = await tableOf(request).updateEntity(toEntity(request.row), modeOf(request), {
        abortSignal,
        etag: request.etag,
      });
      return { etag: response.etag ?? "" };
    },
    "table.deleteRow": async (request, abortSignal) => {
      const { partitionKey, rowKey, etag = "*" } = request;
      await tableOf(request).deleteEntity(partitionKey, rowKey, { abortSignal, etag });
      return undefined;
    },
    "table.batch": async (request, abortSignal) => {
      const response = await tableOf(request).submitTransaction(request.writes.map(toAction), { abortSignal });
      return { etags: response.subResponses.map((part) => part.etag) };
    },
  };
}

function createClient(connection: StorageConnection, table: string, options: TableServiceClientOptions): TableClient {
  const { credential, tableEndpoint } = connection;
  switch (credential.kind) {
    case "accountKey": {
      const key = new AzureNamedKeyCredential(credential.accountName, credential.accountKey);
      return new TableClient(tableEndpoint, table, key, options);
    }
    case "sharedAccessSignature":
      return new TableClient(tableEndpoint, table, new AzureSASCredential(credential.queries.table), options);
    case "token":
      return new TableClient(tableEndpoint, table, credential.tokens, options);
  }
}

/**
 * Bodies are JSON, where any character can as well be escaped. The emulator takes a batch apart by lines and fails on
 * those that JavaScript counts as line breaks; of any other request it decodes each piece that comes from the network by
 * itself, and so breaks a character that lies in two of them.
 */
const asciiPolicy: PipelinePolicy = {
  name: "ascii",
  sendRequest(request, next) {
    if (typeof request.body === "string") {
      const isBatch = request.headers.get("content-type")?.startsWith("multipart/") === true;
      request.body = request.body.replace(
        isBatch ? /[\u0085\u2028\u2029\ufffe\uffff]/g : /[\u0080-\uffff]/g,
        (char) => {
          return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
        },
      );
      request.headers.set("content-length", Buffer.byteLength(request.body));
    }
    return next(request);
  },
};

type PipelinePolicy = Parameters<TableClient["pipeline"]["addPolicy"]>[0];

function modeOf({ mode }: { readonly mode: "merge" | "replace" }): "Merge" | "Replace" {
  return mode === "merge" ? "Merge" : "Replace";
}

function toAction(write: TableWrite): TransactionAction {
  const entity = toEntity(write.row);
  switch (write.write) {
    case "insert":
      return ["create", entity];
    case "delete":
      return ["delete", entity];
    case "upsert":
      return ["upsert", entity, modeOf(write)];
    case "update":
      return ["update", entity, modeOf(write), { etag: write.etag }];
  }
}
