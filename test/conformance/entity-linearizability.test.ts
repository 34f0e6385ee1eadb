import { expect, it } from "vitest";
import { randomScenario, scenarioKinds } from "../support/entities/entity-scenario.ts";
import { runScenario } from "../support/entities/run-scenario.ts";
import { forSeeds } from "../support/seeded-random.ts";

it.each(scenarioKinds)(
  "what callers see of entities has an explanation, under any faults: %s",
  { timeout: 400_000 },
  async (kind) => {
    await forSeeds(Number(process.env["COUNT"] ?? 110), async (seed) => {
      const violations = await runScenario(randomScenario(kind, seed), seed);

      if (violations.length > 0) throw new Error(violations.join("\n"));
    });
    expect.assertions(0);
  },
);
