import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureTransport } from "../../src/backends/azure-storage/storage/azure-transport.ts";
import { parseConnectionString } from "../../src/backends/azure-storage/storage/connection-string.ts";
import { storageClientKinds } from "../../src/backends/azure-storage/storage/storage-client-kind.ts";
import type {
  StorageReply,
  StorageRequest,
  StorageTransport,
} from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { EdmValue, TableRow, TableWrite } from "../../src/backends/azure-storage/storage/table-row.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

const texts = [
  "",
  "it's",
  "🌍 世界",
  '%2F+ & = < > ]]> "',
  "a,b)",
  "..",
  "''",
  "&amp;#10;",
  " x\t y ",
  "é".repeat(300),
];
const keys = ["", "it's", "🌍 世界", "%2F+ & =", "a,b)", "..", "HTTP 404", "ETag: x"];
const blobs = ["a", "a/b.json.gz", "it's & %20.txt", "世界/🌍", "x/../y"];
const leases = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
const values: readonly EdmValue[] = [
  ...texts.map((value) => ({ type: "String", value }) as const),
  { type: "Int32", value: -7 },
  { type: "Int64", value: "9223372036854775807" },
  { type: "Double", value: 1.5 },
  { type: "Double", value: 3 },
  { type: "Boolean", value: true },
  { type: "Guid", value: "5b0c1e6f-0a7d-4f0c-9b1d-3c2e4f5a6b7c" },
  { type: "Binary", value: "AAECAw==" },
  { type: "DateTime", value: "2026-06-24T10:00:00.1234567Z" },
];

/** What is kept of one client's account: each has names of its own in the same emulator. */
interface Twin {
  readonly name: string;
  readonly transport: StorageTransport;
  readonly held: { messageId: string; popReceipt: string }[];
  readonly etags: Map<string, string>;
}

/** Requests of one seed, made for a twin: its names, receipts and tags. */
class Requests {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  next(twins: readonly Twin[]): readonly StorageRequest[] {
    const make = this.#random
      .pick([...Array(3).fill(this.#queue), ...Array(3).fill(this.#table), ...Array(2).fill(this.#blob)])
      .call(this) as (twin: Twin) => StorageRequest;
    return twins.map(make);
  }

  #queue(): (twin: Twin) => StorageRequest {
    const random = this.#random;
    const missing = random.chance(0.1) ? "missing" : "";
    const [text, index, ms, held] = [random.pick(texts), random.below(8), random.pick([0, 3_600_000]), random.next()];
    const delayMs = random.pick([0, 0, 0, 3_600_000]);
    const most = 1 + random.below(32);
    const withText = random.chance(0.5);
    const of = ({ name }: Twin) => `${missing}${name}`;
    const messageOf = (twin: Twin) => twin.held[index] ?? { messageId: leases[0]!, popReceipt: "AgAAAAMAAAAAAAAA+/==" };
    return [
      (twin: Twin) => ({ kind: "queue.create", queue: twin.name }) as const,
      (twin: Twin) => ({ kind: held < 0.5 ? "queue.exists" : "queue.count", queue: of(twin) }) as const,
      ...Array(3).fill(
        (twin: Twin) => ({ kind: "queue.send", queue: of(twin), text, visibilityDelayMs: delayMs }) as const,
      ),
      ...Array(2).fill(
        (twin: Twin) =>
          ({ kind: "queue.receive", queue: of(twin), maxMessages: most, visibilityTimeoutMs: 3_600_000 }) as const,
      ),
      (twin: Twin) =>
        ({
          kind: "queue.update",
          queue: of(twin),
          ...messageOf(twin),
          visibilityTimeoutMs: ms,
          text: withText ? text : undefined,
        }) as const,
      (twin: Twin) => ({ kind: "queue.deleteMessage", queue: of(twin), ...messageOf(twin) }) as const,
    ].at(random.below(9))!;
  }

  #row(): TableRow {
    const columns = new Map<string, EdmValue>();
    for (let count = this.#random.below(5); count > 0; count--) {
      columns.set(`C${this.#random.below(6)}`, this.#random.pick(values));
    }
    return { partitionKey: this.#random.pick(["p", "it's"]), rowKey: this.#random.pick(keys), columns };
  }

  #table(): (twin: Twin) => StorageRequest {
    const random = this.#random;
    const row = this.#row();
    const mode = random.pick(["merge", "replace"] as const);
    const { partitionKey, rowKey } = row;
    const tableOf = random.chance(0.1) ? () => "Missing" : ({ name }: Twin) => `T${name}`;
    const tag = random.next();
    const etagOf = (twin: Twin, key = rowKey) =>
      tag < 0.3
        ? "*"
        : (twin.etags.get(`${partitionKey} ${key}`) ?? "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"");
    const rows = Array.from({ length: 1 + random.below(5) }, () => ({ ...this.#row(), partitionKey }));
    const kinds = rows.map(() => random.pick(["insert", "upsert", "upsert", "update", "delete"] as const));
    const filter = random.pick([
      undefined,
      "PartitionKey eq 'p'",
      "C0 ne 'x' and RowKey ge 'a'",
      "PartitionKey eq 'it''s'",
    ]);
    const select = random.pick([undefined, ["C0", "C1"], ["RowKey"]]);
    const pageSize = random.pick([undefined, 1, 2, 1000]);
    const writesOf = (twin: Twin): TableWrite[] =>
      rows.map((row, index) => {
        const write = kinds[index]!;
        if (write === "insert" || write === "delete") return { write, row };
        if (write === "upsert") return { write, row, mode };
        return { write, row, mode, etag: etagOf(twin, row.rowKey) };
      });
    const keysOf = (twin: Twin) => ({ table: tableOf(twin), partitionKey, rowKey });
    return [
      (twin: Twin) => ({ kind: "table.create", table: `T${twin.name}` }) as const,
      (twin: Twin) => ({ kind: "table.query", table: tableOf(twin), filter, select, pageSize }) as const,
      (twin: Twin) => ({ kind: "table.get", ...keysOf(twin), select }) as const,
      (twin: Twin) => ({ kind: "table.insert", table: tableOf(twin), row }) as const,
      (twin: Twin) => ({ kind: "table.insert", table: tableOf(twin), row }) as const,
      (twin: Twin) => ({ kind: "table.upsert", table: tableOf(twin), row, mode }) as const,
      (twin: Twin) => ({ kind: "table.update", table: tableOf(twin), row, mode, etag: etagOf(twin) }) as const,
      (twin: Twin) =>
        ({ kind: "table.deleteRow", ...keysOf(twin), etag: tag < 0.5 ? undefined : etagOf(twin) }) as const,
      (twin: Twin) => ({ kind: "table.batch", table: tableOf(twin), writes: writesOf(twin) }) as const,
      (twin: Twin) => ({ kind: "table.batch", table: tableOf(twin), writes: writesOf(twin) }) as const,
      () => ({ kind: "table.delete", table: "Missing" }) as const,
    ].at(random.below(11))!;
  }

  #blob(): (twin: Twin) => StorageRequest {
    const random = this.#random;
    const containerOf = random.chance(0.1) ? () => "missing" : ({ name }: Twin) => name;
    const blob = random.pick(blobs);
    const [leaseId, newLeaseId] = [random.pick(leases), random.pick(leases)];
    const content = Buffer.from(random.pick(texts));
    const contentEncoding = random.pick([undefined, "gzip"]);
    const [ifAbsent, leased] = [random.chance(0.3), random.chance(0.3)];
    const range = random.pick([
      undefined,
      { offset: 0, count: 4 },
      { offset: 3, count: 100 },
      { offset: 900, count: 4 },
    ]);
    const prefix = random.pick(["", "a", "世", "x&"]);
    const blocks = Array.from({ length: random.below(3) }, (_, index) => Buffer.from(`0${index}`).toString("base64"));
    const at = (twin: Twin) => ({ container: containerOf(twin), blob });
    const target = random.chance(0.3) ? (twin: Twin) => ({ container: containerOf(twin) }) : at;
    return [
      ({ name }: Twin) => ({ kind: "blob.createContainer", container: name }) as const,
      ...Array(3).fill(
        (twin: Twin) =>
          ({ kind: "blob.put", ...at(twin), content, contentEncoding, ifAbsent, ...(leased && { leaseId }) }) as const,
      ),
      ...Array(2).fill((twin: Twin) => ({ kind: "blob.get", ...at(twin), maxBytes: 10_000, range }) as const),
      (twin: Twin) => ({ kind: "blob.putBlock", ...at(twin), blockId: "MDA=", content }) as const,
      (twin: Twin) => ({ kind: "blob.putBlockList", ...at(twin), blockIds: blocks, contentEncoding }) as const,
      (twin: Twin) => ({ kind: "blob.list", container: containerOf(twin), prefix }) as const,
      (twin: Twin) => ({ kind: "blob.listLeases", container: containerOf(twin), prefix }) as const,
      (twin: Twin) => ({ kind: "blob.delete", ...at(twin) }) as const,
      (twin: Twin) => ({ kind: "blob.acquireLease", ...target(twin), leaseId, durationSeconds: 60 }) as const,
      (twin: Twin) => ({ kind: "blob.renewLease", ...target(twin), leaseId }) as const,
      (twin: Twin) => ({ kind: "blob.changeLease", ...target(twin), leaseId, newLeaseId }) as const,
      (twin: Twin) => ({ kind: "blob.releaseLease", ...target(twin), leaseId }) as const,
      (twin: Twin) => ({ kind: "blob.breakLease", ...target(twin) }) as const,
    ].at(random.below(16))!;
  }
}

/** Keeps receipts and tags, and gives what must be the same for both. */
function note(twin: Twin, request: StorageRequest, reply: StorageReply): unknown {
  if (reply.outcome === "failed") {
    const { cause: _, host: __, ...told } = reply.failure;
    return { ...told, message: told.message.replaceAll(twin.name, "name") };
  }
  if (reply.outcome !== "done") return reply;
  const row = (row: TableRow) => {
    if (row.etag !== undefined) twin.etags.set(`${row.partitionKey} ${row.rowKey}`, row.etag);
    return { ...row, etag: typeof row.etag };
  };
  switch (request.kind) {
    case "queue.send": {
      const { insertedOn, nextVisibleOn, ...sent } = reply.value as Awaited<Sent>;
      return { ...typesOf(sent), delay: nextVisibleOn.getTime() - insertedOn.getTime() };
    }
    case "queue.receive": {
      const received = [...(reply.value as readonly Received[])].sort((a, b) => (a.text < b.text ? -1 : 1));
      for (const { messageId, popReceipt } of received) twin.held.unshift({ messageId, popReceipt });
      return received.map(({ text, dequeueCount, expiresOn }) => ({
        text,
        dequeueCount,
        year: expiresOn?.getUTCFullYear(),
      }));
    }
    case "queue.update": {
      const held = twin.held.find(({ messageId }) => messageId === request.messageId);
      if (held !== undefined) Object.assign(held, reply.value);
      return typesOf(reply.value as object);
    }
    case "table.get":
      return row(reply.value as TableRow);
    case "table.query": {
      const { rows, continuationToken } = reply.value as { rows: readonly TableRow[]; continuationToken?: string };
      return { rows: rows.map(row), continuationToken };
    }
    case "table.batch":
      return (reply.value as { etags: readonly unknown[] }).etags.map((etag) => typeof etag);
    case "blob.listLeases": {
      const { blobs, ...rest } = reply.value as { blobs: readonly { etag: string }[] };
      return { ...rest, blobs: blobs.map((blob) => ({ ...blob, etag: typeof blob.etag })) };
    }
    case "blob.get":
      return Buffer.from(reply.value as Uint8Array).toString("base64");
    default:
      return typeof reply.value === "object" && reply.value !== null && "etag" in reply.value
        ? typesOf(reply.value)
        : reply.value;
  }
}

interface Received {
  readonly messageId: string;
  readonly popReceipt: string;
  readonly text: string;
  readonly dequeueCount: number;
  readonly expiresOn?: Date;
}
type Sent = Promise<{ insertedOn: Date; nextVisibleOn: Date }>;

function typesOf(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, typeof part]));
}

it("both clients give the same replies to the same requests, and write the same", async () => {
  let names = 0;
  const kinds = new Set<string>();
  await forSeeds(3, async (seed) => {
    const random = new SeededRandom(seed);
    const connection = parseConnectionString(azurite.connectionString, "it");
    const twins = storageClientKinds.map((client): Twin => {
      const transport = createAzureTransport(connection, { client });
      return { name: `twin${++names}x`, transport, held: [], etags: new Map() };
    });
    const requests = new Requests(random);
    for (const { name, transport } of twins) {
      await transport({ kind: "queue.create", queue: name }, {});
      await transport({ kind: "table.create", table: `T${name}` }, {});
      await transport({ kind: "blob.createContainer", container: name }, {});
    }
    for (let step = 0; step < 150; step++) {
      const [one, other] = requests.next(twins) as [StorageRequest, StorageRequest];
      const replies = await Promise.all([twins[0]!.transport(one, {}), twins[1]!.transport(other, {})]);
      const [lean, sdk] = [note(twins[0]!, one, replies[0]!), note(twins[1]!, other, replies[1]!)];
      expect(lean, `step ${step}: ${JSON.stringify(one)}`).toEqual(sdk);
      kinds.add(`${one.kind} ${replies[0]!.outcome}`);
    }
    // What one has written the other reads.
    for (const { name } of twins) {
      const request = { kind: "table.query", table: `T${name}` } as const;
      const [lean, sdk] = await Promise.all(twins.map(({ transport }) => transport(request, {})));
      expect(lean).toEqual(sdk);
    }
  });
  expect(kinds.size).toBeGreaterThan(30);
});

it("white space of a message comes back as it was, for which the SDK gives references", async () => {
  const transport = createAzureTransport(parseConnectionString(azurite.connectionString, "it"), { client: "lean" });
  const text = '{\r\n\t"a": 1\r\n}\r';
  await transport({ kind: "queue.create", queue: "spaces" }, {});
  await transport({ kind: "queue.send", queue: "spaces", text, visibilityDelayMs: 0 }, {});
  const request = { kind: "queue.receive", queue: "spaces", maxMessages: 1, visibilityTimeoutMs: 60_000 } as const;
  expect(await transport(request, {})).toMatchObject({ outcome: "done", value: [{ text }] });
});
