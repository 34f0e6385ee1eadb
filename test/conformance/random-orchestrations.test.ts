import { expect, it } from "vitest";
import { styles } from "../support/program-orchestrator.ts";
import { randomSteadyProgram } from "../support/random-program.ts";
import { runProgram } from "../support/run-program.ts";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";

it("a random program ends under any faults as it does without, whatever its style", { timeout: 400_000 }, async () => {
  await forSeeds(2000, async (seed) => {
    const program = randomSteadyProgram(new SeededRandom(seed));
    const style = styles[seed % styles.length]!;
    const another = styles[(seed + 1) % styles.length]!;

    const expected = await runProgram({ program, style: another, seed, faulty: false });
    const actual = await runProgram({ program, style, seed, faulty: true });

    expect(actual).toEqual(expected);
  });
});

it("the replay check finds nothing in a random program, under faults or without", { timeout: 400_000 }, async () => {
  await forSeeds(300, async (seed) => {
    const program = randomSteadyProgram(new SeededRandom(seed));
    const style = styles[seed % styles.length]!;

    const expected = await runProgram({ program, style, seed, faulty: false });
    const checked = await runProgram({ program, style, seed, faulty: false, replayCheck: true });
    const actual = await runProgram({ program, style, seed, faulty: true, replayCheck: true });

    expect([checked, actual]).toEqual([expected, expected]);
  });
});
