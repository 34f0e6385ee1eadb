import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { OrchestrationRun, WorkerHost } from "durable-functions-ts";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

const modules = await loadPage("docs/hosting.md");
const { host, server, run } = modules["page.ts"] as {
  readonly host: WorkerHost;
  readonly server: Server;
  readonly run: OrchestrationRun<unknown>;
};

it("a process of one's own runs orchestrations, tells its health and stops", async () => {
  const { port } = server.address() as AddressInfo;
  const isReady = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).status;

  expect(await run.result()).toBe("receipt of o-1");
  expect(await isReady()).toBe(200);
  await host.stop();
  expect(await isReady()).toBe(503);
  server.close();
});

it("the portable SDK runs functions by reference", () => {
  expect(modules["src/portable.ts"]).toMatchObject({ result: { success: true } });
});
