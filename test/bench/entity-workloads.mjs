/** Workloads of entities, on any hub. Each gives numbers by name, and throws when a state is not what was asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import { growthExponent, timed } from "./statistics.mjs";

const keysOf = (prefix, count) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

/** Until `operations` more have run and `key` has what they make of it, committed. */
async function done({ work, stateOf }, name, key, operations, value) {
  const target = work.operations + operations;
  await new Promise((resolve) => {
    work.onOperation = () => work.operations >= target && resolve();
    work.onOperation();
  });
  for (;;) {
    const state = await stateOf(name, key);
    if (state?.value === value) return state;
    if (state?.value > value) throw new Error(`${key} has ${state.value} where ${value} was expected`);
    await sleep(5);
  }
}

/** Each round on a hub of its own; the first, of `warmUp` operations, is for the compiler. The one in the middle counts. */
async function inRounds(open, { count, warmUp, rounds = 1 }, measure) {
  const measured = [];
  for (let round = 0; round <= rounds; round++) {
    if (round === 0 && warmUp === undefined) continue;
    const hub = await open();
    globalThis.gc?.();
    const one = await measure(hub, round === 0 ? warmUp : count);
    await hub.stop();
    if (round > 0) measured.push(one);
  }
  return measured.sort((a, b) => a.perSecond - b.perSecond)[Math.floor(measured.length / 2)];
}

/** @param alone the worker begins when all is sent */
const signals = (open, { entity = "Counter", keys, alone = false, ...rounds }) =>
  inRounds(open, rounds, async ({ app, tally, startWorker, createHub }, count) => {
    const names = keysOf("one", keys);
    const send = (_, i) => app.client.signalEntity({ name: entity, key: names[i % keys] }, "add", 1);
    const sendAll = () => Promise.all(Array.from({ length: count }, send));
    const allDone = async () => {
      await done(app, entity, names.at(-1), count, count / keys);
      for (const name of names) await done(app, entity, name, 0, count / keys);
    };
    await (alone ? createHub().then(sendAll) : startWorker());
    tally?.reset();
    let sentAfter = 0;
    const { wallMs, cpuMs } = await timed(async () => {
      const begin = performance.now();
      const sending = alone ? startWorker() : sendAll().then(() => (sentAfter = performance.now() - begin));
      await Promise.all([allDone(), sending]);
    });
    return summary(app, tally, { count, wallMs, cpuMs, sentAfter });
  });

function summary(app, tally, { count, wallMs, cpuMs, sentAfter }) {
  return {
    perSecond: (1000 * count) / wallMs,
    sentPerSecond: sentAfter && (1000 * count) / sentAfter,
    cpu: cpuMs / count,
    perBatch: count / app.work.batches,
    requests: tally?.read(count),
  };
}

/** Orchestrations that call one entity, each one call after the other. */
const calls = (open, { each, ...rounds }) =>
  inRounds(open, rounds, async ({ app, tally, startWorker }, count) => {
    await startWorker();
    tally?.reset();
    const start = () => app.client.startNew("calls", { input: { key: "called", calls: each } });
    const { wallMs, cpuMs } = await timed(async () => {
      const starting = Promise.all(Array.from({ length: count / each }, start));
      await done(app, "Counter", "called", count, count);
      for (const id of await starting) {
        const { output } = await app.watcher.waitForCompletion(id);
        if (output !== each) throw new Error(`${each} calls gave ${output}`);
      }
    });
    return summary(app, tally, { count, wallMs, cpuMs });
  });

/** One orchestration that sends all signals: they have stamps, and the entity keeps their order. */
async function fromOrchestration(open, { sizes, ...rounds }) {
  const measured = [];
  for (const count of sizes) {
    const measure = async ({ app, tally, startWorker }, size) => {
      await startWorker();
      tally?.reset();
      const { wallMs, cpuMs } = await timed(async () => {
        await app.client.startNew("signals", { input: { key: "ordered", signals: size } });
        const { isInOrder } = await done(app, "Counter", "ordered", size, size);
        if (!isInOrder) throw new Error("the signals of an orchestration came in another order");
      });
      return summary(app, tally, { count: size, wallMs, cpuMs });
    };
    measured.push(await inRounds(open, { ...rounds, count }, measure));
  }
  const [from, to] = measured.map(({ cpu }, i) => ({ size: sizes[i], cost: cpu * sizes[i] }));
  return { ...measured.at(-1), exponent: to && growthExponent({ from, to }) };
}

export const entityWorkloads = new Map(Object.entries({ signals, calls, fromOrchestration }));
