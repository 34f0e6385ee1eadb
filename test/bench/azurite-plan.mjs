/** What is measured on Azurite, and how it is read. */
import { format } from "./markdown.mjs";
import { growthExponent, median, quantile } from "./statistics.mjs";

const sizesOf = ({ quick }) =>
  quick
    ? { hellos: 20, warmUp: 20, atOnce: 100, fanOut: [200, 1000], steps: 100, operations: 200 }
    : { hellos: 100, warmUp: 200, atOnce: 500, fanOut: [1000, 5000], steps: 1000, operations: 1000 };

/** Workloads that share a process, by name; each gives the plan of a round. What is long is only in the first. */
export function groupsOf({ quick, only }) {
  const { hellos, warmUp, atOnce, fanOut, steps, operations } = sizesOf({ quick });
  const [small, large] = fanOut;
  const groups = {
    latency: () => [
      // Until the compilers have done most of their work.
      { name: "hello", workload: "hello", count: hellos, warmUp },
      { name: "event", workload: "event", count: hellos / 2, warmUp: warmUp / 2 },
    ],
    atOnce: () => [{ name: "atOnce", workload: "hellosAtOnce", count: atOnce, warmUp: 100 }],
    fanOut: () => [
      { name: "fanOutWarmUp", workload: "fanOut", tasks: small / 10 },
      { name: "fanOut", workload: "fanOut", tasks: small },
    ],
    wide: (round) =>
      round > 0
        ? []
        : [
            { name: "wideWarmUp", workload: "fanOut", tasks: small / 10 },
            { name: "fanOutLarge", workload: "fanOut", tasks: large },
          ],
    steps: () => [
      { name: "stepsWarmUp", workload: "steps", steps: 20 },
      { name: "steps", workload: "steps", steps },
    ],
    entities: () => [
      { name: "oneKey", workload: "signals", keys: 1, count: operations, warmUp: 100 },
      { name: "manyKeys", workload: "signals", keys: 100, count: operations, warmUp: 100 },
    ],
    requests: (round) =>
      round > 0
        ? []
        : [
            { name: "helloCount", workload: "hello", count: 10, warmUp: 3, settleMs: 500 },
            { name: "fanOutCount", workload: "fanOut", tasks: 100, settleMs: 2000 },
          ],
    idle: (round) => (round > 0 ? [] : [{ name: "idle", workload: "idle", quietS: 60, measureS: 180 }]),
  };
  const chosen = only?.split(",") ?? Object.keys(groups).filter((name) => name !== "idle");
  const unknown = chosen.filter((name) => groups[name] === undefined);
  if (unknown.length > 0) throw new Error(`--only has ${Object.keys(groups).join(", ")}, not ${unknown.join(", ")}`);
  return Object.fromEntries(chosen.map((name) => [name, groups[name]]));
}

/** The .NET side has one number. */
const totalOf = (requests) => requests?.total ?? requests;

/** How each row of the table is read from what one round has measured. */
export function rowsOf({ quick }) {
  const { warmUp, atOnce, fanOut, steps, operations } = sizesOf({ quick });
  const [small, large] = fanOut;
  const n = (count) => format(count);
  return [
    ["hello, one at a time: p50 ms", reads.hello],
    ["hello: p95 ms", (r) => r.hello && quantile(r.hello.times, 0.95)],
    [`hello: CPU ms each, after ${n(warmUp)}`, reads.helloCpu],
    ["hello: CPU ms each, of the emulator too", reads.helloBoth],
    [`${n(atOnce)} hellos at once: a second`, reads.atOnce],
    [`${n(atOnce)} hellos at once: CPU ms each`, (r) => r.atOnce?.cpu],
    [`${n(atOnce)} hellos at once: CPU ms each, of the emulator too`, reads.atOnceBoth],
    [`${n(atOnce)} hellos at once: requests each, polls included`, (r) => totalOf(r.atOnce?.requests)],
    [`${n(atOnce)} hellos at once: resident MB after it`, (r) => r.atOnce?.rss],
    [`fan-out of ${n(small)}: s`, reads.fanOut],
    [`fan-out of ${n(small)}: CPU s`, (r) => r.fanOut && r.fanOut.cpu / 1000],
    [`fan-out of ${n(small)}: CPU s, of the emulator too`, (r) => r.fanOut && reads.fanOutBoth(r) / 1000],
    [`fan-out of ${n(small)}: requests, polls included`, (r) => totalOf(r.fanOut?.requests)],
    [`fan-out of ${n(small)}: most requests in flight`, (r) => r.fanOut?.requests.mostInFlight],
    [`fan-out of ${n(large)}: s`, (r) => r.fanOutLarge && r.fanOutLarge.wall / 1000],
    [`fan-out of ${n(large)}: CPU s`, (r) => r.fanOutLarge && r.fanOutLarge.cpu / 1000],
    [`fan-out of ${n(large)}: resident MB after it`, (r) => r.fanOutLarge?.rss],
    ["fan-out: growth exponent (time)", exponentOf(small, large, "wall")],
    ["fan-out: growth exponent (CPU)", exponentOf(small, large, "cpu")],
    [`${n(steps)} steps: s`, reads.steps],
    [`${n(steps)} steps: ms a step, first ${n(steps / 10)}`, (r) => r.steps?.early],
    [`${n(steps)} steps: ms a step, last ${n(steps / 10)}`, (r) => r.steps?.late],
    [`${n(steps)} steps: last / first`, reads.lateToEarly],
    [`${n(steps)} steps: CPU ms a step`, (r) => r.steps?.cpu],
    [`${n(steps)} steps: CPU ms a step, of the emulator too`, reads.stepsBoth],
    ["event round trip: p50 ms", reads.event],
    ["event round trip: p95 ms", (r) => r.event && quantile(r.event.times, 0.95)],
    [`${n(operations)} operations on one entity: a second`, reads.oneKey],
    [`${n(operations)} operations on one entity: CPU ms each`, (r) => r.oneKey?.cpu],
    [`${n(operations)} operations on one entity: requests each`, (r) => totalOf(r.oneKey?.requests)],
    [`${n(operations)} operations on 100 entities: a second`, reads.manyKeys],
    [`${n(operations)} operations on 100 entities: CPU ms each`, (r) => r.manyKeys?.cpu],
    [`${n(operations)} operations on 100 entities: requests each`, (r) => totalOf(r.manyKeys?.requests)],
    ["a hello: requests of the work", (r) => r.helloCount?.requests.work],
    ["a hello: requests, polls included", (r) => totalOf(r.helloCount?.requests)],
    ["a fan-out of 100: requests of the work", (r) => r.fanOutCount?.requests.work],
    ["a fan-out of 100: requests, polls included", (r) => totalOf(r.fanOutCount?.requests)],
    ["idle: requests an hour", (r) => totalOf(r.idle?.requests)],
    ["idle: CPU s an hour", (r) => r.idle && r.idle.cpuPerHour / 1000],
  ];
}

/** Other processes disturb it less than they disturb the wall clock. */
const bothCpu = (measured) => measured && measured.cpu + measured.emulatorCpu;

/** What goals are about. */
export const reads = {
  helloBoth: (r) => bothCpu(r.hello),
  atOnceBoth: (r) => bothCpu(r.atOnce),
  fanOutBoth: (r) => bothCpu(r.fanOut),
  stepsBoth: (r) => bothCpu(r.steps),
  hello: (r) => r.hello && median(r.hello.times),
  helloCpu: (r) => r.hello?.cpu,
  atOnce: (r) => r.atOnce?.perSecond,
  fanOut: (r) => r.fanOut && r.fanOut.wall / 1000,
  steps: (r) => r.steps && r.steps.wall / 1000,
  lateToEarly: (r) => r.steps && r.steps.late / r.steps.early,
  event: (r) => r.event && median(r.event.times),
  oneKey: (r) => r.oneKey?.perSecond,
  manyKeys: (r) => r.manyKeys?.perSecond,
};

const exponentOf = (small, large, what) => (r) =>
  r.fanOut &&
  r.fanOutLarge &&
  growthExponent({ from: { size: small, cost: r.fanOut[what] }, to: { size: large, cost: r.fanOutLarge[what] } });
