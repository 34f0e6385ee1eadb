import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { StorageReply, StorageRequest } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { ReceiptJournal } from "../../src/hosting/receipt-journal.ts";

let root: string;
let folder: string;
let troubles: unknown[];
let updates: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "journal-"));
  folder = join(root, "own", "hub");
  troubles = [];
  updates = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A service that hands out `count` messages at a time, and refuses the receipts that are named. */
function createService(count: number, refused: ReadonlySet<string> = new Set()) {
  let next = 0;
  return async (request: StorageRequest): Promise<StorageReply> => {
    if (request.kind === "queue.receive") {
      const value = Array.from({ length: count }, () => ({ messageId: `m${next}`, popReceipt: `r${next++}` }));
      return { outcome: "done", value };
    }
    if (request.kind === "queue.update" && request.visibilityTimeoutMs === 0) {
      updates.push(`${request.queue} ${request.messageId} ${request.popReceipt}`);
      if (refused.has(request.popReceipt)) return { outcome: "notFound", errorCode: "MessageNotFound" };
    }
    return { outcome: "done", value: { popReceipt: "new" } };
  };
}

function open(workerId: string, service: ReturnType<typeof createService>) {
  const journal = new ReceiptJournal(folder, workerId, (reason) => troubles.push(reason));
  return { journal, perform: journal.watch(service) };
}

const receive = { kind: "queue.receive", queue: "q", maxMessages: 32, visibilityTimeoutMs: 25_000 } as const;
const remove = (messageId: string) =>
  ({ kind: "queue.deleteMessage", queue: "q", messageId, popReceipt: "r" }) as const;

it("what the dead have held is made visible by one of those who come after", async () => {
  const dead = open("dead", createService(3));
  await dead.perform(receive, {});
  await dead.perform(remove("m1"), {});
  const alive = open("alive", createService(1));
  await alive.perform(receive, {});

  const first = open("first", createService(0, new Set(["r2"])));
  const second = open("second", createService(0));
  const isDead = (workerId: string) => workerId === "dead";
  const released = await Promise.all(
    [first, second].map(({ journal }) => journal.releaseOfTheDead(isDead, Date.now())),
  );

  expect(released.reduce((sum, count) => sum + count)).toBe(1);
  expect(updates.sort()).toEqual(["q m0 r0", "q m2 r2"]);
  expect((await readdir(folder)).sort()).toEqual(["alive.receipts", "first.receipts", "second.receipts"]);
  expect(troubles).toEqual([]);
});

it("whoever is killed before he has given back what the dead held leaves it to the next", async () => {
  const dead = open("dead", createService(2));
  await dead.perform(receive, {});
  const never = new Promise<StorageReply>(() => {});
  const heir = open("heir", async () => never);
  void heir.journal.releaseOfTheDead((id) => id === "dead", Date.now());

  expect(await readdir(folder)).toEqual(["heir.receipts"]);
  expect(await open("next", createService(0)).journal.releaseOfTheDead((id) => id === "heir", Date.now())).toBe(2);
  expect(updates.sort()).toEqual(["q m0 r0", "q m1 r1"]);
});

it("a worker that has given all back leaves nothing, and one that was hurried leaves what it holds", async () => {
  const tidy = open("tidy", createService(1));
  await tidy.perform(receive, {});
  await tidy.perform(remove("m0"), {});
  tidy.journal.close();
  const hurried = open("hurried", createService(1));
  await hurried.perform(receive, {});
  hurried.journal.close();
  await hurried.perform(receive, {});

  expect(await readdir(folder)).toEqual(["hurried.receipts"]);
  expect(await open("next", createService(0)).journal.releaseOfTheDead((id) => id === "hurried", Date.now())).toBe(1);
});

it("the file stays small, however much goes through it", async () => {
  const { perform } = open("busy", createService(32));
  for (let round = 0; round < 1_000; round++) {
    await perform(receive, {});
    for (let index = 0; index < 32; index++) {
      const messageId = `m${round * 32 + index}`;
      if (messageId !== "m7") await perform(remove(messageId), {});
    }
  }

  expect((await stat(join(folder, "busy.receipts"))).size).toBeLessThan(300 * 1024);
  expect(await readFile(join(folder, "busy.receipts"), "utf8")).toContain('["q","m7","r7"]');
  expect(await open("next", createService(0)).journal.releaseOfTheDead((id) => id === "busy", Date.now())).toBe(1);
  expect(updates).toEqual(["q m7 r7"]);
});

it("what is old is worth nothing any more", async () => {
  const dead = open("dead", createService(1));
  await dead.perform(receive, {});

  const { journal } = open("next", createService(0));
  expect(await journal.releaseOfTheDead((id) => id === "dead", Date.now() + 2 * 60 * 60_000)).toBe(0);
  expect(updates).toEqual([]);
  expect(await readdir(folder)).toEqual(["next.receipts"]);
});

it("a folder that cannot be had is told once, and nothing else changes", async () => {
  await mkdir(join(root, "own"), { recursive: true });
  await writeFile(folder, "a file in its place");

  const { journal, perform } = open("first", createService(1));
  expect(await perform(receive, {})).toMatchObject({ outcome: "done" });
  expect(await journal.releaseOfTheDead(() => true, Date.now())).toBe(0);
  journal.close();
  expect(troubles).toHaveLength(1);
});
