import az from "@azure/functions";
import { fromBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { TriggerRunner } from "../../../../src/functions/extension/trigger-runner.ts";
import { EntityBatchResultSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { Registry } from "../../../../src/worker/registry.ts";
import {
  completionOf,
  createRecordedApp,
  firstRequest,
  readRecordings,
  renumber,
  summarize,
} from "./recordings-fixture.ts";

const runner = new TriggerRunner({ registries: [createRecordedApp()] });
const contextOf = (instanceId?: string) =>
  new az.InvocationContext({ triggerMetadata: { instanceId }, logHandler: () => {} });

const orchestrations = readRecordings("orchestrationTrigger").map((recording, index) => ({
  ...recording,
  title: `${recording.function} (${index})`,
}));

it.each(orchestrations)("answers the recorded request of $title as it was answered", async (recording) => {
  const { function: name, input, result } = recording;

  const answer = await runner.run("orchestrationTrigger", name, renumber(String(input)), contextOf());

  expect(summarize(String(answer))).toEqual(summarize(result!));
  const ends = [completionOf(String(answer)), completionOf(result!)];
  if (ends[1]?.result !== undefined && !/guid|statusCode|caught/.test(ends[1].result)) {
    expect(ends[0]?.result).toBe(ends[1].result);
  }
});

it.each(readRecordings("activityTrigger").filter((recording) => !recording.function.startsWith("BuiltIn__")))(
  "answers the recorded call of $function with $input",
  async ({ function: name, input, result, error }) => {
    const answer = runner.run("activityTrigger", name, input, contextOf("i"));

    if (error === undefined) await expect(answer).resolves.toEqual(result);
    else {
      const failure: Error = await answer.then(
        () => expect.fail("it did not fail"),
        (thrown) => thrown,
      );
      expect(failure.message).not.toContain("\n");
      expect(JSON.parse(failure.message)).toMatchObject({ errorType: "Error", errorMessage: error.message });
    }
  },
);

it.each(readRecordings("entityTrigger"))("answers the recorded batch of $function", async (recording) => {
  const answer = await runner.run("entityTrigger", recording.function, recording.input, contextOf());

  const [own, recorded] = [answer, recording.result].map((text) =>
    fromBinary(EntityBatchResultSchema, Buffer.from(String(text), "base64")),
  );
  expect(own!.entityState).toBe(`{"value":${recorded!.entityState}}`);
  expect(own!.results.map(({ resultType }) => resultType.case)).toEqual(["success"]);
  expect(own!.actions).toEqual([]);
});

it.each([
  ["nothing", undefined],
  ["an empty text", ""],
  ["no base64 of a message", "not a message"],
  ["another object", { other: 1 }],
])("refuses %s instead of a request", async (_, value) => {
  const answers = [
    runner.run("orchestrationTrigger", "timer", value, contextOf()),
    runner.run("entityTrigger", "Counter", value, contextOf()),
  ];

  for (const answer of answers) await expect(answer).rejects.toMatchObject({ name: "DurableError" });
});

it("takes a request that stands in an object", async () => {
  const value = { body: firstRequest("timer", "null") };

  expect(summarize(String(await runner.run("orchestrationTrigger", "timer", value, contextOf())))).toEqual([
    "createTimer",
  ]);
});

it("does not let others start the orchestration behind durable HTTP by its name", async () => {
  const value = firstRequest("BuiltIn__HttpPollOrchestrator", '{"method":"GET","uri":"http://localhost"}');

  const answer = await runner.run("orchestrationTrigger", "BuiltIn__HttpPollOrchestrator", value, contextOf());

  expect(summarize(String(answer))).toEqual(["ends 3 with a failure"]);
});

it("fails an instance of a version that it does not run, and says where to leave such to others", async () => {
  const versioning = { version: "1.0", matchStrategy: "strict", failureStrategy: "reject" } as const;
  const registry = new Registry({ versioning });
  registry.addOrchestration({ name: "timer", orchestrator: () => {} });
  const strict = new TriggerRunner({ registries: [registry] });

  const answer = String(await strict.run("orchestrationTrigger", "timer", firstRequest("timer", "null"), contextOf()));

  expect(completionOf(answer)?.failureDetails).toMatchObject({
    errorType: "VersionMismatch",
    errorMessage: expect.stringContaining("extensions.durableTask.defaultVersion"),
    isNonRetriable: true,
  });
});
