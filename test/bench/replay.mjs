/**
 * What it costs to replay an event. Compares, and never asserts on absolute times.
 *
 *   --quick    fewer and shorter rounds
 *   --only x   contenders whose name holds x
 */
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { contenders } from "./replay-contenders.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const sizes = [100, 1000, 10_000, 100_000];
/** Per measurement: at least this much time and this many rounds. */
const [minMs, minRounds] = options.quick ? [60, 3] : [400, 8];
/** Per round. */
const minEvents = 10_000;
/** A contender for which one replay takes longer is not asked for the larger histories. */
const giveUpMs = 20_000;
/** How many times as much an event may cost in a history of 100,000 as in one of 1,000. */
const linearity = 3;
/** How many times as fast as the others one more episode shall be, at 10,000 events. */
const episodeGoal = 5;
/** A sequence writes four events per episode. */
const eventsPerEpisode = 4;

const chosen = contenders.filter(({ name }) => options.only === undefined || name.includes(options.only));

/**
 * Nanoseconds of CPU time per event, all threads of the process together, in the best of several rounds: what disturbs a
 * round only ever makes it slower, and what other processes do is not counted. Short histories are replayed many times
 * in one round.
 */
async function measure({ run, fresh }, eventCount) {
  const replays = Math.max(1, minEvents / eventCount);
  const expected = replays * Math.floor(eventCount / 4);
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + minMs;
  for (let rounds = 0; rounds < minRounds || performance.now() < end; rounds++) {
    const histories = Array.from({ length: replays }, fresh);
    // A history is older than its replay: collecting what reading it has left behind is not the replay's work. Twice,
    // because the first time only moves what survives.
    globalThis.gc({ type: "minor" });
    globalThis.gc({ type: "minor" });
    let results = 0;
    const start = process.cpuUsage();
    for (const history of histories) results += await run(history);
    const { user, system } = process.cpuUsage(start);
    if (results !== expected) throw new Error(`expected ${expected} results, got ${results}`);
    best = Math.min(best, user + system);
    if (best > 1e6 && rounds >= 1) break;
  }
  return (best * 1000) / (replays * eventCount);
}

/** All contenders at one size before any of them at the next, so that a noisy minute hits all of them. */
async function compare(title, takePart) {
  const rows = new Map(takePart.map(({ name }) => [name, []]));
  const tooSlow = new Set();
  for (const eventCount of sizes) {
    for (const { name, prepare } of takePart) {
      const perEvent = tooSlow.has(name) ? undefined : await measure(await prepare(eventCount), eventCount);
      rows.get(name).push(perEvent);
      if (perEvent !== undefined && (perEvent * eventCount * 10) / 1e6 > giveUpMs) tooSlow.add(name);
    }
  }
  console.log(`\n### ${title}\n`);
  printTable(rows);
  return rows;
}

function printTable(rows, unit = "nanoseconds per event", digits = 0) {
  console.log(`| ${unit} | ${sizes.map((size) => size.toLocaleString("en")).join(" | ")} |`);
  console.log(`| --- | ${sizes.map(() => "---:").join(" | ")} |`);
  for (const [name, cells] of rows) {
    const texts = cells.map((cell) => (cell === undefined ? "too long" : formatNumber(cell, digits)));
    console.log(`| ${name} | ${texts.join(" | ")} |`);
  }
}

function formatNumber(value, digits) {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const failures = [];

function check(isMet, text) {
  console.log(`${isMet ? "ok    " : "NOT MET"} ${text}`);
  if (!isMet) failures.push(text);
}

function checkLinear(rows, title) {
  for (const { name } of chosen.filter(({ isOurs }) => isOurs)) {
    const [, small, , large] = rows.get(name);
    const ratio = large / small;
    check(ratio < linearity, `${title}, ${name}: 100,000 / 1,000 = ${ratio.toFixed(2)} (under ${linearity})`);
  }
}

function checkFaster(title, own, theirs, goalOf) {
  const at = sizes.indexOf(10_000);
  for (const { name, isOurs, ...other } of chosen) {
    if (isOurs || theirs.get(name)[at] === undefined) continue;
    for (const [ownName, cells] of own) {
      const ratio = theirs.get(name)[at] / cells[at];
      const goal = goalOf(
        other,
        chosen.find((contender) => contender.name === ownName),
      );
      check(ratio >= goal, `${title}, ${ownName}: ${ratio.toFixed(1)} times as fast as ${name} (at least ${goal})`);
    }
  }
}

function pick(rows, isWanted) {
  return new Map([...rows].filter(([name]) => isWanted(chosen.find((contender) => contender.name === name))));
}

function scale(rows, factorOf) {
  return new Map([...rows].map(([name, cells]) => [name, cells.map((cell, i) => cell && cell * factorOf(sizes[i]))]));
}

const workloads = [
  ["sequence", "Replay of a sequence of activities"],
  ["fanOut", "Replay of a fan-out to many activities"],
];
const replays = new Map();
for (const [workload, title] of workloads) {
  const takePart = chosen.map(({ name, prepare }) => ({ name, prepare: (size) => prepare(workload, size) }));
  replays.set(workload, await compare(title, takePart));
}
const sticky = chosen
  .filter(({ isOurs }) => isOurs)
  .map(({ name, prepareSticky }) => ({ name, prepare: (size) => prepareSticky(size) }));
const live = await compare("A live session: every episode of a sequence on its own", sticky);

// We go on where the live session stands; the others replay from the beginning.
const ownEpisodes = scale(live, () => eventsPerEpisode / 1000);
const isTheirs = ({ isOurs }) => !isOurs;
const theirEpisodes = scale(pick(replays.get("sequence"), isTheirs), (size) => size / 1000);
console.log("\n### One more activity of a sequence, by the length of the history so far\n");
printTable(new Map([...ownEpisodes, ...theirEpisodes]), "microseconds per episode", 1);

console.log("");
for (const [title, rows] of [...replays, ["live session", live]]) checkLinear(rows, title);
for (const [title, rows] of replays) {
  checkFaster(
    title,
    pick(rows, ({ isOurs }) => isOurs),
    rows,
    ({ replayGoal }, { style }) => replayGoal[style],
  );
}
checkFaster("one more episode", ownEpisodes, theirEpisodes, () => episodeGoal);
process.exitCode = failures.length === 0 ? 0 : 1;
