/** What we want of a hub on Azurite, and what we insist on: ratios within the run, because machines differ. */
import { reads } from "./azurite-plan.mjs";
import { format } from "./markdown.mjs";

/** `most` of what `beside` takes is wanted. */
const times = [
  { title: "hello p50", read: reads.hello, beside: "floor", most: 0.7 },
  { title: "hello p50", read: reads.hello, beside: "extended", most: 0.5 },
  { title: "fan-out", read: reads.fanOut, beside: "floor", most: 0.8 },
  { title: "steps", read: reads.steps, beside: "extended", most: 0.5 },
  { title: "event round trip", read: reads.event, beside: "floor", most: 1.2 },
];
/** `least` of what `beside` does in a second is wanted. */
const rates = [{ title: "hellos at once", read: reads.atOnce, beside: "floor", least: 1.5 }];
/** CPU of worker and emulator, because other processes disturb the wall clock more. More than `guard` fails the run. */
const costs = [
  // After few hellos, as with --quick, the compiler still has work, and more for an engine than for a floor.
  { title: "hello", read: reads.helloBoth, guard: 1.5 },
  { title: "hellos at once", read: reads.atOnceBoth, guard: 1.3 },
  { title: "fan-out", read: reads.fanOutBoth, guard: 1.3 },
  { title: "steps", read: reads.stepsBoth, guard: 1 },
].flatMap((cost) => ["floor", "extended"].map((beside) => ({ ...cost, beside })));
const largestLateToEarly = { most: 1.1, guard: 2 };
const mostCpuMs = 15;
const names = { floor: "the floor", extended: ".NET with extended sessions" };

/**
 * @param bestOf the best round, by contender and how it is read: others only ever disturb. `undefined` where it was not
 * measured
 * @returns whether all that is insisted on is so
 */
export function checkAzurite(bestOf, { quick }) {
  const say = (value, isMet, text, [good, bad] = ["met    ", "NOT met"]) => {
    if (value === undefined || Number.isNaN(value)) return true;
    console.log(`${isMet(value) ? good : bad} ${text}: ${format(value)}`);
    return isMet(value);
  };
  const ratioOf = ({ read, beside }, isRate = false) => {
    const [ours, theirs] = [bestOf("ours", read, isRate), bestOf(beside, read, isRate)];
    return ours === undefined || theirs === undefined ? undefined : ours / theirs;
  };
  for (const goal of times) {
    const { title, beside, most } = goal;
    say(ratioOf(goal), (ratio) => ratio <= most, `${title}: at most ${most} of ${names[beside]}`);
  }
  for (const goal of rates) {
    const { title, beside, least } = goal;
    say(ratioOf(goal, true), (ratio) => ratio >= least, `${title}: at least ${least} times ${names[beside]}`);
  }
  const { most, guard } = largestLateToEarly;
  const growth = bestOf("ours", reads.lateToEarly);
  say(growth, (ratio) => ratio <= most, `the last steps take at most ${most} of the first ones`);
  // Absolute, so it depends on the machine: said, never insisted on.
  say(bestOf("ours", reads.helloCpu), (ms) => ms <= mostCpuMs, `at most ${mostCpuMs} ms of CPU a hello`);

  const insist = (value, most, text) => say(value, (ratio) => ratio <= most, text, ["ok     ", "FAILED "]);
  const kept = costs.map((cost) => {
    return insist(ratioOf(cost), cost.guard, `${cost.title}: CPU at most ${cost.guard} of ${names[cost.beside]}`);
  });
  // Ten steps are on the clock of a moment.
  if (!quick) kept.push(insist(growth, guard, `the last steps take at most ${guard} of the first ones`));
  return kept.every((isKept) => isKept);
}
