import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createAzureTransport } from "../../src/backends/azure-storage/storage/azure-transport.ts";
import { parseConnectionString } from "../../src/backends/azure-storage/storage/connection-string.ts";
import {
  type StorageClientKind,
  storageClientKinds,
} from "../../src/backends/azure-storage/storage/storage-client-kind.ts";
import type { StorageConnection } from "../../src/backends/azure-storage/storage/storage-connection.ts";
import type {
  StorageReply,
  StorageRequest,
  StorageTransport,
} from "../../src/backends/azure-storage/storage/storage-request.ts";

/** What the server does with a connection that has brought a request. */
let answer: (socket: Socket) => void;
let server: Server;
const sockets = new Set<Socket>();
let requests = 0;

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, head))?.[1] ?? 0);
      if (received.length < head + 4 + length) return;
      received = "";
      requests++;
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
const signature = "sv=2019-02-02&ss=bqt&srt=sco&sp=rwdlacup&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D";

function connect(credential = `AccountName=account;AccountKey=${key}`): StorageConnection {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  const endpoints = ["Blob", "Queue", "Table"].map((service) => `${service}Endpoint=${url}`).join(";");
  return parseConnectionString(`${credential};${endpoints}`, "it");
}

const opened = new Map<StorageClientKind, StorageTransport>();
function open(client: StorageClientKind): StorageTransport {
  const transport = opened.get(client) ?? createAzureTransport(connect(), { client });
  opened.set(client, transport);
  return transport;
}

const row = { partitionKey: "p", rowKey: "r", columns: new Map() };
const asked: readonly StorageRequest[] = [
  { kind: "queue.create", queue: "queue" },
  { kind: "queue.count", queue: "queue" },
  { kind: "queue.send", queue: "queue", text: "text", visibilityDelayMs: 0 },
  { kind: "queue.receive", queue: "queue", maxMessages: 1, visibilityTimeoutMs: 1000 },
  { kind: "queue.update", queue: "queue", messageId: "1", popReceipt: "2", visibilityTimeoutMs: 0 },
  { kind: "queue.deleteMessage", queue: "queue", messageId: "1", popReceipt: "2" },
  { kind: "table.create", table: "Table" },
  { kind: "table.delete", table: "Table" },
  { kind: "table.query", table: "Table" },
  { kind: "table.get", table: "Table", partitionKey: "p", rowKey: "r" },
  { kind: "table.insert", table: "Table", row },
  { kind: "table.update", table: "Table", row, mode: "merge", etag: "*" },
  { kind: "table.deleteRow", table: "Table", partitionKey: "p", rowKey: "r" },
  { kind: "table.batch", table: "Table", writes: [{ write: "delete", row }] },
  { kind: "blob.createContainer", container: "container" },
  { kind: "blob.put", container: "container", blob: "blob", content: Buffer.from("content") },
  { kind: "blob.get", container: "container", blob: "blob", maxBytes: 100 },
  { kind: "blob.list", container: "container", prefix: "" },
  { kind: "blob.acquireLease", container: "container", leaseId: "1", durationSeconds: 15 },
];

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An answer and then the end of the connection. */
const whole = ({ status, headers = {}, body = "" }: Answer) => {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ "content-length": String(bytes.byteLength), ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Status\r\nconnection: close\r\n${head}\r\n`), bytes]);
};

/** As the services refuse: tables in JSON, the others in XML. */
const refusing =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  (kind: string) => {
    const text = `${code} told.\nRequestId:1\nTime:2`;
    const isTable = kind.startsWith("table.");
    const json = JSON.stringify({ "odata.error": { code, message: { lang: "en-US", value: text } } });
    const xml = `\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${text}</Message></Error>`;
    return whole({
      status,
      headers: {
        "content-type": isTable ? "application/json" : "application/xml",
        "x-ms-error-code": code,
        ...headers,
      },
      body: isTable ? json : xml,
    });
  };

const html = "<html><body><h1>Please sign in<br></h1></body></html>";
const page =
  (status: number, headers: Record<string, string> = {}) =>
  () =>
    whole({ status, headers: { "content-type": "text/html", ...headers }, body: html });

/** What is on the wire, by the kind that was asked; a socket that is reset after it, where that is said. */
const alike: readonly [string, (kind: string) => Buffer][] = [
  ...[400, 401, 403, 413, 429, 500, 503].map(
    (status) => [`a refusal ${status}`, refusing(status, "SomeCode")] as [string, (kind: string) => Buffer],
  ),
  ["404", refusing(404, "ResourceNotFound")],
  ["409", refusing(409, "EntityAlreadyExists")],
  ["409 of a table", refusing(409, "TableAlreadyExists")],
  ["409 of one that is being deleted", refusing(409, "TableBeingDeleted")],
  ["409 that is none", refusing(409, "OperationTimedOut")],
  ["412", refusing(412, "UpdateConditionNotSatisfied")],
  ["400 of a receipt", refusing(400, "PopReceiptMismatch")],
  ["503 with seconds", refusing(503, "ServerBusy", { "retry-after": "7" })],
  [
    "503 with a date",
    refusing(503, "ServerBusy", {
      "retry-after": "Wed, 24 Jun 2026 10:00:07 GMT",
      date: "Wed, 24 Jun 2026 10:00:05 GMT",
    }),
  ],
  ["500 without a body", () => whole({ status: 500, headers: { "x-ms-error-code": "InternalError" } })],
  ["502 of a proxy", page(502)],
  ["a redirect", page(302, { location: "http://127.0.0.1:1/elsewhere" })],
  ["a redirect that keeps the method", page(307, { location: "http://127.0.0.1:1/elsewhere" })],
  ["nothing", () => Buffer.alloc(0)],
  ["half a head", () => Buffer.from("HTTP/1.1 200 OK\r\ncontent-le")],
  ["what is no HTTP", () => Buffer.from("SSH-2.0-OpenSSH_9.6\r\n\r\n")],
];

/** What both say alike: not the words of a proxy, which the SDK hands on, and we do not. */
function comparable(reply: StorageReply): object {
  if (reply.outcome === "done") return reply;
  if (reply.outcome !== "failed") return { ...reply, errorCode: nameOf(reply.errorCode) };
  const { cause: _, message, errorCode, ...rest } = reply.failure;
  return { ...rest, errorCode: nameOf(errorCode), message: message.includes("told.") ? message : "no words" };
}

/** Where the service gives no code, the SDKs have the name of a class. */
function nameOf(errorCode: string): string {
  return ["RestError", "BadGateway", "Found", "TemporaryRedirect"].includes(errorCode) ? "none" : errorCode;
}

describe.each(alike)("%s", (_, bytesFor) => {
  it.each(asked)("is the same to both clients: $kind", async (request) => {
    answer = (socket) => socket.end(bytesFor(request.kind));
    requests = 0;
    const [lean, sdk] = [await open("lean")(request, {}), await open("sdk")(request, {})];
    expect(requests).toBe(2);
    // Of a batch the SDK reads no header.
    const isUnnamed = request.kind === "table.batch" && "failure" in sdk && sdk.failure.errorCode === "RestError";
    expect(comparable(lean)).toEqual(
      isUnnamed ? { ...comparable(sdk), errorCode: expect.any(String) } : comparable(sdk),
    );
    expect(describeFailure(lean)).not.toMatch(/c2VjcmV0|Signature|SharedKey/);
  });
});

function describeFailure(reply: StorageReply): string {
  if (reply.outcome !== "failed") return JSON.stringify(reply);
  const { cause, ...failure } = reply.failure;
  return JSON.stringify([failure, cause, String(cause), Object.entries(cause as object)]);
}

/** Where the SDK believes what it should not, fails by itself or repeats words of others, ours are surely no success. */
const better: readonly [string, (kind: string) => Buffer, object][] = [
  [
    "a page to sign in",
    page(200),
    { httpStatus: 200, errorCode: "MalformedAnswer", transient: false, answerLost: true },
  ],
  [
    "an empty success",
    () => whole({ status: 200 }),
    { httpStatus: 200, errorCode: "MalformedAnswer", transient: false, answerLost: true },
  ],
  ["a body that is cut", () => whole({ status: 500, body: "{", headers: { "content-length": "100" } }), lost()],
  [
    "chunks that are cut",
    () => Buffer.from("HTTP/1.1 200 OK\r\netag: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    lost(),
  ],
  [
    "a refusal in a wrong type, and packed",
    (kind) => {
      const body = gzipSync(refusing(500, "InternalError")(kind).toString("utf8").split("\r\n\r\n")[1]!);
      return whole({ status: 500, headers: { "content-encoding": "gzip", "content-type": "text/plain" }, body });
    },
    { httpStatus: 500, errorCode: "InternalError", message: "InternalError told.", transient: true, answerLost: true },
  ],
  [
    "a refusal that is malformed",
    () => whole({ status: 503, headers: { "x-ms-error-code": "ServerBusy" }, body: "<Error><Code>Server</Error>{" }),
    { httpStatus: 503, errorCode: "ServerBusy", transient: true, answerLost: false },
  ],
];

function lost(): object {
  return { httpStatus: undefined, transient: true, answerLost: true };
}

describe.each(better)("%s", (_, bytesFor, failure) => {
  it.each(asked)("is a failure: $kind", async (request) => {
    answer = (socket) => socket.end(bytesFor(request.kind));
    const reply = await open("lean")(request, {});
    // Nothing is left of a service whose success has no body, so that only the status can speak.
    expect(reply).toMatchObject({ outcome: "failed", failure });
  });
});

it.each(asked)("a signature is in no reply: $kind", async (request) => {
  answer = (socket) => socket.end(refusing(403, "AuthenticationFailed")(request.kind));
  const reply = await createAzureTransport(connect(`SharedAccessSignature=${signature}`), { client: "lean" })(
    request,
    {},
  );
  expect(reply).toMatchObject({ outcome: "failed", failure: { httpStatus: 403, errorCode: "AuthenticationFailed" } });
  expect(describeFailure(reply)).not.toContain("c2VjcmV0");
});

it.each(storageClientKinds)(
  "a request that is broken off ends at once, and closes its connection: %s",
  async (client) => {
    const stop = new AbortController();
    const closed = new Promise<void>((resolve) => {
      answer = (socket) => {
        socket.once("close", () => resolve());
        socket.write("HTTP/1.1 200 OK\r\netag: 1\r\ncontent-length: 100\r\n\r\nhalf");
        setTimeout(() => stop.abort(), 50);
      };
    });
    const request = { kind: "blob.get", container: "container", blob: "blob", maxBytes: 1000 } as const;
    const reply = await open(client)(request, { signal: stop.signal });
    expect(reply).toMatchObject({
      outcome: "failed",
      failure: { httpStatus: undefined, transient: true, answerLost: true },
    });
    await closed;
  },
);

it("connections are kept, and no more than the cap are open however many requests there are", async () => {
  const xml = "<QueueMessagesList></QueueMessagesList>";
  let most = 0;
  const seen = new Set<Socket>();
  answer = (socket) => {
    seen.add(socket);
    most = Math.max(most, sockets.size);
    setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${xml.length}\r\n\r\n${xml}`), 5);
  };
  await expect.poll(() => sockets.size).toBe(0);
  const transport = createAzureTransport(connect(), { client: "lean", maxConnections: 8 });
  const request = { kind: "queue.receive", queue: "queue", maxMessages: 1, visibilityTimeoutMs: 1000 } as const;
  const replies = await Promise.all(Array.from({ length: 100 }, () => transport(request, {})));
  expect(replies.every(({ outcome }) => outcome === "done")).toBe(true);
  expect(most).toBe(8);
  expect(seen.size).toBe(8);
});

it("a connection is left before the service closes it", async () => {
  const xml = "<QueueMessagesList></QueueMessagesList>";
  const used: Socket[] = [];
  answer = (socket) => {
    used.push(socket);
    socket.write(`HTTP/1.1 200 OK\r\nkeep-alive: timeout=3\r\ncontent-length: ${xml.length}\r\n\r\n${xml}`);
  };
  const transport = open("lean");
  const request = { kind: "queue.receive", queue: "queue", maxMessages: 1, visibilityTimeoutMs: 1000 } as const;
  await transport(request, {});
  await transport(request, {});
  expect(used[1]).toBe(used[0]);
  // The process was busy, so that no timer of its own has told.
  const now = performance.now.bind(performance);
  const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 3_000);
  await transport(request, {}).finally(() => later.mockRestore());
  expect(used[2]).not.toBe(used[0]);
});
