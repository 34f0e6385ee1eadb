import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { startSidecar } from "../../test/support/sidecar.ts";

async function run(more: Readonly<Record<string, string>>) {
  const { DURABLE_TASK_SCHEDULER_CONNECTION_STRING: _scheduler, ...inherited } = process.env;
  const env = { ...inherited, ...more };
  return promisify(execFile)(process.execPath, ["dist/samples/portable-order/main.js"], { env });
}

const shipped = {
  stdout: "Shipping order order-123\nResult: { success: true, paymentId: 'payment-order-123' }\n",
  stderr: "",
};

it("ships an order in memory, and ends", async () => {
  expect(await run({})).toEqual(shipped);
});

it("ships an order over gRPC, and ends", async () => {
  await using sidecar = await startSidecar();
  const DURABLE_TASK_SCHEDULER_CONNECTION_STRING = `Endpoint=http://${sidecar.address};TaskHub=${sidecar.hub.taskHub};Authentication=None`;
  expect(await run({ DURABLE_TASK_SCHEDULER_CONNECTION_STRING })).toEqual(shipped);
});
