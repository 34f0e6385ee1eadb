import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../../src/backends/memory/memory-task-hub.ts";
import { systemRandom } from "../../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../../src/engine/task-hub-client.ts";
import { GatedBackend } from "../../../../src/grpc/sidecar/gated-backend.ts";
import { fakeWorker, openDispatcher, settle } from "./fake-workers.ts";

function openGate() {
  const { dispatcher, clock } = openDispatcher();
  const hub = new MemoryTaskHub({ clock });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  const stop = new AbortController();
  return { dispatcher, client, backend: new GatedBackend(hub, dispatcher.queue), stop };
}

it("nothing is fetched while no worker is connected", async () => {
  const { dispatcher, client, backend, stop } = openGate();
  await client.startInstance({ name: "x", instanceId: "i" });
  let fetched: string | undefined;
  const fetching = backend.fetchOrchestrationWorkItem(stop.signal).then((item) => {
    fetched = item?.instanceId;
  });
  await settle();
  expect(fetched).toBeUndefined();

  dispatcher.connect(fakeWorker().remote);
  await fetching;
  expect(fetched).toBe("i");
});

it("a fetch that goes on is broken off when the last worker leaves", async () => {
  const { dispatcher, client, backend, stop } = openGate();
  const [one, two] = [fakeWorker(), fakeWorker()];
  dispatcher.connect(one.remote);
  dispatcher.connect(two.remote);
  let isFetched = false;
  const fetching = backend.fetchOrchestrationWorkItem(stop.signal).then((item) => {
    isFetched = true;
    return item;
  });
  dispatcher.disconnect(one.remote);
  dispatcher.disconnect(two.remote);
  await settle();
  await client.startInstance({ name: "x", instanceId: "i" });
  await settle();
  expect(isFetched).toBe(false);

  dispatcher.connect(fakeWorker().remote);
  expect((await fetching)?.instanceId).toBe("i");
});

it("entities are fetched for those who take them, orchestrations for those who take these", async () => {
  const { dispatcher, client, backend, stop } = openGate();
  await client.entities.signal({ name: "counter", key: "k" }, { operation: "add" });
  await client.startInstance({ name: "x", instanceId: "i" });
  const fetched: string[] = [];
  const note = (item: { readonly instanceId: string } | undefined) => void fetched.push(item?.instanceId ?? "none");
  const fetching = [
    backend.fetchOrchestrationWorkItem(stop.signal).then(note),
    backend.fetchEntityWorkItem(stop.signal).then(note),
  ];

  dispatcher.connect(fakeWorker({ workItemFilters: { entities: [{ name: "counter" }] } }).remote);
  await settle();
  expect(fetched).toEqual(["@counter@k"]);

  dispatcher.connect(fakeWorker({ workItemFilters: { orchestrations: [{ name: "x" }] } }).remote);
  await Promise.all(fetching);
  expect(fetched).toEqual(["@counter@k", "i"]);
});

it("a worker without room, or that takes no such work, opens nothing", async () => {
  const { dispatcher, client, backend, stop } = openGate();
  dispatcher.connect(fakeWorker({ workItemFilters: { activities: [{ name: "a" }] } }).remote);
  await client.startInstance({ name: "x", instanceId: "i" });
  let isFetched = false;
  const fetching = backend.fetchOrchestrationWorkItem(stop.signal).then((item) => {
    isFetched = true;
    return item;
  });
  await settle();
  expect(isFetched).toBe(false);
  stop.abort();

  expect(await fetching).toBeUndefined();
});
