import { it } from "vitest";
import { styles } from "../support/program-orchestrator.ts";
import { randomProgram } from "../support/random-program.ts";
import { runProgram } from "../support/run-program.ts";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";

it("no question of any program is answered twice in its history, whatever is killed, repeated or delivered late", {
  timeout: 400_000,
}, async () => {
  await forSeeds(400, async (seed) => {
    const program = randomProgram(new SeededRandom(seed));
    // Throws when a history has an answer twice.
    await runProgram({ program, style: styles[seed % styles.length]!, seed, faulty: true });
  });
});
