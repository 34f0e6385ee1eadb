/**
 * Single storage requests through one client in a process of their own. Argument: what to run, as JSON. Writes the CPU and
 * the time of each kind as one line of JSON.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { timed } from "./statistics.mjs";

const { dist, connectionString, client, name, count, inFlight } = JSON.parse(process.argv[2]);
const storageFolder = join(dist, "backends", "azure-storage", "storage");
const load = (file) => import(pathToFileURL(join(process.cwd(), storageFolder, file)).href);
const loading = await timed(async () => {
  const [{ createAzureTransport }, { parseConnectionString }] = await Promise.all([
    load("azure-transport.js"),
    load("connection-string.js"),
  ]);
  const transport = createAzureTransport(parseConnectionString(connectionString, "it"), { client });
  await transport({ kind: "queue.create", queue: name }, {});
  return transport;
});
const transport = loading.result;
const memory = process.memoryUsage().rss / 2 ** 20;

async function ask(request, tries = 3) {
  const reply = await transport(request, {});
  // A kept connection that the emulator was just closing.
  if (reply.outcome === "failed" && reply.failure.transient && tries > 1) return ask(request, tries - 1);
  if (reply.outcome !== "done") throw new Error(`${request.kind}: ${JSON.stringify(reply)}`);
  return reply.value;
}

/** About what a checkpoint writes: an event of the history, and the row of an instance. */
const text = (bytes) => "durable ".repeat(Math.ceil(bytes / 8)).slice(0, bytes);
const s = (value) => ({ type: "String", value });
const row = (index, kind = "r") => ({
  partitionKey: "bench",
  rowKey: `${kind}${String(index).padStart(8, "0")}`,
  columns: new Map([
    ["EventType", s("TaskCompleted")],
    ["EventId", { type: "Int32", value: index }],
    ["Result", s(text(300))],
    ["ExecutionId", s("5b0c1e6f0a7d4f0c9b1d3c2e4f5a6b7c")],
    ["IsPlayed", { type: "Boolean", value: false }],
    ["_Timestamp", { type: "DateTime", value: "2026-06-24T10:00:00.1234567Z" }],
  ]),
});
const message = (index) => `{"index":${index},"text":"${text(900)}"}`;
const container = name;
const table = name.replaceAll("-", "");
await ask({ kind: "table.create", table });
await ask({ kind: "blob.createContainer", container });

const queue = name;
let received = [];
const content = Buffer.from(text(64 * 1024));
/** One receive empties what 16 sends have left. */
const kinds = {
  "queue.send": (index) => ask({ kind: "queue.send", queue, text: message(index), visibilityDelayMs: 0 }),
  "queue.receive, of 16": async () => {
    received.push(...(await ask({ kind: "queue.receive", queue, maxMessages: 16, visibilityTimeoutMs: 3_600_000 })));
  },
  "queue.receive, of none": () => ask({ kind: "queue.receive", queue, maxMessages: 32, visibilityTimeoutMs: 60_000 }),
  "queue.update": async (index) => {
    const { messageId, popReceipt } = received[index];
    const request = { kind: "queue.update", queue, messageId, popReceipt, visibilityTimeoutMs: 3_600_000 };
    received[index] = { messageId, ...(await ask(request)) };
  },
  "queue.deleteMessage": (index) => ask({ kind: "queue.deleteMessage", queue, ...received[index] }),
  "table.insert": (index) => ask({ kind: "table.insert", table, row: row(index, "i") }),
  "table.upsert": (index) => ask({ kind: "table.upsert", table, row: row(index), mode: "merge" }),
  "table.get": (index) => ask({ kind: "table.get", table, partitionKey: "bench", rowKey: row(index).rowKey }),
  "table.update": (index) => ask({ kind: "table.update", table, row: row(index), mode: "merge", etag: "*" }),
  "table.batch, of 10": (index) =>
    ask({
      kind: "table.batch",
      table,
      writes: Array.from({ length: 10 }, (_, n) => ({
        write: "upsert",
        mode: "replace",
        row: row(index * 10 + n, "b"),
      })),
    }),
  "table.query, of 20": () => ask({ kind: "table.query", table, filter: "PartitionKey eq 'bench'", pageSize: 20 }),
  "blob.put, of 64 KB": (index) => ask({ kind: "blob.put", container, blob: `blob/${index}`, content }),
  "blob.get, of 64 KB": (index) => ask({ kind: "blob.get", container, blob: `blob/${index}`, maxBytes: 2 ** 20 }),
};

/** So many at a time, as a worker asks. */
async function run(ask, times) {
  let next = 0;
  const lane = async () => {
    while (next < times) await ask(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

const results = {};
for (const round of ["warm up", "measure"]) {
  received = [];
  for (const [kind, ask] of Object.entries(kinds)) {
    const times = kind === "queue.receive, of 16" ? count / 16 : count;
    const offset = round === "measure" ? count : 0;
    const shift = kind.startsWith("queue.") ? 0 : offset;
    const { wallMs, cpuMs } = await timed(() => run((index) => ask(index + shift), times));
    results[kind] = { cpu: cpuMs / times, wall: wallMs / times };
  }
}
console.log(JSON.stringify({ kinds: results, loading: loading.wallMs, loadingCpu: loading.cpuMs, memory }));
process.exit(0);
