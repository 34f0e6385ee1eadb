import { expect, it } from "vitest";
import { type Leave, SuspectLine } from "../../../src/engine/suspect-line.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function enterAll(line: SuspectLine, runs: readonly number[]): Promise<(Leave | undefined)[]> {
  const leaves: (Leave | undefined)[] = runs.map(() => undefined);
  for (const [index, unfinishedRuns] of runs.entries()) {
    void line.enter(unfinishedRuns).then((leave) => {
      leaves[index] = leave;
    });
  }
  await settle();
  return leaves;
}

const places = (leaves: readonly (Leave | undefined)[]) => leaves.map((leave) => leave !== undefined);

it("many that were begun once run at a time, few that were begun twice, and one alone that was begun oftener", async () => {
  const count = async (runs: number) =>
    (await enterAll(new SuspectLine(new SteppedClock()), Array<number>(50).fill(runs))).filter(Boolean).length;

  expect([await count(1), await count(2), await count(3), await count(7)]).toEqual([32, 8, 1, 1]);
});

it("whoever is to run alone waits for all others, and those that come later wait for it", async () => {
  const line = new SuspectLine(new SteppedClock());
  const leaves = await enterAll(line, [1, 5, 1]);
  expect(places(leaves)).toEqual([true, false, false]);
  leaves[0]!();
  await settle();
  expect(places(leaves)).toEqual([true, true, false]);
  leaves[1]!();
  leaves[1]!();
  await settle();
  expect(places(leaves)).toEqual([true, true, true]);
});

it("a turn is over after its time: what has not taken its process down by then holds nobody up", async () => {
  const clock = new SteppedClock();
  const line = new SuspectLine(clock);
  const leaves = await enterAll(line, [3, 3]);
  clock.advance(10_000);
  await settle();
  expect(places(leaves)).toEqual([true, true]);
});
