export { SeededRandom } from "../../src/testing/seeded-random.ts";

const given = process.env["DURABLE_SEED"];
/** One for the process: a second try meets what the first did. */
const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);

/**
 * Runs `check` for `count` seeds, from `DURABLE_SEED` if it is set (then for that seed alone). A failure names its seed.
 */
export async function forSeeds(count: number, check: (seed: number) => Promise<void> | void): Promise<void> {
  for (let seed = first; seed < first + (given === undefined ? count : 1); seed++) {
    try {
      await check(seed);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed} failed (run again with DURABLE_SEED=${seed}): ${text}`, { cause });
    }
  }
}
