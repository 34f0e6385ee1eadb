import { describe, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { isDurableError } from "../../src/core/errors.ts";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { createManagementApi } from "../../src/http/management-api.ts";
import { createStartChecks } from "../../src/management/start-checks.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { hostileIds } from "../support/hostile-ids.ts";
import { serveThroughSidecar } from "../support/served-hub.ts";

const basePath = "/runtime/webhooks/durabletask";

/** What of the texts a door takes; `refused` holds the codes or states of the others. */
async function tried(texts: readonly string[], send: (text: string) => Promise<unknown>) {
  const taken: string[] = [];
  const refused = new Set<unknown>();
  for (const text of texts) {
    try {
      const answer = await send(text);
      if (answer instanceof Response && answer.status >= 300) refused.add(answer.status);
      else taken.push(text);
    } catch (error) {
      if (!isDurableError(error)) throw error;
      refused.add(error.code);
    }
  }
  return { taken, refused };
}

async function open(registry: Registry) {
  const hub = new MemoryTaskHub({ clock: systemClock });
  const client = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const served = await serveThroughSidecar({ backend: hub, store: hub }, executor);
  const startChecks = createStartChecks(() => [registry]);
  const api = createManagementApi({
    client,
    basePath,
    taskHub: client.taskHub,
    connectionName: "Storage",
    startChecks,
  });
  const post = (path: string, body: unknown) =>
    api(
      new Request(`http://localhost${basePath}/${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    );
  return { client, grpc: served.client, post, stop: () => served.stop() };
}

const inUrls = hostileIds.filter((text) => text.isWellFormed() && text !== "" && text !== "." && text !== "..");

describe("names of events", () => {
  it.each(["client", "gRPC", "HTTP"])(
    "reach the wait for just this name, ignoring case: %s",
    async (door) => {
      const registry = new Registry();
      registry.addOrchestration({
        name: "waits",
        orchestrator: function* (context) {
          const seen: [string, unknown][] = [];
          const names = context.getInput() as string[];
          const waits = names.map((name) => ({ name, task: context.waitForExternalEvent(name) }));
          for (const { name, task } of waits) seen.push([name, yield task]);
          return seen;
        },
      });
      const { client, grpc, post, stop } = await open(registry);
      // .NET looks for a wait by a name in any case; the first of such twins gets the first event.
      const folded = new Map(inUrls.map((name) => [name.toUpperCase(), name]));
      const names = [...folded.values()].filter((name) => !/^builtin(?:__|::)/i.test(name));
      const id = await client.startInstance({ name: "waits", input: JSON.stringify(names) });
      await client.waitForInstance(id, "started");
      const from: OrchestrationClient = door === "gRPC" ? grpc : client;
      const path = encodeURIComponent;
      const { taken, refused } = await tried(names, (name) =>
        door === "HTTP"
          ? post(`instances/${id}/raiseEvent/${path(name)}`, name)
          : from.raiseEvent(id, name, JSON.stringify(name)),
      );
      expect([...refused]).toEqual([]);
      expect(taken).toEqual(names);
      const ended = await client.waitForInstance(id, "ended");
      expect(JSON.parse(ended!.output!)).toEqual(names.map((name) => [name, name]));
      await stop();
    },
    120_000,
  );
});

describe("names of orchestrations", () => {
  it.each(["client", "gRPC", "HTTP"])(
    "that nobody has registered are refused or fail, and no name means another: %s",
    async (door) => {
      const registry = new Registry();
      registry.addOrchestration({ name: "known", orchestrator: async () => "known" });
      const { client, grpc, post, stop } = await open(registry);
      const from = door === "gRPC" ? grpc : client;
      const names = door === "HTTP" ? inUrls : hostileIds;
      const { taken, refused } = await tried(names, (name) =>
        door === "HTTP"
          ? post(`orchestrators/${encodeURIComponent(name)}`, 1)
          : from.startInstance({ name, input: "1" }),
      );
      const codes = ["InvalidOption", "OrchestratorNotRegistered", "InvalidPayload", 400, 404];
      expect([...refused].filter((code) => !codes.includes(code as string))).toEqual([]);
      if (door === "HTTP") expect(taken).toEqual([]);
      for (const name of ["", "@a@b", "BuiltIn__Wake", "\ud800"]) expect(taken).not.toContain(name);
      const page = await client.queryInstances({ pageSize: 1000 });
      expect(page.instances.map(({ name }) => name).filter((name) => !taken.includes(name))).toEqual([]);
      expect(page.instances.filter(({ runtimeStatus }) => runtimeStatus === "Completed")).toEqual([]);
      const id = await client.startInstance({ name: "known" });
      expect(await client.waitForInstance(id, "ended")).toMatchObject({ output: '"known"' });
      await stop();
    },
    120_000,
  );
});

describe("keys of entities", () => {
  it.each(["client", "gRPC", "HTTP"])(
    "keep a state each, or are refused: %s",
    async (door) => {
      const registry = new Registry();
      registry.addEntity({
        name: "Holder",
        entity: (context) =>
          context.setState([...((context.getState() as unknown[] | undefined) ?? []), context.getInput()]),
      });
      const { client, grpc, post, stop } = await open(registry);
      const from = door === "gRPC" ? grpc : client;
      const keys = door === "HTTP" ? inUrls.filter((key) => key !== "$") : hostileIds;
      const { taken, refused } = await tried(keys, (key) =>
        door === "HTTP"
          ? post(`entities/Holder/${encodeURIComponent(key)}?op=put`, key)
          : from.entities.signal({ name: "Holder", key }, { operation: "put", input: JSON.stringify(key) }),
      );
      expect([...refused].filter((code) => ![400, "InvalidEntityId"].includes(code as string))).toEqual([]);
      expect(taken.length).toBeGreaterThan(480);
      for (const key of [".", "..", "\ud800", "\uffff", "l".repeat(513)]) expect(taken).not.toContain(key);
      for (const key of taken) {
        await expect
          .poll(async () => (await client.entities.get({ name: "Holder", key }))?.state, { interval: 10 })
          .toBe(JSON.stringify([key]));
      }
      await stop();
    },
    240_000,
  );
});
