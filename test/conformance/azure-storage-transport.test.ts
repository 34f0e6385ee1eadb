import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureTransport } from "../../src/backends/azure-storage/storage/azure-transport.ts";
import { parseConnectionString } from "../../src/backends/azure-storage/storage/connection-string.ts";
import { StorageClient } from "../../src/backends/azure-storage/storage/storage-client.ts";
import { edm } from "../../src/backends/azure-storage/storage/table-row.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

const open = (connectionString: string) =>
  new StorageClient(createAzureTransport(parseConnectionString(connectionString, "connectionString")));

/** A table service that answers every request with one scripted reply. */
async function answering<T>(
  reply: { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown },
  use: (storage: StorageClient) => Promise<T>,
): Promise<T> {
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
      response.end(JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  try {
    const endpoints = ["Blob", "Queue", "Table"].map((service) => `${service}Endpoint=${url}`).join(";");
    return await use(open(`AccountName=account;AccountKey=a2V5;${endpoints}`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const serviceRow = {
  "odata.etag": "W/\"datetime'1'\"",
  PartitionKey: "p",
  RowKey: "",
  Name: "hello",
  Output: null,
  CustomStatus: null,
  "CustomStatus@odata.type": "Edm.String",
  CompletedTime: null,
  "CompletedTime@odata.type": "Edm.DateTime",
};
const columnsOfServiceRow = new Map([["Name", edm.string("hello")]]);

it("a selected column that a row lacks is absent, as the service answers a query and a point read", async () => {
  const page = await answering({ body: { value: [serviceRow] } }, (storage) =>
    storage.require({ kind: "table.query", table: "T", select: ["Name", "Output", "CustomStatus", "CompletedTime"] }),
  );
  expect(page.rows).toEqual([
    { partitionKey: "p", rowKey: "", etag: "W/\"datetime'1'\"", columns: columnsOfServiceRow },
  ]);
  const row = await answering({ body: serviceRow }, (storage) =>
    storage.require({ kind: "table.get", table: "T", partitionKey: "p", rowKey: "", select: ["Name", "Output"] }),
  );
  expect(row).toMatchObject({ partitionKey: "p", rowKey: "", columns: columnsOfServiceRow });
});

it("an empty page with half a token is followed by another", async () => {
  const headers = { "x-ms-continuation-NextPartitionKey": "1!4!cA--" };
  const page = await answering({ headers, body: { value: [] } }, (storage) =>
    storage.require({ kind: "table.query", table: "T" }),
  );
  expect(page.rows).toEqual([]);
  expect(page.continuationToken).toEqual(expect.any(String));
});

const oddKeys = ["", "it's", "🌍 世界", "%2F+ & =", "a,b)", "..", "''", "x".repeat(512)];

it.each(oddKeys.map((key) => [key.slice(0, 20), key]))(
  "a row is read by its keys, whatever they hold: %j",
  async (_, key) => {
    const storage = open(azurite.connectionString);
    await storage.perform({ kind: "table.create", table: "PointReads" });
    const row = {
      partitionKey: key,
      rowKey: key,
      columns: new Map([
        ["A", edm.string("1")],
        ["B", edm.int32(2)],
      ]),
    };
    const { etag } = await storage.require({ kind: "table.insert", table: "PointReads", row });
    const keys = { table: "PointReads", partitionKey: row.partitionKey, rowKey: key } as const;
    expect(await storage.require({ kind: "table.get", ...keys })).toEqual({ ...row, etag });
    const selected = await storage.require({ kind: "table.get", ...keys, select: ["B"] });
    expect(selected).toEqual({ ...row, etag, columns: new Map([["B", edm.int32(2)]]) });
    expect(await storage.perform({ kind: "table.get", ...keys, partitionKey: "other, and more" })).toMatchObject({
      outcome: "notFound",
    });
  },
);

it("a row of a table that does not exist is not found", async () => {
  const storage = open(azurite.connectionString);
  const reply = await storage.perform({ kind: "table.get", table: "Missing", partitionKey: "p", rowKey: "r" });
  expect(reply).toMatchObject({ outcome: "notFound" });
});
