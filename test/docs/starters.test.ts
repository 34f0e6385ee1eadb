import { app as functions } from "@azure/functions";
import { createTestHub } from "durable-functions-ts/testing";
import { expect, it, vi } from "vitest";
import { loadPage } from "./load-page.ts";

const timer = vi.spyOn(functions, "timer").mockImplementation(() => {});
const storageQueue = vi.spyOn(functions, "storageQueue").mockImplementation(() => {});
await loadPage("docs/starters.md");
const [[, nightly], [, orderPlaced]] = [timer.mock.calls[0]!, storageQueue.mock.calls[0]!];

it("a timer starts an orchestration, and tells when it is late", async () => {
  const hub = createTestHub();
  const warn = vi.fn();
  const next = "2026-01-02T02:30:00.000Z";

  await nightly.handler({ isPastDue: true, scheduleStatus: { next } } as never, { warn } as never);

  expect(nightly.schedule).toBe("0 30 2 * * *");
  expect(warn).toHaveBeenCalledWith("late");
  const [started] = await (await hub.connect()).getStatusAll();
  expect(await hub.run(started!.instanceId).result()).toBe(`the next one is at ${next}`);
});

it("a message starts the orchestration of its order", async () => {
  const hub = createTestHub();

  await orderPlaced.handler({ id: "order-1" }, {} as never);

  expect(orderPlaced).toMatchObject({ queueName: "orders", connection: "OrdersStorage" });
  expect(await hub.run("order-1").result()).toBe("order order-1 is done");
});
