import { inspect } from "node:util";
import { expect, it } from "vitest";
import {
  createEncryptingDataConverter,
  type EncryptionKey,
} from "../../../src/core/payloads/encrypting-data-converter.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import type { EntityContext } from "../../../src/functions/function-contexts.ts";
import { defineEvent } from "../../../src/orchestration/external-event.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";

const secret = "4111-1111";
const keyOf = (fill: number): Buffer => Buffer.alloc(32, fill);
const go = defineEvent<{ card: string }>("Encrypted_Go");

/** An app that hands the secret to everything that keeps payloads. */
async function openHub(keys: readonly EncryptionKey[], readPlaintext = false) {
  const hub = new VirtualHub();
  const dataConverter = createEncryptingDataConverter({ keys, readPlaintext });
  const { exports: app, registries } = await hub.loadApp(() => {
    const loaded = new DFApp({ dataConverter });
    const charge = loaded.activity("charge", (card: string) => `charged ${card}`);
    const child = loaded.orchestration("child", async (_context, card: string) => card);
    loaded.entity("Wallet", (context: EntityContext<string[]>) => {
      const cards = context.getState(() => []);
      if (context.operationName === "add") context.setState([...cards, context.getInput<string>()]);
      return cards.length;
    });
    loaded.orchestration("pay", function* (context, order: { card: string; round: number }) {
      context.setCustomStatus({ paying: order.card });
      if (order.round === 0) return context.continueAsNew({ ...order, round: 1 });
      const charged = yield* context.callActivity(charge, order.card);
      yield* context.callSubOrchestrator(child, order.card);
      yield* context.callEntity("@wallet@ada", "add", order.card);
      const { card } = yield* context.waitForExternalEvent(go);
      return { charged, again: card };
    });
    loaded.orchestration("fail", async (_context, card: string) => {
      throw new Error(`declined, says the bank of ${card.length} letters`);
    });
    return loaded;
  });
  await hub.startWorker({ registries });
  return { hub, client: await app.connect() };
}

const keys = [{ id: "a", key: keyOf(1) }];

it("whatever keeps payloads keeps them encrypted, and who has the key sees them", async () => {
  const { hub, client } = await openHub(keys);
  await using _ = hub;
  const id = await client.startNew("pay", { input: { card: secret, round: 0 }, tags: { tenant: "t1" } });
  await hub.runUntil(async () => (await client.readEntityState("@wallet@ada")).entityExists);
  await client.raiseEvent(id, go, { card: secret });
  const status = await hub.run(client.waitForCompletion(id));
  const wallet = await client.readEntityState("@wallet@ada");

  expect(status).toMatchObject({
    output: { charged: `charged ${secret}`, again: secret },
    customStatus: { paying: secret },
  });
  expect(wallet.entityState).toEqual([secret]);
  // Nothing of it in what the hub keeps, and the rest is readable.
  const page = await hub.client.queryInstances({ includeEntities: true });
  const histories = await Promise.all(page.instances.map(({ instanceId }) => hub.client.getHistory(instanceId)));
  const stored = inspect([page.instances, histories], { depth: 20, maxStringLength: null, maxArrayLength: null });
  const base64 = Buffer.from(secret).toString("base64").slice(0, 10);
  expect(stored).toContain("durable-aes256gcm.1.a.");
  expect(stored).not.toContain(secret);
  expect(stored).not.toContain(base64);
  const kept = page.instances.find(({ instanceId }) => instanceId === id)!;
  expect(kept).toMatchObject({ name: "pay", runtimeStatus: "Completed", tags: { tenant: "t1" } });
  for (const text of [kept.input, kept.output, kept.customStatus]) {
    expect(JSON.parse(text!)).toMatch(/^durable-aes256gcm\.1\.a\./);
  }
});

it("failures stay readable, for those without the key too", async () => {
  const { hub, client } = await openHub(keys);
  await using _ = hub;
  const id = await client.startNew("fail", { input: secret });

  await hub.runUntilEnded(id);

  expect((await client.getStatus(id)).output).toBe("Error: declined, says the bank of 9 letters");
  await client.startNew("pay", { instanceId: "stopped", input: { card: secret, round: 1 } });
  await client.terminate("stopped", "no longer wanted");
  await hub.runUntilEnded("stopped");
  expect((await client.getStatus("stopped")).output).toBe("no longer wanted");
});

it("a client with another key says which one is missing", async () => {
  const { hub, client } = await openHub(keys);
  await using _ = hub;
  const id = await client.startNew("pay", { instanceId: "i1", input: { card: secret, round: 1 } });
  const other = await openOther(hub, [{ id: "b", key: keyOf(2) }]);
  const wrong = await openOther(hub, [{ id: "a", key: keyOf(2) }]);

  await expect(other.getStatus(id)).rejects.toMatchObject({
    code: "InvalidPayload",
    message: "the input of instance 'i1' is encrypted with the key 'a', which is not known here: known are 'b'",
  });
  await expect(wrong.getStatus(id)).rejects.toThrow(/cannot be decrypted with the key 'a'/);
});

/** A client of another process, with an app of its own. */
async function openOther(hub: VirtualHub, others: readonly EncryptionKey[]) {
  const dataConverter = createEncryptingDataConverter({ keys: others });
  const { exports: app } = await hub.loadApp(() => new DFApp({ dataConverter }));
  return app.connect();
}

it("an orchestration whose input nobody can read fails with that, and nothing hangs", async () => {
  const { hub } = await openHub(keys);
  await using _ = hub;

  const state = await hub.runUntilEnded(
    await hub.client.startInstance({ name: "pay", input: '{"card":"plain","round":1}' }),
  );

  expect(state.runtimeStatus).toBe("Failed");
  expect(state.output).toContain("is not encrypted");
});

it("keys rotate under running instances", async () => {
  const both = [{ id: "new", key: keyOf(9) }, ...keys];
  const { hub, client } = await openHub(both);
  await using _ = hub;
  const before = createEncryptingDataConverter({ keys });
  const input = before.serialize({ card: secret, round: 1 }, "the input")!;
  const id = await hub.client.startInstance({ name: "pay", input });
  await client.raiseEvent(id, go, { card: secret });

  const status = await hub.run(client.waitForCompletion(id));

  expect(status.output).toEqual({ charged: `charged ${secret}`, again: secret });
  expect((await hub.client.getInstance(id))?.output).toContain(".new.");
});
