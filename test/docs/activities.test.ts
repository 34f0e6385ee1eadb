import { createTestHub } from "durable-functions-ts/testing";
import { afterEach, expect, it, vi } from "vitest";
import { loadPage } from "./load-page.ts";

const bank = { charge: vi.fn(async (_total: number, _options: { idempotencyKey: string }) => "receipt-1") };
const machine = { render: vi.fn(async (_page: number, _options: { signal: AbortSignal }) => {}) };
Object.assign(globalThis, { bank, machine });
await loadPage("docs/activities.md");

afterEach(() => vi.resetAllMocks());

it("activities run side by side", async () => {
  const run = await createTestHub().start("total", ["apple", "bread"]);

  expect(await run.result()).toBe(7);
});

it("an activity whose process dies runs again, with the same key", async () => {
  bank.charge.mockImplementation(async () => "receipt-1");
  const hub = createTestHub();
  hub.inject.hostDies({ after: "charge" });

  const run = await hub.start("pay", { id: "o-1", total: 5 });

  expect(await run.result()).toBe("receipt-1");
  const keys = bank.charge.mock.calls.map(([, { idempotencyKey }]) => idempotencyKey);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
});

it("one that is too slow is given up, and told so", async () => {
  let reason: unknown;
  machine.render.mockImplementation(
    (_page, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          reject(signal.reason);
        });
      }),
  );

  const run = await createTestHub(undefined, { patience: 1 }).start("book", 1);

  expect(await run.result()).toBe("too slow");
  expect(reason).toMatchObject({ code: "TaskTimeout" });
});

it("work of hours goes on where it was", async () => {
  machine.render.mockImplementation(async (page) => {
    if (page === 3 && machine.render.mock.calls.length === 4) throw new Error("out of paper");
  });

  const run = await createTestHub().start("copyBook", 5);

  expect(await run.result()).toBe("2 pages in this run");
});

it("a request that is answered later is waited for", async () => {
  let asked = 0;
  const hub = createTestHub(undefined, {
    http: ({ url }) => {
      asked += 1;
      if (asked < 3) return { status: 202, headers: { location: url.href, "retry-after": "60" } };
      return { status: 200, body: "done" };
    },
  });
  const begun = hub.now.getTime();

  expect(await (await hub.start("report", "https://reports.example/1")).result()).toBe("200: done");
  expect(hub.now.getTime() - begun).toBe(120_000);
});
