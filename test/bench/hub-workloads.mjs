/** Workloads on a hub in memory. Each gives numbers by name; milliseconds unless the name says otherwise. */
import { helloOutput } from "./engine.mjs";
import { growthExponent, median, quantile, slope, timed } from "./statistics.mjs";

async function run(hub, name, input, expected) {
  const output = await hub.ended(await hub.start(name, input));
  if (output !== expected) throw new Error(`${name} gave ${output} where ${expected} was expected`);
}

const hello = (hub) => run(hub, "hello", undefined, helloOutput);

/** Until the compiler has done most of its work, or for as long as a measurement may take. */
async function warmUp(hub, { count, maxMs }) {
  const end = performance.now() + maxMs;
  for (let i = 0; i < count && performance.now() < end; i++) await hello(hub);
}

async function helloOneAtATime(open, { count, maxMs }) {
  const hub = await open();
  await warmUp(hub, { count, maxMs });
  const times = [];
  const end = performance.now() + maxMs;
  const { cpuMs } = await timed(async () => {
    while (times.length < count && performance.now() < end) {
      const start = performance.now();
      await hello(hub);
      times.push(performance.now() - start);
    }
  });
  await hub.stop();
  return { p50: median(times), p95: quantile(times, 0.95), cpu: cpuMs / times.length };
}

async function hellosAtOnce(open, { atOnce, batches, maxMs }) {
  const hub = await open();
  const batch = () => timed(() => Promise.all(Array.from({ length: atOnce }, () => hello(hub))));
  const measured = [];
  const end = performance.now() + maxMs;
  // The first warms up, unless there is no time for another.
  for (let i = 0; i <= batches && (i === 0 || performance.now() < end); i++) measured.push(await batch());
  if (measured.length > 1) measured.shift();
  await hub.stop();
  return {
    perSecond: (1000 * atOnce) / median(measured.map(({ wallMs }) => wallMs)),
    cpu: median(measured.map(({ cpuMs }) => cpuMs)) / atOnce,
  };
}

/**
 * The cost of one instance at each size, from small to large. Of smaller ones several run, one after the other, so that
 * the collector has as much to do at each size. A size that looks to take more than `maxMs` of CPU is left out.
 */
async function bySize(open, name, { warmUp, sizes, repeats, maxMs }, onRun = () => {}) {
  const runAt = async (instances, size) => {
    const hub = await open();
    globalThis.gc();
    const { wallMs, cpuMs } = await timed(async () => {
      for (let i = 0; i < instances; i++) {
        await run(hub, name, size, String(size));
        onRun(size);
      }
    });
    await hub.stop();
    return { wall: wallMs / instances, cpu: cpuMs / instances };
  };
  const measured = [{ size: warmUp, cost: (await runAt(1, warmUp)).cpu }];
  for (const size of sizes) {
    if (expectedCost(measured, size) > maxMs) break;
    const instances = Math.round(sizes.at(-1) / size);
    const runs = [];
    for (let spentMs = 0; runs.length < repeats && spentMs < maxMs; spentMs += runs.at(-1).cpu * instances) {
      runs.push(await runAt(instances, size));
    }
    measured.push({ size, wall: median(runs.map(({ wall }) => wall)), cost: median(runs.map(({ cpu }) => cpu)) });
  }
  const at = (size) => measured.slice(1).find((one) => one.size === size);
  return { at, exponent: lastExponent(measured) };
}

/** Between the last two sizes. */
function lastExponent(measured) {
  const [from, to] = measured.slice(-2);
  return to === undefined ? undefined : growthExponent({ from, to });
}

function expectedCost(measured, size) {
  const last = measured.at(-1);
  return last.cost * (size / last.size) ** (lastExponent(measured) ?? 1);
}

async function fanOut(open, options) {
  const [small, large] = options.sizes;
  const { at, exponent } = await bySize(open, "fanOut", options);
  return {
    smallWall: at(small)?.wall,
    smallCpu: at(small)?.cost,
    largeWall: at(large)?.wall,
    largeCpu: at(large)?.cost,
    exponent,
  };
}

/** @param marks when each step of the last run ended */
async function steps(open, { marks, ...options }) {
  const large = options.sizes.at(-1);
  const tenth = Math.floor(large / 10);
  const early = [];
  const late = [];
  const { at, exponent } = await bySize(open, "steps", options, (size) => {
    const times = marks.splice(0);
    if (size !== large) return;
    early.push((times[tenth] - times[0]) / tenth);
    late.push((times.at(-1) - times.at(-1 - tenth)) / tenth);
  });
  return {
    early: early.length === 0 ? undefined : median(early),
    late: late.length === 0 ? undefined : median(late),
    cpu: at(large) && at(large).cost / large,
    exponent,
  };
}

async function eventRoundTrip(open, { count, maxMs }) {
  const hub = await open();
  const roundTrip = async () => {
    const id = await hub.start("event");
    await hub.started(id);
    const start = performance.now();
    await hub.raise(id, "go");
    if ((await hub.ended(id)) !== "1") throw new Error("the event did not arrive");
    return performance.now() - start;
  };
  const end = performance.now() + maxMs;
  const times = [];
  while (times.length < 2 * count && performance.now() < end) times.push(await roundTrip());
  await hub.stop();
  const warm = times.slice(Math.floor(times.length / 2));
  return { p50: median(warm), p95: quantile(warm, 0.95) };
}

/** Bytes on the heap that a hello takes, of which most are garbage at once: nothing is collected while it is measured. */
async function allocations(open, { count, maxMs }) {
  const hub = await open();
  await warmUp(hub, { count: 200, maxMs });
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  for (let hellos = count; hellos >= 1; hellos = Math.floor(hellos / 4)) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
    collections = 0;
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < hellos; i++) await hello(hub);
    const allocated = process.memoryUsage().heapUsed - before;
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (collections > 0) continue;
    await hub.stop();
    return { kilobytes: allocated / hellos / 1024 };
  }
  throw new Error("the heap is too small to measure what one hello allocates");
}

/** How often a hello combines and aborts signals: both are dear, and a signal that lives long keeps what is made of it. */
async function signals(open, { count }) {
  const hub = await open();
  await hello(hub);
  const calls = { any: 0, abort: 0 };
  const { any } = AbortSignal;
  const { abort } = AbortController.prototype;
  AbortSignal.any = (list) => {
    calls.any++;
    return any.call(AbortSignal, list);
  };
  AbortController.prototype.abort = function (...reason) {
    calls.abort++;
    abort.apply(this, reason);
  };
  for (let i = 0; i < count; i++) await hello(hub);
  Object.assign(AbortSignal, { any });
  Object.assign(AbortController.prototype, { abort });
  await hub.stop();
  return { anyPerHello: calls.any / count, abortsPerHello: calls.abort / count };
}

/** Whether memory stays flat: what is resident and on the heap, at ten times, over `count` hellos that are purged. */
async function soak(open, { count, lanes = 1 }) {
  const hub = await open();
  const parts = 10;
  const points = [];
  for (let part = 1; part <= parts; part++) {
    let left = count / parts;
    const lane = async () => {
      while (left-- > 0) {
        const id = await hub.start("hello");
        await hub.ended(id);
        await hub.purge(id);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    // What the loop has left in flight, then what only finalizers hold.
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      globalThis.gc();
    }
    const { rss, heapUsed } = process.memoryUsage();
    points.push({ hellos: (part * count) / parts, rss, heapUsed });
  }
  await hub.stop();
  // The first parts fill pools and caches.
  const settled = points.slice(2);
  const slopeOf = (read) => slope(settled.map((point) => [point.hellos, read(point)]));
  return { points, heapBytesPerHello: slopeOf((p) => p.heapUsed), rssBytesPerHello: slopeOf((p) => p.rss) };
}

export const workloads = new Map(
  Object.entries({ helloOneAtATime, hellosAtOnce, fanOut, steps, eventRoundTrip, allocations, signals, soak }),
);
