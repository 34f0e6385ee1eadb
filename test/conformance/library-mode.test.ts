import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DFApp, DurableClient, isDurableError, type LogEntry, startWorker } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

function createApp(lines: unknown[] = []): DFApp {
  const app = new DFApp();
  const greet = app.activity("greet", (name: string) => `Hello ${name}!`);
  app.orchestration("hello", function* (context, name: string) {
    context.info("greeting", name);
    return yield* context.callActivity(greet, name);
  });
  class Counter {
    value = 0;
    add(amount: number): number {
      this.value += amount;
      return this.value;
    }
  }
  app.entity("Counter", Counter);
  lines.push(greet);
  return app;
}

describe.each(["memory", "Azurite"])("on %s", (place) => {
  const taskHub = `Library${randomUUID().replaceAll("-", "").slice(0, 8)}`;
  const storageOf = () => (place === "memory" ? "memory" : azurite.connectionString);

  it("runs an app, and gives clients to it, to its owner and to others", async () => {
    const app = createApp();
    const lines: LogEntry[] = [];
    const starting = startWorker({
      apps: [app],
      storage: storageOf(),
      taskHub,
      log: (entry) => void lines.push(entry),
    });
    const connecting = starting.then(() => app.connect());
    await using host = await starting;
    const fromApp = await connecting;
    await using alone = await DurableClient.connect({ storage: storageOf(), taskHub });

    for (const [index, client] of [host.client, fromApp, alone].entries()) {
      const id = await client.startNew("hello", { input: `number ${index}` });
      const status = await client.waitForCompletion(id, { pollInterval: 20 });
      expect(status).toMatchObject({ runtimeStatus: "Completed", output: `Hello number ${index}!` });
      expect(await client.callEntity("@Counter@a", "add", 1)).toBe(index + 1);
    }
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "info",
        category: "Function.hello.User",
        message: expect.stringMatching(/^greeting number 0 \[hello /),
      }),
    );
    await expect(host.client.startNew("unknown")).rejects.toMatchObject({ code: "OrchestratorNotRegistered" });
    expect(() => host.client.createHttpManagementPayload("x")).toThrow(/no links to an instance here/);
    expect(host.health()).toMatchObject({ status: "healthy", isReady: true, state: "running", taskHub });
  });

  it("is not ready before it runs and once it stops, and the app may be run again", async () => {
    const app = createApp();
    const host = await startWorker({ apps: [app], storage: storageOf(), taskHub });
    await expect(startWorker({ apps: [app], storage: storageOf(), taskHub })).rejects.toMatchObject({
      code: "NotSupported",
    });
    const stopping = host.stop();
    expect(host.health()).toMatchObject({ status: "unhealthy", isReady: false, state: "stopping" });
    await stopping;
    expect(host.health().state).toBe("stopped");
    expect(await host.stopped).toBeUndefined();
    await expect(app.connect()).rejects.toSatisfy((error) => isDurableError(error, "NotSupported"));

    await using again = await startWorker({ apps: [app], storage: storageOf(), taskHub });
    const id = await again.client.startNew("hello", { input: "again" });
    expect((await again.client.waitForCompletion(id, { pollInterval: 20 })).output).toBe("Hello again!");
  });
});

it("answers probes over HTTP", async () => {
  await using host = await startWorker({ apps: [createApp()], storage: "memory", taskHub: "LibraryProbes" });
  const server = createServer(host.healthHandler).listen(0);
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  try {
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    await host.stop();
    const ready = await fetch(`${url}/health/ready`);
    expect({ status: ready.status, body: await ready.json() }).toMatchObject({
      status: 503,
      body: { state: "stopped" },
    });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  } finally {
    server.close();
  }
});

it("says within seconds that storage cannot be reached", async () => {
  const storage = azurite.connectionString.replaceAll(/:\d{4,5}\//g, ":1/");
  const app = createApp();
  await expect(startWorker({ apps: [app], storage })).rejects.toMatchObject({ code: "StorageUnavailable" });
  await expect(DurableClient.connect({ connectionString: storage })).rejects.toMatchObject({
    code: "StorageUnavailable",
  });
  await expect(DurableClient.connect({})).rejects.toThrow(/'connection', 'connectionString' or 'storage'/);
  await expect(app.connect()).rejects.toThrow(/does not run orchestrations/);
});
