import { expect, it } from "vitest";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { HistoryTable } from "../../../../../src/backends/azure-storage/tracking/history-table.ts";
import { LargePayloads } from "../../../../../src/backends/azure-storage/tracking/large-payloads.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

function openTable() {
  const deleted: string[] = [];
  const storage = new StorageClient(async (request) => {
    if (request.kind !== "blob.delete") throw new Error(request.kind);
    deleted.push(request.blob);
    return { outcome: "done", value: undefined };
  });
  const payloads = new LargePayloads({ storage, container: "hub-largemessages", blobEndpoint: "http://h/acc" });
  const random = { guid: () => "guid", number: () => 0.5 };
  const table = new HistoryTable({
    storage,
    table: "hubHistory",
    payloads,
    clock: new SteppedClock(),
    random,
    storeTaskInputs: true,
  });
  const committed = (partitionKey: string, firstIndex: number, blobs: readonly string[]) =>
    table.deleteSuperseded({
      partitionKey,
      append: { executionId: "e", expectedHistoryVersion: undefined, firstIndex, events: [], episode: 0 },
      rows: [],
      blobs: new Map(blobs.map((name) => [name, name])),
      startedWithoutMessage: false,
    });
  const deletedSoFar = async () => {
    await payloads.idle();
    return deleted;
  };
  return { committed, deletedSoFar };
}

it("a new execution takes the blobs of the earlier one along, and never those of its own next checkpoint", async () => {
  const { committed, deletedSoFar } = openTable();
  committed("i", 0, ["first-0"]);
  committed("other", 0, ["other-0"]);
  committed("i", 3, ["first-3"]);
  expect(await deletedSoFar()).toEqual([]);
  committed("i", 0, ["second-0"]);
  // Before anything of the background has run.
  committed("i", 3, ["second-3"]);
  expect(await deletedSoFar()).toEqual(["first-0", "first-3"]);
  committed("i", 0, []);
  committed("i", 0, []);
  expect(await deletedSoFar()).toEqual(["first-0", "first-3", "second-0", "second-3"]);
});
