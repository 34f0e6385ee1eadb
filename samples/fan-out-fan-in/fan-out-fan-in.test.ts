import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalHostProcess } from "../../test/support/local-host.ts";
import { createSamplesFolder, type SamplesFolder } from "../../test/support/samples.ts";

let samples: SamplesFolder;
let host: LocalHostProcess;

beforeAll(async () => {
  samples = await createSamplesFolder();
  host = await samples.start();
});

afterAll(async () => {
  await host?.stop();
  await samples?.remove();
});

it.each([
  ["nothing", [], 0],
  ["a few items", [1, 2, 3, 4], 30],
  ["a hundred items", Array.from({ length: 100 }, () => 2), 400],
])("adds up %s", async (_, items, total) => {
  const response = await fetch(`${host.url}/api/totals`, { method: "POST", body: JSON.stringify(items) });

  expect(response.status).toBe(200);
  expect(await response.json()).toBe(total);
});
