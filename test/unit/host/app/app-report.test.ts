import { expect, it } from "vitest";
import { describeUnknownFunctions } from "../../../../src/host/app/unknown-functions.ts";
import { describeUnknownKeys } from "../../../../src/host/settings/host-json-keys.ts";

it("a list of functions to serve that names others is told, with what was probably meant", () => {
  const texts = describeUnknownFunctions(["Start", "sart", "nope"], "--functions", ["start", "hello"]).map(
    ({ text }) => text,
  );

  expect(texts).toEqual([
    "--functions names 'sart', which the app does not have; did you mean 'start'?",
    "--functions names 'nope', which the app does not have; the app has hello, start",
  ]);
});

it("keys of host.json that the host does not know are told", () => {
  const hostJson = { version: "2.0", Logging: {}, extentions: {}, durableTask: {}, myKey: 1, $schema: "x" };

  expect(describeUnknownKeys(hostJson).map(({ text }) => text)).toEqual([
    "host.json: 'extentions' means nothing; did you mean 'extensions'?",
    "host.json: 'durableTask' means nothing; did you mean 'extensions.durableTask'?",
    "host.json: 'myKey' means nothing; the Functions host does not know it",
  ]);
});
