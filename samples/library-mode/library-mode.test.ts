import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../test/support/azurite.ts";
import { endWithParent, signalChild } from "../../test/support/end-with-parent.ts";

let azurite: Azurite;
const servers: ChildProcess[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(async () => {
  for (const server of servers) server.kill("SIGKILL");
  await azurite.stop();
});

async function startServer(): Promise<{ url: string; stop(): Promise<number | null>; output(): string }> {
  const env = { ...process.env, STORAGE: azurite.connectionString, TASK_HUB: "LibrarySample", PORT: "0" };
  const args = [...endWithParent, "dist/samples/library-mode/main.js"];
  const server = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  servers.push(server);
  let output = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk) => (output += chunk));
  await expect.poll(() => output).toMatch(/Listening on port \d+/);
  const exited = once(server, "exit");
  return {
    url: `http://localhost:${/port (\d+)/.exec(output)![1]}`,
    output: () => output,
    async stop() {
      signalChild(server, "SIGTERM");
      const [code] = await exited;
      return code as number | null;
    },
  };
}

async function get(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

it("takes orders, is healthy, stops when asked to, and goes on where it was", { timeout: 180_000 }, async () => {
  const first = await startServer();
  expect(await get(`${first.url}/health/ready`)).toMatchObject({
    status: 200,
    body: { status: "healthy", isReady: true, taskHub: "LibrarySample" },
  });
  const order = JSON.stringify({ id: "order-1", items: ["tea", "milk"] });
  const started = await fetch(`${first.url}/orders`, { method: "POST", body: order });
  expect(started.status).toBe(202);
  expect((await fetch(`${first.url}/orders`, { method: "POST", body: order })).status).toBe(409);
  expect((await get(`${first.url}/orders/unknown`)).status).toBe(404);
  expect((await get(`${first.url}/elsewhere`)).status).toBe(404);
  expect(await first.stop()).toBe(0);
  expect(first.output()).toContain("Stopped");

  const second = await startServer();
  const restartedAt = Date.now();
  await expect
    .poll(async () => (await get(`${second.url}/orders/order-1`)).body)
    .toMatchObject({ runtimeStatus: "Completed", output: { id: "order-1", packed: ["packed tea", "packed milk"] } });
  // Partitions that were not let go of would come back after 25 seconds.
  expect(Date.now() - restartedAt).toBeLessThan(20_000);
  expect(await second.stop()).toBe(0);
});
