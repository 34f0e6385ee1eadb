import { createTestHub, replay } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

const modules = await loadPage("docs/versioning-and-deploys.md");
const orders = modules["src/orders.ts"]!;

/** What the page's orchestration had done before the line with the patch was there: it waits for `Packed`. */
const at = { eventId: -1, timestamp: "2026-01-01T00:00:00.000Z" };
const orchestrationInstance = { instanceId: "order-1", executionId: "a087eaf300b349c98706c4ebfb2627fd" };
const before = [
  { type: "OrchestratorStarted", ...at },
  { type: "ExecutionStarted", ...at, orchestrationInstance, name: "processOrder", input: '{"id":"o-1"}' },
  { type: "TaskScheduled", ...at, eventId: 0, name: "charge", input: '[{"id":"o-1"}]' },
  { type: "OrchestratorCompleted", ...at },
  { type: "OrchestratorStarted", ...at },
  { type: "TaskCompleted", ...at, taskScheduledId: 0, result: '"receipt of o-1"' },
  { type: "OrchestratorCompleted", ...at },
];

/** A line of `durable history --all`. */
function record(history: readonly object[]): string {
  return JSON.stringify({ instanceId: "order-1", name: "processOrder", status: "Running", history });
}

it("an instance from before the change goes on, and a new one checks the stock", async () => {
  await replay(orders, record(before));

  const hub = createTestHub(orders);
  const run = await hub.start("processOrder", { id: "o-2" });
  await hub.runUntil(run, { waitsFor: "Packed" });
  await run.raiseEvent("Packed");

  expect(await run.result()).toBe("receipt of o-2");
  expect(hub.calls("checkStock")).toHaveLength(1);
});

it("a history that does not fit is refused, as the page says", async () => {
  const other = before.map((event) => (event.type === "TaskScheduled" ? { ...event, name: "ship" } : event));

  await expect(replay(orders, record(other))).rejects.toMatchObject({ code: "NondeterministicOrchestration" });
});

it("an app knows its version", async () => {
  const hub = createTestHub(modules["page.ts"]!);

  expect(await (await hub.start("greet", "Ann")).result()).toBe("Good day, Ann!");
});
