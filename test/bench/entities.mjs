/**
 * What entities cost on a hub in memory: operations a second, CPU, and beside them what the hub alone takes for the same
 * messages, batches and rows.
 *
 *   --quick          one round, a tenth of the operations
 *   --dist DIR       the build to measure; default dist
 *   --before DIR     a build to measure beside it
 *   --rounds N       within a process; 5
 */
import { parseArgs } from "node:util";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";

const { values: options } = parseArgs({
  strict: false,
  options: {
    quick: { type: "boolean" },
    dist: { type: "string", default: "dist" },
    before: { type: "string" },
    rounds: { type: "string" },
  },
});
const builds = [
  ...(options.before === undefined ? [] : [{ name: "before", dist: options.before }]),
  { name: "durable-functions-ts", dist: options.dist },
];
const names = [...builds.map(({ name }) => name), "the hub alone"];
const count = options.quick ? 1000 : 10_000;
const rounds = { rounds: Number(options.rounds ?? (options.quick ? 1 : 5)), warmUp: count };

const plan = {
  one: ["signals", { keys: 1, count, ...rounds }],
  oneAlone: ["signals", { keys: 1, count, alone: true, ...rounds }],
  many: ["signals", { keys: 100, count, ...rounds }],
  large: ["signals", { entity: "Basket", keys: 1, count: count / 10, ...rounds, warmUp: count / 10 }],
  calls: ["calls", { each: 10, count: 500, ...rounds, warmUp: 500 }],
  callers: ["calls", { each: 1, count: count / 2, ...rounds, warmUp: 500 }],
  ordered: ["fromOrchestration", { sizes: [count / 10, count], ...rounds }],
};
const n = format(count);
const [large, callers] = [format(count / 10), format(count / 2)];
const us = (milliseconds) => milliseconds && 1000 * milliseconds;
/** How each is read from what was measured, and from the floor where that does the same. */
const rows = [
  [`${n} signals to one entity: a second, sends included`, (r) => r.one.perSecond, (f) => f.perSecond],
  [`${n} signals: sent a second meanwhile`, (r) => r.one.sentPerSecond],
  [`${n} signals: CPU µs each`, (r) => us(r.one.cpu), (f) => us(f.cpu)],
  [`${n} signals that are there already: a second`, (r) => r.oneAlone.perSecond],
  [`${n} signals that are there already: CPU µs each`, (r) => us(r.oneAlone.cpu)],
  [`${n} signals to 100 entities: a second, sends included`, (r) => r.many.perSecond],
  [`${n} signals to 100 entities: CPU µs each`, (r) => us(r.many.cpu)],
  [`${large} signals to a class with 62 KB of state: a second`, (r) => r.large.perSecond],
  ["500 calls from 50 orchestrations: a second", (r) => r.calls.perSecond],
  ["500 calls: CPU µs each", (r) => us(r.calls.cpu)],
  [`${callers} orchestrations that call one entity: a second`, (r) => r.callers.perSecond],
  [`${n} signals from one orchestration: a second`, (r) => r.ordered.perSecond],
  [`${n} signals from one orchestration: CPU µs each`, (r) => us(r.ordered.cpu)],
  ["signals from one orchestration: growth exponent (CPU)", (r) => r.ordered.exponent],
];

async function measure(dist) {
  const results = {};
  for (const [name, [workload, taskOptions]] of Object.entries(plan)) {
    const task = { dist, workload, options: taskOptions };
    results[name] = await runProcess("entity-process.mjs", task, { flags: ["--expose-gc"] }).catch((error) => {
      console.error(`${name}: ${error.message}`);
      return {};
    });
  }
  return results;
}

const results = [];
for (const { name, dist } of builds) {
  console.error(`entities: ${name}`);
  results.push(await measure(dist));
}
const floor = await runProcess("entity-process.mjs", { dist: options.dist, workload: "floor", options: { count } });
console.log("\n### Entities in memory\n");
const cells = ([title, read, ofFloor]) => [title, ...results.map((result) => read(result) ?? "–"), ofFloor?.(floor)];
printTable([rounds.rounds === 1 ? "one round" : `median of ${rounds.rounds} rounds`, ...names], rows.map(cells));

const ours = results.at(-1);
for (const [title, value, isMet] of [
  ["20,000 signals a second to one entity, sends included", ours.one.perSecond, (value) => value >= 20_000],
  ["20,000 signals a second of CPU to one entity, sends included", 1000 / ours.one.cpu, (value) => value >= 20_000],
  ["20,000 signals a second of CPU to 100 entities", 1000 / ours.many.cpu, (value) => value >= 20_000],
  ["signals of one orchestration: exponent at most 1.2", ours.ordered.exponent, (value) => value <= 1.2],
]) {
  console.log(`${isMet(value) ? "met    " : "NOT met"} ${title}: ${format(value)}`);
}
const largestExponent = 1.4;
if (!(ours.ordered.exponent <= largestExponent)) {
  console.log(`FAILED  signals of one orchestration: exponent more than ${largestExponent}`);
  process.exitCode = 1;
}
