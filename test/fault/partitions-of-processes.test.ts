import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DurableClient } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { judgeHub } from "../support/hub-audit.ts";
import { readHub } from "../support/hub-snapshot.ts";
import { SharingProcess } from "../support/partitions/sharing-process.ts";
import { buildWorkerProcess } from "../support/worker-process.ts";

const partitionCount = 4;
const patience = { timeout: 100_000, interval: 50 };
let azurite: Azurite;
let hubs = 0;
const processes: SharingProcess[] = [];

beforeAll(async () => {
  [azurite] = await Promise.all([startAzurite(), buildWorkerProcess()]);
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill()));
});

afterAll(async () => {
  await azurite.stop();
});

class Hub {
  readonly taskHub = `Sharing${++hubs}x${process.pid}`;

  start(env: Readonly<Record<string, string>> = {}, appName?: string): SharingProcess {
    const { taskHub } = this;
    const options = { storage: azurite.connectionString, taskHub, partitionCount };
    const started = new SharingProcess({ ...options, ...(appName === undefined ? {} : { appName }) }, env);
    processes.push(started);
    return started;
  }

  async untilShared(...expected: readonly (readonly [SharingProcess, number])[]): Promise<void> {
    const shares = () => expected.map(([each]) => each.served().length);
    await expect.poll(shares, patience).toEqual(expected.map(([, share]) => share));
  }
}

/** How long it takes until a process serves all partitions from now on, in milliseconds. */
async function timeUntilAllServed(successor: SharingProcess): Promise<number> {
  const since = Date.now();
  await expect.poll(() => successor.served(since).length, patience).toBe(partitionCount);
  return Date.now() - since;
}

describe("an idle worker serves what another had", { timeout: 240_000 }, () => {
  it("soon after SIGTERM, long before its round of ten seconds", async () => {
    const hub = new Hub();
    const leaving = hub.start();
    await hub.untilShared([leaving, 4]);
    const staying = hub.start();
    await hub.untilShared([leaving, 2], [staying, 2]);
    const gone = timeUntilAllServed(staying);
    leaving.terminate();
    expect(await gone).toBeLessThan(6000);
    await leaving.exited;
  });

  it("soon after SIGKILL of a process of its machine, long before the lease runs out", async () => {
    const hub = new Hub();
    const victim = hub.start();
    await hub.untilShared([victim, 4]);
    const staying = hub.start();
    await hub.untilShared([victim, 2], [staying, 2]);
    await victim.kill();
    expect(await timeUntilAllServed(staying)).toBeLessThan(8000);
  });

  it("when the lease runs out, after SIGKILL of a process of another machine", async () => {
    const hub = new Hub();
    const victim = hub.start({ WEBSITE_INSTANCE_ID: "elsewhere" });
    await hub.untilShared([victim, 4]);
    const staying = hub.start();
    await hub.untilShared([victim, 2], [staying, 2]);
    await victim.kill();
    const took = await timeUntilAllServed(staying);
    expect(took).toBeGreaterThan(10_000);
    expect(took).toBeLessThan(40_000);
  });
});

it("from one worker to four and back to one, under load, nothing is lost and all have their share", async () => {
  const hub = new Hub();
  const { taskHub } = hub;
  const first = hub.start();
  await hub.untilShared([first, 4]);
  await using client = await DurableClient.connect({ storage: azurite.connectionString, taskHub, partitionCount });
  const values: number[] = [];
  let isLoading = true;
  const loading = (async () => {
    while (isLoading) {
      const value = values.push(values.length) - 1;
      await client.startNew("threeTimes", { instanceId: `i${value}`, input: { value, ms: value % 40 } });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const others = [hub.start(), hub.start(), hub.start()];
  await hub.untilShared([first, 1], ...others.map((each) => [each, 1] as const));
  const gone = timeUntilAllServed(first);
  for (const each of others) each.terminate();
  expect(await gone).toBeLessThan(8000);
  await Promise.all(others.map(({ exited }) => exited));
  isLoading = false;
  await loading;
  for (const value of values) await client.waitForCompletion(`i${value}`, { pollInterval: 100 });
  const expected = values.map((value) => ({
    id: `i${value}`,
    name: "threeTimes",
    status: "Completed" as const,
    output: String(value * 8),
    input: JSON.stringify({ value, ms: value % 40 }),
  }));
  const { violations, repeatedAnswers } = judgeHub(
    await readHub({ connectionString: azurite.connectionString, taskHub }),
    expected,
    20,
  );
  expect(violations).toEqual([]);
  expect(repeatedAnswers).toEqual([]);
}, 240_000);

it("a process of another app waits, and says for whom", async () => {
  const hub = new Hub();
  const shop = hub.start({}, "shop");
  await hub.untilShared([shop, 4]);
  const orders = hub.start({}, "orders");
  const second = hub.start({}, "shop");
  await hub.untilShared([shop, 2], [second, 2], [orders, 0]);
  const told = () => orders.warnings.filter((warning) => warning.includes("AppLeaseHeldByOther"));
  await expect.poll(told, patience).toHaveLength(1);
  expect(told()[0]).toContain("belongs to the app 'shop'; 'orders' waits");
}, 240_000);
