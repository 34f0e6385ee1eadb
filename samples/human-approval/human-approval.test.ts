import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalHostProcess } from "../../test/support/local-host.ts";
import { createSamplesFolder, type SamplesFolder, waitForOutcome } from "../../test/support/samples.ts";

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

function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${host.url}/api/approvals${path}`, { method: "POST", body: JSON.stringify(body) });
}

it.each([
  [true, "Ada approved a bicycle"],
  [false, "Ada rejected a bicycle"],
])("takes the decision of a person (%s), and does not wait for the timer", async (approved, output) => {
  const started = await post("", { what: "a bicycle", timeoutSeconds: 3600 });
  const { id } = (await started.clone().json()) as { id: string };

  const decided = await post(`/${id}`, { approved, by: "Ada" });

  expect(decided.status).toBe(202);
  expect(await waitForOutcome(started)).toMatchObject({ runtimeStatus: "Completed", output });
});

it("asks somebody else when the time is up", async () => {
  const started = await post("", { what: "a bicycle", timeoutSeconds: 1 });

  expect(await waitForOutcome(started)).toMatchObject({ output: "nobody decided on a bicycle, asking the boss" });
});

it("says what it waits for", async () => {
  const started = await post("", { what: "a bicycle" });
  const { statusQueryGetUri } = (await started.json()) as { statusQueryGetUri: string };

  await expect
    .poll(async () => (await fetch(statusQueryGetUri)).json(), { timeout: 30_000 })
    .toMatchObject({ runtimeStatus: "Running", customStatus: "waiting for a decision on a bicycle" });
});

it("answers 404 to a decision that nobody asked for", async () => {
  expect((await post("/nobody", { approved: true, by: "Ada" })).status).toBe(404);
});
