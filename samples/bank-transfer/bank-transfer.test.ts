import { expect, it } from "vitest";
import { DurableClient } from "../../src/functions/durable-client.ts";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";
import { forSeeds, SeededRandom } from "../../test/support/seeded-random.ts";

const owners = ["ann", "bob", "cat", "dan", "eve"];

it("keeps the sum of all accounts through three hundred transfers at once", async () => {
  await forSeeds(1, async (seed) => {
    const random = new SeededRandom(seed);
    await using hub = new VirtualHub();
    const { registries } = await hub.loadApp(() => import("./app.ts"));
    await hub.startWorker({ registries });
    const client = new DurableClient({ client: hub.client, managementBaseUrl: "", connectionName: "" });
    for (const owner of owners) await client.signalEntity(`@account@${owner}`, "deposit", 100);

    for (let n = 0; n < 300; n++) {
      const [from, to] = random.shuffle(owners);
      const input = { from, to, amount: 1 + random.below(80) };
      await client.startNew(random.pick(["transferAsync", "transferGenerator"]), { instanceId: `t${n}`, input });
    }
    for (let n = 0; n < 300; n++) await hub.runUntilEnded(`t${n}`);
    await hub.settle();

    const outputs = (await client.getStatusAll()).map(({ output }) => (output as { moved: boolean }).moved);
    const { entities } = await client.listEntities<{ balance: number }>({ name: "Account" });
    const balances = entities.map(({ entityState }) => entityState!.balance);
    expect(new Set(outputs)).toEqual(new Set([true, false]));
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(500);
    expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
    expect(entities.map(({ lockedBy }) => lockedBy)).toEqual(owners.map(() => undefined));
  });
});
