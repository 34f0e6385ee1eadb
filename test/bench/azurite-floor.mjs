/**
 * The storage requests that the protocol of .NET needs, through our storage client, with no engine:
 *
 * - a start: one message and one row, together;
 * - an episode: a receive, a message for each activity, then the history in batches of at most 100 rows, then the row of
 *   the instance, then the deletion of what was received;
 * - an activity: a receive, the answer, the deletion.
 *
 * What does not need to wait does not: deletions go on beside everything, an activity goes as soon as its message is there,
 * a receive takes up to 32 messages, and all answers that have come meanwhile make one episode. Only the episodes of one
 * instance follow each other. Nobody polls: a queue is asked when something is in it. Texts and rows are of the size that
 * the protocol has for the same workload.
 */
import { randomUUID } from "node:crypto";
import { helloOutput, loadModules, portsOf } from "./engine.mjs";

const modules = {
  createTaskHubParts: "backends/azure-storage/hub-parts.js",
  resolveAzureStorageOptions: "backends/azure-storage/azure-storage-options.js",
  edm: "backends/azure-storage/storage/table-row.js",
  systemClock: "core/system-ports.js",
  systemRandom: "core/system-ports.js",
};
const receiveSize = 32;
const batchSize = 100;
/** Nothing dies, so nothing shall come again. */
const hiddenMs = 3_600_000;
/** Of a message about an activity, before Base64. */
const messageLength = 800;

/** How many activities an orchestration wants after an episode, by the messages it has had; `undefined`: it has ended. */
const orchestrations = {
  hello: sequence(() => 3),
  steps: sequence((steps) => steps),
  fanOut: (tasks, onStep) => (answers) => {
    onStep(answers);
    if (answers === 0) return tasks;
    return answers < tasks ? 0 : undefined;
  },
  event: () => (events) => (events === 0 ? 0 : undefined),
};

function sequence(lengthOf) {
  return (input, onStep) => (answers) => {
    if (answers > 0) onStep(answers - 1);
    return answers < lengthOf(input) ? 1 : undefined;
  };
}

const outputs = { hello: () => helloOutput, steps: String, fanOut: String, event: () => "1" };

export async function openFloor({ dist, connectionString, taskHub, tally, onStep }) {
  const engine = await loadModules(dist, modules);
  const { edm } = engine;
  const account = { ...portsOf(engine), connectionString, taskHub, workerId: "floor" };
  const resolved = engine.resolveAzureStorageOptions({ ...account, decorateTransport: tally.decorate });
  const { storage, resources } = engine.createTaskHubParts(resolved);
  await resources.create();
  const { historyTable, instancesTable, controlQueues, workItemQueue } = resolved.names;
  const instances = new Map();
  const queues = new Map();

  async function send(queue, body) {
    const text = Buffer.from(JSON.stringify(body).padEnd(messageLength)).toString("base64");
    await storage.require({ kind: "queue.send", queue, text, visibilityDelayMs: 0 });
    queues.get(queue).onSent();
  }

  const remove = (queue, { messageId, popReceipt }) =>
    storage.require({ kind: "queue.deleteMessage", queue, messageId, popReceipt });

  /** Receives whenever something is there, one receive at a time. */
  function serve(queue, onMessage) {
    let there = 0;
    let isReceiving = false;
    const receive = async () => {
      if (isReceiving) return;
      isReceiving = true;
      while (there > 0) {
        const request = { kind: "queue.receive", queue, maxMessages: receiveSize, visibilityTimeoutMs: hiddenMs };
        const messages = await storage.require(request);
        there -= messages.length;
        for (const message of messages) onMessage(message, JSON.parse(Buffer.from(message.text, "base64").toString()));
      }
      isReceiving = false;
    };
    queues.set(queue, {
      onSent() {
        there++;
        run(receive());
      },
    });
  }

  async function runActivity(message, { id }) {
    await send(instances.get(id).queue, { id });
    await remove(workItemQueue, message);
  }

  async function runEpisodes(instance) {
    if (instance.isBusy) return;
    instance.isBusy = true;
    while (instance.pending.length > 0) {
      const messages = instance.pending.splice(0);
      instance.received += messages.length;
      const wanted = instance.next(instance.received - 1);
      await Promise.all(Array.from({ length: wanted ?? 0 }, () => send(workItemQueue, { id: instance.id })));
      await writeHistory(instance, 2 + messages.length + (wanted ?? 1));
      await writeRow(instance, "merge");
      for (const message of messages) run(remove(instance.queue, message));
      instance.onStarted();
      if (wanted === undefined) instance.onEnded();
    }
    instance.isBusy = false;
  }

  async function writeHistory(instance, events) {
    const { id } = instance;
    const at = new Date().toISOString();
    for (let left = events; left > 0; left -= batchSize - 1) {
      const keys = Array.from({ length: Math.min(left, batchSize - 1) }, () => (instance.rows++).toString(16));
      const writes = [...keys.map((key) => key.padStart(16, "0")), "sentinel"].map((rowKey) => ({
        write: "upsert",
        mode: "replace",
        row: { partitionKey: id, rowKey, columns: eventColumns(id, at) },
      }));
      await storage.require({ kind: "table.batch", table: historyTable, writes });
    }
  }

  const eventColumns = (id, at) =>
    new Map([
      ["EventType", edm.string("TaskCompleted")],
      ["EventId", edm.int32(-1)],
      ["IsPlayed", edm.boolean(true)],
      ["_Timestamp", edm.dateTime(at)],
      ["ExecutionId", edm.string(id)],
      ["Result", edm.string('"Hello Seattle!"')],
      ["TaskScheduledId", edm.int32(1)],
    ]);

  function writeRow({ id }, mode) {
    const at = edm.dateTime(new Date().toISOString());
    const status = [
      ["ExecutionId", edm.string(id)],
      ["LastUpdatedTime", at],
      ["RuntimeStatus", edm.string("Running")],
      ["CustomStatus", edm.string("null")],
    ];
    const created = [
      ["Name", edm.string("hello")],
      ["Version", edm.string("")],
      ["Input", edm.string("null")],
      ["CreatedTime", at],
      ["TaskHubName", edm.string(taskHub)],
    ];
    const row = { partitionKey: id, rowKey: "", columns: new Map(mode === "merge" ? status : [...status, ...created]) };
    if (mode === "insert") return storage.require({ kind: "table.insert", table: instancesTable, row });
    return storage.require({ kind: "table.upsert", table: instancesTable, row, mode });
  }

  for (const queue of controlQueues) {
    serve(queue, (message, { id }) => {
      const instance = instances.get(id);
      instance.pending.push(message);
      run(runEpisodes(instance));
    });
  }
  serve(workItemQueue, (message, body) => run(runActivity(message, body)));

  let started = 0;
  return {
    async start(name, input) {
      const id = randomUUID().replaceAll("-", "");
      const instance = { id, name, input, rows: 0, received: 0, pending: [], isBusy: false };
      instance.queue = controlQueues[started++ % controlQueues.length];
      instance.next = orchestrations[name](input, onStep);
      instance.started = new Promise((resolve) => (instance.onStarted = resolve));
      instance.ended = new Promise((resolve) => (instance.onEnded = resolve));
      instances.set(id, instance);
      await Promise.all([send(instance.queue, { id }), writeRow(instance, "insert")]);
      return id;
    },
    started: (id) => instances.get(id).started,
    async ended(id) {
      const { ended, name, input } = instances.get(id);
      await ended;
      await storage.require({ kind: "table.get", table: instancesTable, partitionKey: id, rowKey: "" });
      instances.delete(id);
      return outputs[name](input);
    },
    raise: (id) => send(instances.get(id).queue, { id }),
    stop: () => {},
  };
}

/** What fails ends the process: a floor with a hole is none. */
function run(promise) {
  promise.catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
