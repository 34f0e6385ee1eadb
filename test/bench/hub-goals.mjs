/** What we want of a hub in memory, and what we insist on. */
import { format } from "./markdown.mjs";

/** Absolute, so they depend on the machine: said, never insisted on. */
const goals = [
  ["hello p50 at most 0.4 ms", (r) => r.helloOneAtATime.p50, (value) => value <= 0.4],
  ["at least 7,500 hellos a second, 500 at once", (r) => r.hellosAtOnce.perSecond, (value) => value >= 7500],
  ["at most 1.5 ms of CPU a hello", (r) => r.helloOneAtATime.cpu, (value) => value <= 1.5],
  ["a fan-out of 1,000 in at most 150 ms", (r) => r.fanOut.smallWall, (value) => value <= 150],
  ["fan-out grows with an exponent of at most 1.1", (r) => r.fanOut.exponent, (value) => value <= 1.1],
  ["steps grow with an exponent of at most 1.1", (r) => r.steps.exponent, (value) => value <= 1.1],
];

/** CPU, ours against theirs, because other processes disturb the wall clock more. `least` is what fails the run. */
const ratios = [
  { title: "hello", read: (r) => r.helloOneAtATime.cpu, least: 0.5 },
  { title: "500 hellos at once", read: (r) => r.hellosAtOnce.cpu, least: 0.5 },
  { title: "fan-out of 1,000", read: (r) => r.fanOut.smallCpu, least: 5 },
  { title: "1,000 steps", read: (r) => r.steps.cpu, least: 5 },
];
const wantedRatio = 5;
const largestExponent = 1.3;

/** What took too long to be measured has no number. */
function timesAsFast(ours, theirs) {
  if (ours === undefined) return 0;
  return theirs === undefined ? Number.POSITIVE_INFINITY : theirs / ours;
}

/** @returns whether all that is insisted on is so */
export function checkHub(ours, theirs) {
  for (const [title, read, isMet] of goals) {
    const value = ours(read);
    console.log(`${isMet(value) ? "met    " : "NOT met"} ${title}: ${format(value)}`);
  }
  let isFine = true;
  const insist = (isTrue, text) => {
    console.log(`${isTrue ? "ok     " : "FAILED "} ${text}`);
    isFine &&= isTrue;
  };
  for (const { title, read, least } of ratios) {
    const ratio = timesAsFast(ours(read), theirs(read));
    console.log(`${ratio >= wantedRatio ? "met    " : "NOT met"} ${title}: ${format(ratio)} times durabletask-js`);
    insist(ratio >= least, `${title}: at least ${least} times durabletask-js`);
  }
  for (const [title, read] of [
    ["fan-out", (r) => r.fanOut.exponent],
    ["steps", (r) => r.steps.exponent],
  ]) {
    insist(ours(read) <= largestExponent, `${title}: exponent at most ${largestExponent}`);
  }
  return isFine;
}

/** A leak of one small object a hello is more. */
export function isFlat(heapBytesPerHello) {
  const isTrue = heapBytesPerHello < 100;
  console.log(`${isTrue ? "ok     " : "FAILED "} memory: fewer than 100 bytes stay of a hello\n`);
  return isTrue;
}
