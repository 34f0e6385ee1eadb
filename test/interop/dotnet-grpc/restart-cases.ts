import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { SidecarServer } from "../../../src/grpc/sidecar/sidecar-server.ts";
import { DotnetSdk } from "./dotnet-sdk.ts";
import { DotnetSidecar } from "./dotnet-sidecar.ts";
import { OurSdk } from "./our-sdk.ts";

const ports = { clock: systemClock, random: systemRandom };
const closing: (() => Promise<void>)[] = [];

/** Servers that come late, go, and come again at the same address. */
export function restartCases(program: () => string): void {
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  it("a .NET worker finds our sidecar when it comes, and goes on after a restart of it", async () => {
    const port = await findFreePort();
    const hub = new MemoryTaskHub(ports);
    const sdk = new DotnetSdk(program(), `http://127.0.0.1:${port}`);
    closing.push(() => sdk.kill());
    await sdk.startWorker({ entities: "messages" });

    const first = await startOurs(hub, port);
    expect(await sdk.output("Sequence")).toHaveLength(3);
    const waiting = await sdk.startRunning("WaitForGo", 60_000);
    const holder = await sdk.start("Transfer", { from: "@counter@a", to: "@counter@b", amount: 5, hold: true });
    const counting = await sdk.startRunning("Collect", []);
    await sdk.raise(counting, "Item", 1);
    await first.stop();

    const second = await startOurs(hub, port);
    closing.push(() => second.stop());
    for (const value of [2, 3, 4]) await sdk.raise(counting, "Item", value);
    await sdk.raise(waiting, "Go", "after all");
    await sdk.raise(holder, "Go");
    expect((await sdk.end(waiting)).output).toBe("after all");
    expect((await sdk.end(holder)).output).toEqual([0, 5]);
    expect((await sdk.end(counting)).output).toEqual([1, 2, 3, 4]);
  });

  it("what a .NET worker had when it died is done by the next one", async () => {
    const port = await findFreePort();
    const server = await startOurs(new MemoryTaskHub(ports), port);
    closing.push(() => server.stop());
    const [first, second] = [1, 2].map(() => new DotnetSdk(program(), `http://127.0.0.1:${port}`));
    closing.push(() => second!.kill());
    await first!.startWorker();
    const asleep = await first!.startRunning("CallActivity", { name: "Sleep", input: 1000 });
    const holder = await first!.start("Transfer", { from: "@counter@c", to: "@counter@d", amount: 5, hold: true });
    await first!.kill();

    await second!.startWorker();
    await second!.raise(holder, "Go");
    expect((await second!.end(asleep)).output).toBe("slept");
    expect((await second!.end(holder)).output).toEqual([0, 5]);
  });

  it("our worker finds the .NET sidecar again after a restart of it", async () => {
    const port = await findFreePort();
    const first = await DotnetSidecar.start(program(), port);
    const sdk = new OurSdk(first.address);
    closing.push(() => sdk.stop());
    await sdk.startWorker();
    expect(await sdk.output("Sequence")).toHaveLength(3);
    await first.stop();

    const second = await DotnetSidecar.start(program(), port);
    closing.push(() => second.stop());
    expect(await sdk.output("Sequence")).toHaveLength(3);
  });
}

async function startOurs(hub: MemoryTaskHub, port: number): Promise<SidecarServer> {
  const client = new TaskHubClient({ store: hub, ...ports });
  const server = new SidecarServer({ backend: hub, store: hub, client, log: silentLog, stopGraceMs: 200, ...ports });
  await server.start(`127.0.0.1:${port}`);
  return server;
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
