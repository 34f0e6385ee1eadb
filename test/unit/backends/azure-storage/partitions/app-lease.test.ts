import { expect, it } from "vitest";
import { AppLease, appLeaseIdOf } from "../../../../../src/backends/azure-storage/partitions/app-lease.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { describeForeignError } from "../../../../../src/backends/azure-storage/storage/storage-failure.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";
import { LeaseStore } from "../../../../support/partitions/lease-container.ts";

const container = "hub-applease";
const infoBlob = "hub-appleaseinfo";
const settle = () => new Promise((resolve) => setImmediate(resolve));

function openHub() {
  const clock = new SteppedClock();
  const store = new LeaseStore(clock);
  const join = (appName: string, storage: StorageClient = store.storage) => {
    const events: string[] = [];
    const state = { isServing: false, lost: 0 };
    const lease = new AppLease({
      storage,
      container,
      infoBlob,
      taskHub: "Hub",
      workerId: "w",
      appName,
      clock,
      log: { log: (_level, event, text) => void events.push(`${event}: ${text}`) },
      leaseSeconds: 60,
      renewIntervalMs: 25_000,
      acquireIntervalMs: 30_000,
      onHeld: () => {
        state.isServing = true;
      },
      onLost: async () => {
        state.isServing = false;
        state.lost++;
      },
    });
    lease.start();
    return { lease, state, events };
  };
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      for (let turn = 0; turn < 3; turn++) await settle();
    }
  };
  return { clock, store, join, pass };
}

it("has the ids that .NET makes of the names", () => {
  expect(appLeaseIdOf("")).toBe("811c9dc5-0000-0000-0000-000000000000");
  expect(appLeaseIdOf("myapp")).toBe("1312a8a6-0000-0000-0000-000000000000");
});

it("is written as .NET writes it, and renewed as long as the app runs", async () => {
  const { store, join, pass } = openHub();
  const { state, lease } = join("myapp");
  await pass(600);
  expect(state).toEqual({ isServing: true, lost: 0 });
  expect(store.text(container, infoBlob)).toBe(`{"OwnerId":"${appLeaseIdOf("myapp")}","DesiredSwapId":null}`);
  expect(store.isLeased(container)).toBe(true);
  expect(store.requests.get("blob.renewLease")).toBe(23);
  await lease.stop();
});

it("is held by all processes of one app, and not given up with one of them", async () => {
  const { join, pass } = openHub();
  const [first, second] = [join("shop"), join("shop")];
  await pass(100);
  expect([first.state.isServing, second.state.isServing]).toEqual([true, true]);
  await first.lease.stop();
  await pass(100);
  expect(second.state).toEqual({ isServing: true, lost: 0 });
});

it("keeps another app waiting, which is told once for whom, and lets it in when the first has ended", async () => {
  const { join, pass } = openHub();
  const shop = join("shop");
  await pass(5);
  const orders = join("orders");
  await pass(300);
  expect(orders.state.isServing).toBe(false);
  expect(orders.events).toEqual([
    expect.stringContaining("AppLeaseHeldByOther: task hub Hub belongs to the app 'shop'; 'orders' waits"),
  ]);
  await shop.lease.stop();
  await pass(100);
  expect(orders.state.isServing).toBe(true);
});

it("of an app without a name, and of one that only .NET knows, is told as such", async () => {
  for (const [ownerId, text] of [
    [appLeaseIdOf(""), "belongs to an app without a name"],
    [appLeaseIdOf("other"), `of which only its lease id is known (${appLeaseIdOf("other")})`],
  ] as const) {
    const { store, join, pass } = openHub();
    store.put(container, infoBlob, `{"OwnerId":"${ownerId}","DesiredSwapId":null}`);
    const lease = { kind: "blob.acquireLease", container, leaseId: ownerId, durationSeconds: 60 } as const;
    await store.storage.perform(lease);
    const orders = join("orders");
    await pass(5);
    expect(orders.events[0]).toContain(text);
  }
});

it("goes over to the app that is to have it, and the one that had it lets go", async () => {
  const { store, join, pass } = openHub();
  const shop = join("shop");
  await pass(5);
  const [from, to] = [appLeaseIdOf("shop"), appLeaseIdOf("orders")];
  store.put(container, infoBlob, `{"OwnerId":"${from}","DesiredSwapId":"${to}"}`);
  const orders = join("orders");
  await pass(5);
  expect(orders.state.isServing).toBe(true);
  await pass(60);
  expect(shop.state).toEqual({ isServing: false, lost: 1 });
  expect(store.json(container, infoBlob)).toEqual({ OwnerId: to, DesiredSwapId: null });
});

it.each(["", "null", "[]", "{", '{"OwnerId":7}'])("outlives an info blob that says %j", async (text) => {
  const { store, join, pass } = openHub();
  store.put(container, infoBlob, text);
  const { state } = join("shop");
  await pass(100);
  expect(state).toEqual({ isServing: true, lost: 0 });
  expect(store.json(container, infoBlob)).toEqual({ OwnerId: appLeaseIdOf("shop"), DesiredSwapId: null });
});

it("is done without where it may not be taken, with a warning", async () => {
  const { join, pass } = openHub();
  const forbidden = { statusCode: 403, code: "AuthorizationPermissionMismatch", message: "no" };
  const { state, events } = join("shop", new StorageClient(async () => describeForeignError(forbidden, "h:1")));
  await pass(5);
  expect(state.isServing).toBe(true);
  expect(events).toEqual([expect.stringContaining("AppLeaseUnavailable")]);
});

it("is waited for while storage is away, and not lost by an outage", async () => {
  const { store, join, pass } = openHub();
  let isAway = true;
  const away = describeForeignError({ code: "ECONNREFUSED", message: "no answer" }, "h:1");
  const perform = (request: never) => store.storage.perform(request);
  const failing = new StorageClient(async () => away);
  const storage = Object.assign(Object.create(store.storage), {
    perform: (request: never) => (isAway ? failing.perform(request) : perform(request)),
  });
  const { state } = join("shop", storage);
  await pass(20);
  expect(state.isServing).toBe(false);
  isAway = false;
  await pass(20);
  expect(state.isServing).toBe(true);
  isAway = true;
  await pass(55);
  isAway = false;
  await pass(60);
  expect(state).toEqual({ isServing: true, lost: 0 });
});
