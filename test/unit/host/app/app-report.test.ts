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
  const hostJson = {
    version: "2.0",
    Logging: { logLevels: {}, logLevel: { default: "Error" } },
    extentions: {},
    durableTask: {},
    logLevel: {},
    myKey: 1,
    $schema: "x",
    extensions: {
      durabelTask: {},
      kafka: {},
      http: { routePrefx: "", routePrefix: "" },
      queues: { BatchSize: 1, batchsizes: 1 },
    },
  };

  expect(describeUnknownKeys(hostJson).map(({ text }) => text)).toEqual([
    "host.json: 'extentions' means nothing; did you mean 'extensions'?",
    "host.json: 'durableTask' means nothing; did you mean 'extensions.durableTask'?",
    "host.json: 'logLevel' means nothing; did you mean 'logging.logLevel'?",
    "host.json: 'myKey' means nothing; the Functions host does not know it",
    "host.json: 'extensions.durabelTask' means nothing; did you mean 'durableTask'?",
    "host.json: 'extensions.http.routePrefx' means nothing; did you mean 'routePrefix'?",
    "host.json: 'extensions.queues.batchsizes' means nothing; did you mean 'batchSize'?",
    "host.json: 'logging.logLevels' means nothing; did you mean 'logLevel'?",
  ]);
});
