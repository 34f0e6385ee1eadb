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

function start(name: string, body?: string): Promise<Response> {
  return fetch(`${host.url}/api/orchestrators/${name}`, { method: "POST", body: body ?? null });
}

it.each(["helloSequence", "helloTyped", "helloAsync"])("%s greets three cities in order", async (name) => {
  const started = await start(name);

  expect(started.status).toBe(202);
  expect(await waitForOutcome(started)).toMatchObject({
    name,
    runtimeStatus: "Completed",
    output: ["Hello Tokyo!", "Hello Seattle!", "Hello London!"],
  });
});

it.each(["helloSequence", "helloTyped", "helloAsync"])("%s greets the cities it is given", async (name) => {
  const started = await start(name, '["Paris", "東京"]');

  expect(await waitForOutcome(started)).toMatchObject({ output: ["Hello Paris!", "Hello 東京!"] });
});

it("answers 404 for an orchestration that does not exist", async () => {
  const response = await start("nonsense");

  expect(response.status).toBe(404);
  expect(await response.text()).toContain("helloSequence");
});

it("shows what happened in the history", async () => {
  const started = await start("helloSequence", '["Paris"]');
  const { statusQueryGetUri } = (await started.clone().json()) as { statusQueryGetUri: string };
  await waitForOutcome(started);

  const status = await (await fetch(`${statusQueryGetUri}&showHistory=true&showHistoryOutput=true`)).json();

  expect(status).toMatchObject({
    historyEvents: [
      { EventType: "ExecutionStarted", FunctionName: "helloSequence" },
      { EventType: "TaskCompleted", FunctionName: "sayHello", Result: "Hello Paris!" },
      { EventType: "ExecutionCompleted", OrchestrationStatus: "Completed", Result: ["Hello Paris!"] },
    ],
  });
});
