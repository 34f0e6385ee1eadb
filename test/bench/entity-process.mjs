/**
 * One workload of entities in a process of its own. Argument: what to run, as JSON. Writes what it measured as one line of
 * JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openEntityApp } from "./entity-app.mjs";
import { azureFloor, memoryFloor } from "./entity-floors.mjs";
import { entityWorkloads } from "./entity-workloads.mjs";
import { RequestTally } from "./request-tally.mjs";

const { dist, workload, options, storage } = JSON.parse(process.argv[2]);
const allQueues = 5;
let hubs = 0;

async function openMemory() {
  const app = await openEntityApp(dist, ({ MemoryTaskHub, systemClock }) => {
    const hub = new MemoryTaskHub({ clock: systemClock });
    return { backend: hub, store: hub };
  });
  return { app, startWorker: () => app.worker.start(), createHub: async () => {}, stop: () => app.worker.stop() };
}

async function openAzure() {
  const tally = new RequestTally();
  const taskHub = `${storage.taskHub}x${hubs++}`;
  let createHub;
  const app = await openEntityApp(dist, ({ createAzureStorageTaskHub }, ports) => {
    const account = { ...ports, ...storage, taskHub, workerId: `bench-${process.pid}` };
    const { backend, store } = createAzureStorageTaskHub({ ...account, decorateTransport: tally.decorate });
    // Looks of a waiting client are no work of the hub, so they are not counted.
    const watched = createAzureStorageTaskHub(account).store;
    createHub = () => store.createTaskHub();
    return { backend, store, watched };
  });
  const startWorker = async () => {
    await app.worker.start();
    while (tally.polledQueues < allQueues) await sleep(20);
  };
  return { app, tally, startWorker, createHub, stop: () => app.worker.stop() };
}

const floor = () => (storage === undefined ? memoryFloor(dist, options) : azureFloor(dist, storage, options));
const open = storage === undefined ? openMemory : openAzure;
const measured = await (workload === "floor" ? floor() : entityWorkloads.get(workload)(open, options));
console.log(JSON.stringify(measured));
process.exit(0);
