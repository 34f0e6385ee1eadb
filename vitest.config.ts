import { defineConfig } from "vitest/config";

/**
 * Where processes, sockets and real time are, a test gets a second chance: two cores that do something else for a while are
 * no fault of the product. The gate names each test that needed it.
 */
const withSecondChance = { retry: 1 };

const tier = (name: string, timeoutMs: number, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    // A busy machine is slow, not wrong: what is waited for may take almost as long as its test.
    expect: { poll: { timeout: timeoutMs * 0.9 } },
    // What failed once on another machine is often known from its message alone.
    chaiConfig: { truncateThreshold: 400 },
    ...extra,
  },
});

export default defineConfig({
  test: {
    // Two cores: one file at a time keeps the tiers that start processes from starving each other.
    maxWorkers: 2,
    projects: [
      // Half of what this tier costs is the start of a process and the loading of the sources for each of its files.
      tier("unit", 20_000, { isolate: false, setupFiles: ["test/support/unit-tier.ts"] }),
      // The examples of README.md and docs/, as they stand there: their own tests are for node:test.
      tier("docs", 20_000, { alias: { "node:test": "vitest" }, globalSetup: "test/docs/compile-pages.ts" }),
      tier("conformance", 60_000, withSecondChance),
      tier("fault", 120_000, withSecondChance),
      tier("interop", 120_000, withSecondChance),
      // By the network and the processor in turns, so that two at a time are quicker than one.
      tier("install", 300_000, { ...withSecondChance, maxConcurrency: 2 }),
      tier("e2e", 120_000, {
        ...withSecondChance,
        include: ["test/e2e/**/*.test.ts", "samples/**/*.test.ts"],
        fileParallelism: false,
      }),
    ],
  },
});
