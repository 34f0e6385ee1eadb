import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { randomScenario, scenarioKinds } from "../support/entities/entity-scenario.ts";
import { plantedEntityFaults } from "../support/entities/planted-entity-faults.ts";
import { runScenario } from "../support/entities/run-scenario.ts";
import { inRealTime, runScenarioOnAzurite } from "../support/entities/run-scenario-on-azurite.ts";
import { forSeeds } from "../support/seeded-random.ts";

/**
 * Histories of concurrent callers of a few entities, under faults: each must have an explanation by operations that are
 * run one after the other. `DURABLE_SEED` runs one again, `DURABLE_HISTORIES` more of each kind.
 */
const historiesOfKind = Number(process.env["DURABLE_HISTORIES"] ?? 110);
const givenSeed = process.env["DURABLE_SEED"];
const mortalHistories = givenSeed === undefined ? 60 : 1;
const hubsAtOnce = 8;

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

it.each(scenarioKinds)(
  "what callers see of entities has an explanation, under any faults: %s",
  {
    timeout: 400_000,
  },
  async (kind) => {
    await forSeeds(historiesOfKind, async (seed) => {
      const violations = await runScenario(randomScenario(kind, seed), seed);
      if (violations.length > 0) throw new Error(violations.join("\n"));
    });
  },
);

it("what callers see of entities has an explanation, wherever a worker dies", { timeout: 400_000 }, async () => {
  const firstSeed = Number(givenSeed ?? Math.floor(Math.random() * 2 ** 31));
  const seeds = Array.from({ length: mortalHistories }, (_, index) => firstSeed + index).values();
  const failures: string[] = [];
  let deaths = 0;
  const drain = async () => {
    for (const seed of seeds) {
      const taskHub = `Lin${process.pid}x${seed}`;
      const scenario = inRealTime(randomScenario(scenarioKinds[seed % scenarioKinds.length]!, seed));
      const { violations, hasDied } = await runScenarioOnAzurite({ ...azurite, taskHub }, scenario, seed);
      if (hasDied) deaths++;
      if (violations.length > 0) failures.push([`DURABLE_SEED=${seed}`, ...violations].join("\n  "));
    }
  };
  await Promise.all(Array.from({ length: hubsAtOnce }, drain));

  // Not an assertion on the text, which reports would cut.
  if (failures.length > 0) throw new Error(failures.join("\n"));
  if (givenSeed === undefined) expect(deaths).toBeGreaterThan(mortalHistories / 4);
});

it.each(plantedEntityFaults)("callers see it when it does not hold: $breaks", async ({ kind, plant }) => {
  const enough = 40;
  for (let seed = 1; seed <= enough; seed++) {
    const violations = await runScenario(randomScenario(kind, seed), seed, plant);
    if (violations.length > 0) return;
  }
  expect.fail(`${enough} histories show nothing of it`);
});
