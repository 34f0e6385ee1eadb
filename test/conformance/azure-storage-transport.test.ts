import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAzureTransport } from "../../src/backends/azure-storage/storage/azure-transport.ts";
import { parseConnectionString } from "../../src/backends/azure-storage/storage/connection-string.ts";
import { StorageClient } from "../../src/backends/azure-storage/storage/storage-client.ts";
import { storageClientKinds } from "../../src/backends/azure-storage/storage/storage-client-kind.ts";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { edm, type TableRow } from "../../src/backends/azure-storage/storage/table-row.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
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

describe.each(storageClientKinds)("through the client %s", (client) => {
  const open = (connectionString: string) =>
    new StorageClient(createAzureTransport(parseConnectionString(connectionString, "connectionString"), { client }));

  /** A storage account whose three services answer every request with one scripted reply. */
  async function answering<T>(
    reply: ScriptedReply,
    use: (storage: StorageClient, transport: StorageTransport) => Promise<T>,
    onRequest: (request: IncomingMessage) => void = () => undefined,
  ): Promise<T> {
    const server: Server = createServer((request, response) => {
      onRequest(request);
      request.resume().on("end", () => {
        response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
        response.end(JSON.stringify(reply.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
    try {
      const endpoints = ["Blob", "Queue", "Table"].map((service) => `${service}Endpoint=${url}`).join(";");
      const connection = parseConnectionString(`AccountName=account;AccountKey=a2V5;${endpoints}`, "connectionString");
      const transport = createAzureTransport(connection, { client });
      return await use(new StorageClient(transport), transport);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

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
      await storage.perform({ kind: "table.create", table: `PointReads${client}` });
      const row = {
        partitionKey: key,
        rowKey: key,
        columns: new Map([
          ["A", edm.string("1")],
          ["B", edm.int32(2)],
        ]),
      };
      const { etag } = await storage.require({ kind: "table.insert", table: `PointReads${client}`, row });
      const keys = { table: `PointReads${client}`, partitionKey: row.partitionKey, rowKey: key } as const;
      expect(await storage.require({ kind: "table.get", ...keys })).toEqual({ ...row, etag });
      const selected = await storage.require({ kind: "table.get", ...keys, select: ["B"] });
      expect(selected).toEqual({ ...row, etag, columns: new Map([["B", edm.int32(2)]]) });
      expect(await storage.perform({ kind: "table.get", ...keys, partitionKey: "other, and more" })).toMatchObject({
        outcome: "notFound",
      });
    },
  );

  it("long texts of many alphabets are kept to the character, however they come over the network", async () => {
    const storage = open(azurite.connectionString);
    await storage.require({ kind: "table.create", table: `LongTexts${client}` });
    for (const shift of [0, 1, 2, 3]) {
      const text = `${"x".repeat(shift)}${"aß世\u{1f680}\u2028é\ufffe".repeat(5000)}`
        .slice(0, 30_000)
        .replace(/[\ud800-\udbff]$/, "~");
      const columns = new Map([
        ["A", edm.string(text)],
        ["B", edm.string(text)],
      ]);
      const row: TableRow = { partitionKey: "p", rowKey: `r${shift}`, columns };
      const keys = { table: `LongTexts${client}`, partitionKey: "p", rowKey: row.rowKey };
      const { etag } = await storage.require({ kind: "table.insert", table: `LongTexts${client}`, row });
      const read = async () => (await storage.require({ kind: "table.get", ...keys })).columns;
      expect(await read()).toEqual(columns);
      await storage.require({ kind: "table.update", table: `LongTexts${client}`, row, mode: "replace", etag });
      expect(await read()).toEqual(columns);
      await storage.require({ kind: "table.upsert", table: `LongTexts${client}`, row, mode: "merge" });
      expect(await read()).toEqual(columns);
      const writes = [{ write: "upsert", mode: "replace", row } as const];
      await storage.require({ kind: "table.batch", table: `LongTexts${client}`, writes });
      expect(await read()).toEqual(columns);
    }
  });

  it("a row of a table that does not exist is not found", async () => {
    const storage = open(azurite.connectionString);
    const reply = await storage.perform({ kind: "table.get", table: "Missing", partitionKey: "p", rowKey: "r" });
    expect(reply).toMatchObject({ outcome: "notFound" });
  });

  const oneOfEach: readonly StorageRequest[] = [
    { kind: "queue.send", queue: "queue", text: "text", visibilityDelayMs: 0 },
    { kind: "table.insert", table: "Table", row: { partitionKey: "p", rowKey: "r", columns: new Map() } },
    {
      kind: "table.batch",
      table: "Table",
      writes: [{ write: "delete", row: { partitionKey: "p", rowKey: "r", columns: new Map() } }],
    },
    { kind: "table.get", table: "Table", partitionKey: "p", rowKey: "r" },
    { kind: "blob.put", container: "container", blob: "blob", content: Buffer.from("content") },
    { kind: "blob.get", container: "container", blob: "blob", maxBytes: 100 },
  ];

  it.each(oneOfEach)("a busy service is asked again when it says: $kind", async (request) => {
    const headers = { "retry-after": "7", "x-ms-error-code": "ServerBusy" };
    const body = { "odata.error": { code: "ServerBusy", message: { value: "busy\nRequestId: 1" } } };
    const reply = await answering({ status: 503, headers, body }, (_, transport) => transport(request, {}));
    expect(reply).toMatchObject({
      outcome: "failed",
      failure: { httpStatus: 503, errorCode: "ServerBusy", transient: true, answerLost: false, retryAfterMs: 7000 },
    });
  });

  it.each(oneOfEach)("a version of the protocol is asked for that is known everywhere: $kind", async (request) => {
    const versions: (string | undefined)[] = [];
    const note = ({ headers }: IncomingMessage) => versions.push(headers["x-ms-version"] as string);
    await answering({ status: 500, body: {} }, (_, transport) => transport(request, {}), note);
    expect(versions).toEqual(["2019-02-02"]);
  });

  it("a mistake of this package is not told as one of the storage", async () => {
    const storage = open(azurite.connectionString);
    const row = undefined as unknown as TableRow;
    await expect(storage.perform({ kind: "table.insert", table: `PointReads${client}`, row })).rejects.toMatchObject({
      code: "InternalError",
      message: expect.stringMatching(/^durable-functions-ts failed by itself while it asked storage \(table\.insert\)/),
    });
  });

  it("an emulator that checks versions is content", async () => {
    await using emulator = await startAzurite({ checksApiVersions: true });
    const storage = open(emulator.connectionString);
    await storage.require({ kind: "queue.create", queue: "queue" });
    await storage.require({ kind: "queue.send", queue: "queue", text: "text", visibilityDelayMs: 0 });
    const [message] = await storage.require({
      kind: "queue.receive",
      queue: "queue",
      maxMessages: 1,
      visibilityTimeoutMs: 1000,
    });
    expect(message?.text).toBe("text");
    await storage.require({ kind: "table.create", table: "Table" });
    await storage.require({ kind: "table.query", table: "Table" });
    const blob = { container: "container", blob: "blob" };
    await storage.require({ kind: "blob.createContainer", container: "container" });
    await storage.require({ kind: "blob.put", ...blob, content: Buffer.from("content") });
    expect(Buffer.from(await storage.require({ kind: "blob.get", ...blob, maxBytes: 100 })).toString()).toBe("content");
    expect(await storage.require({ kind: "blob.list", container: "container", prefix: "b" })).toMatchObject({
      names: ["blob"],
    });
  });
});
