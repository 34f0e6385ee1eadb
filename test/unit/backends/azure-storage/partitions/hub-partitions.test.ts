import { describe, expect, it } from "vitest";
import { hubNames } from "../../../../../src/backends/azure-storage/hub-names.ts";
import { HubPartitions } from "../../../../../src/backends/azure-storage/partitions/hub-partitions.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import type { ListedLease, StorageReply } from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { edm, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import type { PartitionManagement } from "../../../../../src/core/partition-management.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const clock = new SteppedClock();
const queueOf = (partition: number) => `hub-control-0${partition}`;

interface Found {
  /** Row keys; `undefined` when there is no table. */
  readonly rows?: readonly string[] | undefined;
  readonly renewedAgoMs?: number;
  readonly blobs?: readonly string[];
  readonly leased?: readonly string[];
  readonly info?: string;
  readonly queues?: readonly string[];
  readonly mayNotList?: boolean;
}

function open(found: Found, count = 4, management?: PartitionManagement) {
  const kinds: string[] = [];
  const put: string[] = [];
  const notFound: StorageReply = { outcome: "notFound", errorCode: "NotFound" };
  const done = (value: unknown): StorageReply => ({ outcome: "done", value });
  const info = found.info === undefined ? [] : ["taskhub.json"];
  const blobs: ListedLease[] = [...(found.blobs ?? []), ...info].map((blob) => {
    return { blob, etag: "1", isLeased: found.leased?.includes(blob) ?? false };
  });
  const storage = new StorageClient(async (request): Promise<StorageReply> => {
    kinds.push(request.kind);
    switch (request.kind) {
      case "table.query":
        return found.rows === undefined ? notFound : done({ rows: found.rows.map((key) => rowOf(key, found)) });
      case "blob.listLeases":
        if (found.mayNotList) return { outcome: "failed", failure: forbidden };
        return blobs.length === 0 ? notFound : done({ blobs });
      case "blob.get":
        return found.info === undefined ? notFound : done(Buffer.from(found.info));
      case "queue.exists":
        return found.queues?.includes(request.queue) ? done(undefined) : notFound;
      case "blob.put":
        put.push(request.blob);
        return done(undefined);
      default:
        return done(undefined);
    }
  });
  const partitions = new HubPartitions({ storage, names: hubNames("Hub", count), clock, management });
  return { partitions, kinds, put };
}

const forbidden = {
  httpStatus: 403,
  errorCode: "AuthorizationPermissionMismatch",
  message: "no",
  host: "h:1",
  transient: false,
  answerLost: false,
  retryAfterMs: undefined,
  cause: undefined,
};

function rowOf(key: string, { renewedAgoMs }: Found): TableRow {
  const [partitionKey = "", rowKey = key] = key.includes("/") ? key.split("/") : [];
  const renewed = renewedAgoMs === undefined ? [] : [["LastRenewal", renewal(renewedAgoMs)] as const];
  return { partitionKey, rowKey, columns: new Map(renewed) };
}

const renewal = (agoMs: number) => edm.dateTime(new Date(clock.now() - agoMs).toISOString());
const all = [0, 1, 2, 3].map(queueOf);
const infoOf = (count: number) => `{"TaskHubName":"Hub","CreatedAt":"2026-06-24T10:00:00Z","PartitionCount":${count}}`;

it("a hub in use is opened with one request", async () => {
  const { partitions, kinds } = open({ rows: all, renewedAgoMs: 5000 });
  expect(await partitions.create()).toBe(false);
  expect(kinds).toEqual(["table.query"]);
});

it("a new hub gets its rows, and a taskhub.json as .NET writes it", async () => {
  const { partitions, kinds, put } = open({});
  expect(await partitions.create()).toBe(true);
  expect(kinds).toEqual(expect.arrayContaining(["table.create", "table.batch", "blob.createContainer", "blob.put"]));
  expect(put).toEqual(["taskhub.json"]);
  expect(partitions.management).toBe("table");
});

it("a hub is made without a right to blobs", async () => {
  const { partitions } = open({ mayNotList: true });
  expect(await partitions.create()).toBe(true);
});

describe("a damaged table opens", () => {
  it.each<[string, Found]>([
    ["a row in the middle is missing", { rows: all.filter((queue) => queue !== queueOf(1)) }],
    ["the last row is missing, which taskhub.json knows", { rows: all.slice(0, 3), info: infoOf(4) }],
    ["the last row is missing, which the queues show", { rows: all.slice(0, 3), queues: all }],
    ["all rows are missing", { rows: [], info: infoOf(4) }],
    ["the table is missing", { info: infoOf(4) }],
    ["there are foreign rows", { rows: [...all, "other", "x/hub-control-07", "hub-control-99", "HUB-control-05"] }],
    ["taskhub.json cannot be read, and a row is missing", { rows: all.slice(1), info: "{" }],
  ])("%s", async (_, found) => {
    const { partitions, kinds } = open(found);
    expect(await partitions.create()).toBe(false);
    // Its workers make again what is missing, who know what each of them has.
    expect(kinds).not.toContain("table.batch");
  });
});

describe("another number of partitions is refused", () => {
  it.each<[string, Found, number, string]>([
    ["more in the table", { rows: all }, 3, "has 4 partitions"],
    ["fewer in the table", { rows: all.slice(0, 3), queues: all.slice(0, 3) }, 4, "has 3 partitions"],
    ["fewer by taskhub.json", { rows: all.slice(0, 3), info: infoOf(3) }, 4, "has 3 partitions"],
    ["more by taskhub.json, in a damaged table", { rows: all.slice(0, 3), info: infoOf(8) }, 4, "has 8 partitions"],
    ["more on blobs", { blobs: all.map((queue) => `intent/${queue}`), info: infoOf(4) }, 2, "has 4 partitions"],
    ["more queues than the damaged table would have", { rows: all.slice(0, 2), queues: all }, 3, "has 2 partitions"],
  ])("%s", async (_, found, count, text) => {
    await expect(open(found, count).partitions.create()).rejects.toThrow(text);
  });
});

describe("how partitions are kept", () => {
  const intents = all.map((queue) => `intent/${queue}`);
  const defaults = all.map((queue) => `default/${queue}`);
  it.each<[string, Found, PartitionManagement]>([
    ["by a table that is in use", { rows: all, renewedAgoMs: 1000, blobs: intents }, "table"],
    ["by a table that was in use", { rows: all, renewedAgoMs: 1e9, blobs: intents, info: infoOf(4) }, "table"],
    ["by intents that are leased", { rows: all, renewedAgoMs: 1e9, blobs: intents, leased: intents }, "safe"],
    ["by intents, with rows that nobody has had", { rows: all, blobs: intents, info: infoOf(4) }, "safe"],
    ["by the leases of the legacy manager", { blobs: defaults, info: infoOf(4) }, "legacy"],
    ["by leases of the legacy manager that are held", { blobs: [...defaults, ...intents], leased: defaults }, "legacy"],
    ["by a table, with nothing but a taskhub.json", { rows: all, info: infoOf(4) }, "table"],
  ])("is seen: %s", async (_, found, expected) => {
    const { partitions, kinds } = open(found);
    await partitions.create();
    expect(partitions.management).toBe(expected);
    expect(() => partitions.assertManagement()).not.toThrow();
    if (expected !== "table") expect(kinds).not.toContain("table.create");
  });

  it("is as it is asked for in a new hub", async () => {
    const { partitions, put } = open({}, 2, "safe");
    await partitions.create();
    const folders = ["intent", "ownership"].flatMap((folder) => [0, 1].map((n) => `${folder}/${queueOf(n)}`));
    expect(put.sort()).toEqual([...folders, "taskhub.json"].sort());
  });

  it("cannot be another than that of those who work on the hub", async () => {
    const { partitions } = open({ rows: all, renewedAgoMs: 1000 }, 4, "safe");
    await partitions.create();
    expect(() => partitions.assertManagement()).toThrow("'table', but partitionManagement is 'safe'");
  });
});
