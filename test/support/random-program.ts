import type { SeededRandom } from "./seeded-random.ts";

/** Something to wait for. */
export type Wait =
  | {
      readonly kind: "activity";
      readonly name: "double" | "flaky" | "slow";
      readonly input: number;
      /** Most attempts; absent without a policy. */
      readonly attempts?: number;
      readonly timeoutSeconds?: number;
    }
  | { readonly kind: "timer"; readonly seconds: number }
  | { readonly kind: "event"; readonly name: string; readonly timeoutSeconds?: number }
  /** An event or combination that the program has begun to wait for before: the latest, or one before it. */
  | { readonly kind: "former"; readonly before: number }
  | { readonly kind: "child"; readonly name: "child" | "grandchild" | "failingChild"; readonly input: number }
  | { readonly kind: "retriedChild"; readonly input: number; readonly attempts: number }
  | { readonly kind: "map"; readonly items: readonly number[]; readonly concurrency: number }
  | { readonly kind: "all" | "any" | "allSettled" | "race"; readonly waits: readonly Wait[] };

export type Statement =
  | { readonly kind: "wait"; readonly wait: Wait }
  | { readonly kind: "try"; readonly body: Program }
  | { readonly kind: "status"; readonly value: number }
  | { readonly kind: "guid" }
  /** Asks a {@link Wait} of kind `former` whether it has completed. */
  | { readonly kind: "look"; readonly before: number }
  | { readonly kind: "send"; readonly toSelf: boolean }
  | { readonly kind: "forget"; readonly wait: Wait }
  | { readonly kind: "startOther"; readonly input: number }
  | { readonly kind: "cancelTimer"; readonly seconds: number }
  | { readonly kind: "throw"; readonly message: string }
  | { readonly kind: "patched"; readonly id: string; readonly body: Program }
  /** Continues as new until it has done so `times` times. */
  | { readonly kind: "again"; readonly times: number }
  | { readonly kind: "repeat"; readonly times: number; readonly body: Program };

export type Program = readonly Statement[];

/** Waits longer than any program takes, and short enough for one timer message. */
const fiveDays = 5 * 86_400;

/**
 * A program in which everything may happen in any order: what it comes to depends on the order in which answers arrive.
 */
export function randomProgram(random: SeededRandom, depth = 2): Program {
  const program = Array.from({ length: 1 + random.below(4) }, () => randomStatement(random, depth, randomWait));
  return random.chance(0.15) ? [...program, { kind: "again", times: 2 }] : program;
}

/**
 * A program that comes to the same end whatever the order and time of the answers: races have one possible winner, what
 * runs in parallel fails only where all outcomes are waited for, and nothing in parallel asks for more on its own (a
 * retry, the next item of a map), because then the numbers of tasks depend on the order of the answers.
 */
export function randomSteadyProgram(random: SeededRandom, depth = 2): Program {
  const program = Array.from({ length: 1 + random.below(4) }, () => randomStatement(random, depth, steadyWait));
  return random.chance(0.2) ? [...program, { kind: "again", times: 1 + random.below(2) }] : program;
}

type WaitMaker = (random: SeededRandom, depth: number) => Wait;

function randomStatement(random: SeededRandom, depth: number, makeWait: WaitMaker): Statement {
  const block = (): Program =>
    Array.from({ length: 1 + random.below(3) }, () => randomStatement(random, depth - 1, makeWait));
  const roll = random.below(depth > 0 ? 20 : 14);
  if (makeWait === randomWait && random.chance(0.1)) return { kind: "look", before: random.below(3) };
  if (roll < 8) return { kind: "wait", wait: makeWait(random, depth) };
  if (roll === 8) return { kind: "status", value: random.below(100) };
  if (roll === 9) return { kind: "guid" };
  if (roll === 10) return { kind: "send", toSelf: random.chance(0.5) };
  if (roll === 11) return { kind: "forget", wait: { kind: "activity", name: "double", input: random.below(50) } };
  if (roll === 12) return { kind: "cancelTimer", seconds: 1 + random.below(60) };
  if (roll === 13) return { kind: "startOther", input: random.below(50) };
  if (roll === 14) return { kind: "throw", message: `thrown ${random.below(10)}` };
  if (roll === 15) return { kind: "patched", id: `change ${random.below(3)}`, body: block() };
  if (roll === 16) return { kind: "repeat", times: 1 + random.below(3), body: block() };
  return { kind: "try", body: block() };
}

function randomWait(random: SeededRandom, depth: number): Wait {
  const roll = random.below(depth > 0 ? 17 : 10);
  if (roll < 3) return { kind: "activity", name: random.pick(["double", "flaky"]), input: random.below(50) };
  if (roll === 3) return { kind: "timer", seconds: random.below(60) };
  if (roll === 4) return { kind: "event", name: random.pick(["go", "Go", "stop"]) };
  if (roll === 5) return { kind: "child", name: "child", input: random.below(50) };
  if (roll === 6) return retriedActivity(random);
  if (roll === 7) {
    return { kind: "activity", name: random.pick(["double", "flaky"]), input: random.below(50), timeoutSeconds: 15 };
  }
  if (roll === 8) return { kind: "event", name: random.pick(["go", "stop"]), timeoutSeconds: random.below(90) };
  if (roll === 9) return { kind: "retriedChild", input: random.below(50), attempts: 1 + random.below(3) };
  if (roll === 10) return randomMap(random, () => random.below(50));
  if (roll === 11) return { kind: "former", before: random.below(4) };
  const waits = Array.from({ length: 1 + random.below(3) }, () => randomWait(random, depth - 1));
  return { kind: random.pick(["all", "any", "allSettled", "race"]), waits };
}

/** Mostly a wait that succeeds; one in four fails, in the same way whenever its answers come. */
function steadyWait(random: SeededRandom, depth: number): Wait {
  if (random.chance(0.25)) return failingWait(random);
  const roll = random.below(depth > 0 ? 13 : 7);
  if (roll < 3) return followedWait(random);
  if (roll === 7) return { ...randomMap(random, () => random.below(25) * 2), concurrency: 9 };
  if (roll === 8 || roll === 9) {
    const rival: Wait = random.chance(0.5)
      ? { kind: "timer", seconds: fiveDays }
      : { kind: "event", name: "never", timeoutSeconds: fiveDays };
    const waits = random.chance(0.5) ? [rival, singleWait(random)] : [singleWait(random), rival];
    return { kind: random.pick(["any", "race"]), waits };
  }
  if (roll === 10) {
    const waits = Array.from({ length: 1 + random.below(4) }, () =>
      random.chance(0.4) ? failingWait(random) : singleWait(random),
    );
    return { kind: "allSettled", waits };
  }
  if (roll > 10) {
    const waits = Array.from({ length: 1 + random.below(4) }, () => singleWait(random));
    return { kind: "all", waits };
  }
  return singleWait(random);
}

/** One question, asked at once. */
function singleWait(random: SeededRandom): Wait {
  switch (random.below(5)) {
    case 0:
      return { kind: "timer", seconds: random.below(90) };
    case 1:
      return { kind: "event", name: random.pick(["go", "GO", "stop"]) };
    case 2:
      return { kind: "child", name: random.pick(["child", "grandchild"]), input: random.below(50) };
    case 3:
      return { kind: "activity", name: "double", input: random.below(50), timeoutSeconds: fiveDays };
    default:
      return { kind: "activity", name: "double", input: random.below(50) };
  }
}

/** A wait that asks again, or not at all, by what came before. */
function followedWait(random: SeededRandom): Wait {
  switch (random.below(4)) {
    case 0:
      return { kind: "event", name: random.pick(["go", "stop"]), timeoutSeconds: fiveDays };
    case 1:
      // The last digit says at which attempt it succeeds; the rest makes it one of a kind.
      return { kind: "retriedChild", input: 10 * random.below(1_000_000) + 1 + random.below(2), attempts: 3 };
    case 2:
      return { kind: "activity", name: "flaky", input: 9, attempts: 3 };
    default:
      // It succeeds at the attempt that its input says.
      return { kind: "activity", name: "flaky", input: 1 + random.below(3), attempts: 3 };
  }
}

function failingWait(random: SeededRandom): Wait {
  switch (random.below(4)) {
    case 0:
      return { kind: "activity", name: "flaky", input: 9, attempts: 1 };
    case 1:
      return { kind: "activity", name: "slow", input: 1, timeoutSeconds: 30 };
    case 2:
      return { kind: "event", name: "never", timeoutSeconds: 1 + random.below(60) };
    default:
      return { kind: "child", name: "failingChild", input: random.below(50) };
  }
}

function retriedActivity(random: SeededRandom): Wait {
  return { kind: "activity", name: "flaky", input: random.below(50), attempts: 1 + random.below(3) };
}

function randomMap(random: SeededRandom, item: () => number): Wait & { readonly kind: "map" } {
  const items = Array.from({ length: random.below(5) }, item);
  return { kind: "map", items, concurrency: 1 + random.below(3) };
}

/** `true` if the program asks whether its code has changed. */
export function asksForPatches(program: Program): boolean {
  return program.some(
    (statement) => statement.kind === "patched" || ("body" in statement && asksForPatches(statement.body)),
  );
}
