import { expect, it } from "vitest";
import { readAllRows } from "../../../src/backends/azure-storage/storage/row-reader.ts";
import { StorageClient } from "../../../src/backends/azure-storage/storage/storage-client.ts";
import type { StorageReply, StorageRequest } from "../../../src/backends/azure-storage/storage/storage-request.ts";
import { edm, type TableRow } from "../../../src/backends/azure-storage/storage/table-row.ts";
import { type StrictAnswers, StrictService } from "../../../src/testing/azure-storage-strict.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { forSeeds } from "../../support/seeded-random.ts";

const never: StrictAnswers = {
  nulls: 0,
  unknownReceipts: 0,
  emptyPages: 0,
  shortPages: 0,
  busy: 0,
  timeouts: 0,
  repeatedSends: 0,
  lostReceipts: 0,
  redeliveries: 0,
  shuffles: 0,
  shortReceives: 0,
};

function openService(answer: (request: StorageRequest) => StorageReply, answers: Partial<StrictAnswers>, seed = 1) {
  const clock = new SteppedClock(0);
  const service = new StrictService({ seed, clock, answers: { ...never, ...answers } });
  const asked: StorageRequest[] = [];
  const transport = service.decorate(async (request) => {
    asked.push(request);
    return answer(request);
  });
  return { clock, service, asked, ask: (request: StorageRequest) => transport(request, {}), transport };
}

const done = (value?: unknown): StorageReply => ({ outcome: "done", value });
const create = { kind: "table.create", table: "HubHistory" } as const;
const send = { kind: "queue.send", queue: "queue", text: "text", visibilityDelayMs: 0 } as const;
const receive = { kind: "queue.receive", queue: "queue", maxMessages: 32, visibilityTimeoutMs: 60_000 } as const;

it("what the service would refuse is refused, kept as a violation and not done", async () => {
  const { ask, asked, service } = openService(() => done(), {});
  const reply = await ask({ kind: "queue.create", queue: "Queue" });
  expect(reply).toMatchObject({ outcome: "failed", failure: { httpStatus: 400, transient: false } });
  expect(service.violations).toEqual(["queue.create: queue name Queue"]);
  expect(asked).toEqual([]);
});

it("a busy service has done nothing, and says when to ask again", async () => {
  const { ask, asked } = openService(() => done(), { busy: 1 });
  expect(await ask(create)).toMatchObject({
    outcome: "failed",
    failure: { errorCode: "ServerBusy", transient: true, answerLost: false, retryAfterMs: 50 },
  });
  expect(asked).toEqual([]);
});

it("a write that timed out was done, a read was not, and what was refused is told", async () => {
  const lost = { outcome: "failed", failure: { errorCode: "OperationTimedOut", transient: true, answerLost: true } };
  const { ask, asked } = openService(() => done(), { timeouts: 1 });
  expect(await ask(create)).toMatchObject(lost);
  expect(await ask({ kind: "table.get", table: "HubHistory", partitionKey: "", rowKey: "" })).toMatchObject(lost);
  expect(asked).toEqual([create]);
  const conflict: StorageReply = { outcome: "conflict", errorCode: "TableAlreadyExists" };
  expect(await openService(() => conflict, { timeouts: 1 }).ask(create)).toEqual(conflict);
});

it("receives never time out, sends and renewals when they may", async () => {
  const update = {
    kind: "queue.update",
    queue: "queue",
    messageId: "m",
    popReceipt: "p",
    visibilityTimeoutMs: 0,
  } as const;
  const { ask } = openService(() => done([]), { timeouts: 1 });
  for (const request of [receive, send, update]) expect(await ask(request)).toMatchObject({ outcome: "done" });
  expect(await openService(() => done(), { repeatedSends: 1 }).ask(send)).toMatchObject({ outcome: "failed" });
  expect(await openService(() => done(), { lostReceipts: 1 }).ask(update)).toMatchObject({ outcome: "failed" });
});

it("a receipt that is not valid any more is not found, or it mismatches", async () => {
  const mismatch: StorageReply = { outcome: "conflict", errorCode: "PopReceiptMismatch" };
  const remove = { kind: "queue.deleteMessage", queue: "queue", messageId: "m", popReceipt: "p" } as const;
  const notFound = openService(() => mismatch, { unknownReceipts: 1 });
  expect(await notFound.ask(remove)).toEqual({ outcome: "notFound", errorCode: "MessageNotFound" });
  expect(await openService(() => mismatch, {}).ask(remove)).toEqual(mismatch);
});

it("a table that is being deleted takes nothing, a queue and a container are not made again", async () => {
  const { ask, clock } = openService(() => done(), {});
  await ask({ kind: "table.delete", table: "HubHistory" });
  await ask({ kind: "queue.delete", queue: "queue" });
  await ask({ kind: "blob.deleteContainer", container: "container" });
  const meanwhile = [
    await ask({ kind: "table.query", table: "hubhistory" }),
    await ask({ kind: "queue.create", queue: "queue" }),
    await ask({ kind: "blob.createContainer", container: "container" }),
    await ask(send),
  ];
  clock.advance(3000);
  expect(meanwhile).toMatchObject([
    { failure: { httpStatus: 409, errorCode: "TableBeingDeleted" } },
    { failure: { httpStatus: 409, errorCode: "QueueBeingDeleted" } },
    { failure: { httpStatus: 409, errorCode: "ContainerBeingDeleted" } },
    { outcome: "done" },
  ]);
  expect(await ask(create)).toMatchObject({ outcome: "done" });
});

const row = (rowKey: string): TableRow => ({
  partitionKey: "p",
  rowKey,
  etag: "e",
  columns: new Map([["A", edm.dateTime("2026-06-24T10:00:00.1200000Z")]]),
});

it("columns that a row lacks are answered as null and read as absent, and dates lose trailing zeros", async () => {
  const { ask } = openService(() => done(row("r")), { nulls: 1 });
  const reply = await ask({
    kind: "table.get",
    table: "HubHistory",
    partitionKey: "p",
    rowKey: "r",
    select: ["A", "B"],
  });
  expect(reply).toEqual(done({ ...row("r"), columns: new Map([["A", edm.dateTime("2026-06-24T10:00:00.12Z")]]) }));
});

it("a reading in pages finds every row once, whichever pages are empty or short", async () => {
  const rows = Array.from({ length: 30 }, (_, index) => row(String(index).padStart(2, "0")));
  await forSeeds(20, async (seed) => {
    const { transport, asked } = openService(
      (request) => {
        const start = Number((request as { continuationToken?: string }).continuationToken ?? 0);
        const continuationToken = start + 10 < rows.length ? String(start + 10) : undefined;
        return done({ rows: rows.slice(start, start + 10), continuationToken });
      },
      { emptyPages: 0.5, shortPages: 0.5 },
      seed,
    );
    const found = await readAllRows(new StorageClient(transport), { table: "HubHistory" });
    expect(found?.map(({ rowKey }) => rowKey)).toEqual(rows.map(({ rowKey }) => rowKey));
    expect(asked.length).toBeGreaterThanOrEqual(3);
  });
});

it("a receive may have fewer messages, in another order, some of which come again soon", async () => {
  const message = (index: number) => ({ messageId: `m${index}`, popReceipt: `p${index}`, dequeueCount: 1 });
  const answer = (request: StorageRequest) => {
    if (request.kind !== "queue.receive") return done({ popReceipt: "new" });
    return done(Array.from({ length: request.maxMessages }, (_, index) => message(index)));
  };
  const idsOf = (reply: StorageReply) =>
    (reply as { value: readonly { readonly messageId: string }[] }).value.map(({ messageId }) => messageId);
  const short = openService(answer, { shortReceives: 1, redeliveries: 1 });
  const shuffled = openService(answer, { shuffles: 1 });

  const few = idsOf(await short.ask(receive));
  const all = idsOf(await shuffled.ask(receive));

  expect(few.length).toBeLessThan(32);
  expect(short.asked.slice(1)).toMatchObject(
    few.map((messageId) => ({ kind: "queue.update", messageId, visibilityTimeoutMs: 1000 })),
  );
  expect(all).toHaveLength(32);
  expect(all).not.toEqual(all.toSorted((left, right) => Number(left.slice(1)) - Number(right.slice(1))));
});

it("the same seed gives the same answers", async () => {
  const outcomes = async (seed: number) => {
    const { ask } = openService(() => done(), { busy: 0.3, timeouts: 0.3 }, seed);
    const replies: string[] = [];
    for (let count = 0; count < 50; count++) replies.push((await ask(create)).outcome);
    return replies.join();
  };
  expect(await outcomes(7)).toBe(await outcomes(7));
  expect(await outcomes(7)).not.toBe(await outcomes(8));
});
