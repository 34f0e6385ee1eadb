import { afterAll, expect, it } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import type { OrchestrationClient } from "../../../src/core/orchestration-client.ts";
import { DurableTaskClient } from "../../../src/portable/durable-task-client.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { FakeOrchestrationClient, instance } from "../http/fake-orchestration-client.ts";

// Starts under an id that is taken, where something is missing or goes wrong.

class ClientUnderTest extends DurableTaskClient {
  constructor(hub: OrchestrationClient) {
    super(async () => ({ client: hub, close: async () => {} }), {});
  }
}

const hub = new VirtualHub();
afterAll(() => hub[Symbol.asyncDispose]());

it("an instance that does not end is not replaced, and the start says what is missing", async () => {
  const client = new ClientUnderTest(hub.client);
  await client.start("order", 1, { instanceId: "stuck" });
  const replace = client.start("order", 2, { instanceId: "stuck", reusePolicy: { action: "terminate" } });

  await expect(hub.run(replace)).rejects.toMatchObject({
    code: "TaskTimeout",
    message: expect.stringMatching(/'stuck', which is to be replaced, .* ends once a worker runs/),
  });
  expect((await client.run("stuck").status()).input).toBe(1);
});

it("the wait for an instance that is to be replaced ends when it is told to", async () => {
  const client = new ClientUnderTest(hub.client);
  await client.start("order", 1, { instanceId: "waiting" });
  const stop = new AbortController();
  const options = { instanceId: "waiting", dedupeStatuses: [], signal: stop.signal } as const;
  const replace = expect(client.start("order", 2, options)).rejects.toMatchObject({ code: "Aborted" });
  await hub.settle();
  stop.abort();

  await replace;
});

/** Says that an id is taken, so many times. */
class TakenHub extends FakeOrchestrationClient {
  taken: number;

  constructor(taken: number, name?: string) {
    super(...(name === undefined ? [] : [instance({ instanceId: "a", name })]));
    this.taken = taken;
  }

  override async startInstance(options: Parameters<FakeOrchestrationClient["startInstance"]>[0]): Promise<string> {
    if (this.taken-- > 0) throw new DurableError("InstanceAlreadyExists", "it is taken");
    return super.startInstance(options);
  }
}

it("startOrGet starts what was purged between its looks, and gives up when that never ends", async () => {
  const run = await new ClientUnderTest(new TakenHub(3)).startOrGet("order", 1, { instanceId: "a" });

  expect([run.id, run.isNew]).toEqual(["a", true]);
  await expect(new ClientUnderTest(new TakenHub(99)).startOrGet("order", 1, { instanceId: "a" })).rejects.toThrow(
    "it is taken",
  );
});

it("startOrGet gives instances of its orchestration, whatever the case of the name, and no others", async () => {
  const run = await new ClientUnderTest(new TakenHub(99, "ORDER")).startOrGet("order", 1, { instanceId: "a" });
  expect(run.isNew).toBe(false);

  const other = new ClientUnderTest(new TakenHub(99, "invoice")).startOrGet("order", 1, { instanceId: "a" });
  await expect(other).rejects.toThrow(/exists already and is one of the orchestration 'invoice', not of 'order'/);
});

it("an error that is none of an id that is taken is handed on", async () => {
  const broken = new FakeOrchestrationClient();
  broken.failure = new DurableError("StorageUnavailable", "no answer");

  await expect(new ClientUnderTest(broken).startOrGet("order", 1, { instanceId: "a" })).rejects.toThrow("no answer");
});
