import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("ships an order and ends", async () => {
  const { DURABLE_TASK_SCHEDULER_CONNECTION_STRING: _scheduler, ...env } = process.env;
  const run = promisify(execFile)(process.execPath, ["dist/samples/portable-order/main.js"], { env });
  const { stdout, stderr } = await run;

  expect(stdout).toBe("Shipping order order-123\nResult: { success: true, paymentId: 'payment-order-123' }\n");
  expect(stderr).toBe("");
});
