/**
 * What signals to an entity would cost if no engine was there: the same requests with texts of the same size, nothing
 * decided. Nothing on the same storage can be faster.
 */
import { loadModules, portsOf } from "./engine.mjs";
import { RequestTally } from "./request-tally.mjs";
import { timed } from "./statistics.mjs";

const modules = {
  MemoryTaskHub: "backends/memory/memory-task-hub.js",
  createTaskHubParts: "backends/azure-storage/hub-parts.js",
  resolveAzureStorageOptions: "backends/azure-storage/azure-storage-options.js",
  queueOf: "backends/azure-storage/messaging/message-admission.js",
  edm: "backends/azure-storage/storage/table-row.js",
  systemClock: "core/system-ports.js",
  systemRandom: "core/system-ports.js",
};
const instanceId = "@counter@floor";
const receiveSize = 32;
/** Messages of one queue that are received and not deleted yet. */
const maxHeld = 64;

function signalTo(id, target = instanceId) {
  const input = JSON.stringify({ op: "add", signal: true, input: "1", id, Timestamp: "0001-01-01T00:00:00" });
  const event = { type: "EventRaised", eventId: -1, timestamp: new Date(), name: "op", input };
  return { message: { event, target: { instanceId: target, executionId: undefined } } };
}

/** Messages into the hub, and work items out of it with a history of three events and a row for each. */
export async function memoryFloor(dist, { count }) {
  const { MemoryTaskHub, systemClock } = await loadModules(dist, modules);
  const run = async () => {
    const hub = new MemoryTaskHub({ clock: systemClock });
    for (let i = 0; i < count; i++) await hub.sendMessage(signalTo(String(i)));
    const at = new Date();
    const event = { eventId: -1, timestamp: at };
    let historyVersion;
    for (let left = count; left > 0; ) {
      const workItem = await hub.fetchEntityWorkItem(new AbortController().signal);
      const history = {
        executionId: "1",
        expectedHistoryVersion: historyVersion,
        firstIndex: 0,
        events: ["OrchestratorStarted", "ExecutionStarted", "OrchestratorCompleted"].map((type) => ({
          ...event,
          type,
        })),
        episode: 1,
      };
      const instance = { executionId: "1", lastUpdatedTime: at, customStatus: "{}", runtimeStatus: "Running" };
      const settled = workItem.messages;
      ({ historyVersion } = await hub.completeOrchestrationWorkItem({
        workItem,
        history,
        outgoing: [],
        instance: { ...instance, started: { name: instanceId, version: "", input: "{}", createdTime: at } },
        settled,
        deferred: [],
      }));
      left -= settled.length;
    }
  };
  await run();
  const { wallMs, cpuMs } = await timed(run);
  return { perSecond: (1000 * count) / wallMs, cpu: cpuMs / count };
}

/**
 * Puts, receives of 32, and for each batch one transaction of four rows, one merge and all deletions.
 *
 * @param perBatch as many as the engine took into one
 * @param alone everything is put before the first is received
 */
export async function azureFloor(dist, storage, { count, perBatch, alone = false, keys = 1 }) {
  const engine = await loadModules(dist, modules);
  const { edm } = engine;
  const tally = new RequestTally();
  const account = { ...portsOf(engine), ...storage, workerId: "floor", decorateTransport: tally.decorate };
  const { names, ...options } = engine.resolveAzureStorageOptions(account);
  const parts = engine.createTaskHubParts({ ...options, names });
  await parts.resources.create();
  const origin = { sender: { instanceId: "", executionId: "" }, episode: undefined };
  const ids = Array.from({ length: keys }, (_, i) => `@counter@floor-${i}`);
  const queues = [...new Set(ids.map((id) => engine.queueOf({ event: {}, target: { instanceId: id } }, names)))];
  const putAll = () =>
    Promise.all(Array.from({ length: count }, (_, i) => parts.sender.send(signalTo(`${i}`, ids[i % keys]), origin)));
  let left = count;
  let batches = 0;
  const commit = async (queue, messages) => {
    const partitionKey = `floor-${batches++ % keys}`;
    const columns = new Map([["Input", edm.string("x".repeat(400))]]);
    const rowOf = (rowKey) => ({ partitionKey, rowKey, columns });
    const writes = ["0", "1", "2", "sentinel"].map((key) => ({ write: "upsert", row: rowOf(key), mode: "replace" }));
    await parts.storage.require({ kind: "table.batch", table: names.historyTable, writes });
    await parts.storage.require({ kind: "table.upsert", table: names.instancesTable, row: rowOf(""), mode: "merge" });
    const remove = ({ messageId, popReceipt }) =>
      parts.storage.require({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
    await Promise.all(messages.map(remove));
  };
  const consume = async (queue) => {
    const request = { kind: "queue.receive", queue, maxMessages: receiveSize, visibilityTimeoutMs: 600_000 };
    const underWay = new Set();
    let waiting = [];
    while (left > 0) {
      if (underWay.size * perBatch >= maxHeld) await Promise.race(underWay);
      const received = await parts.storage.require(request);
      left -= received.length;
      waiting.push(...received);
      // What is short of a batch waits for no more than one receive.
      while (waiting.length >= perBatch || (waiting.length > 0 && received.length < receiveSize)) {
        const committed = commit(queue, waiting.slice(0, perBatch)).then(() => underWay.delete(committed));
        underWay.add(committed);
        waiting = waiting.slice(perBatch);
      }
    }
    await Promise.all(underWay);
  };
  if (alone) await putAll();
  tally.reset();
  const { wallMs, cpuMs } = await timed(() => Promise.all([...queues.map(consume), alone ? undefined : putAll()]));
  return { perSecond: (1000 * count) / wallMs, cpu: cpuMs / count, requests: tally.read(count) };
}
