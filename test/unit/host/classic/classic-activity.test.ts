import { describe, expect, it } from "vitest";
import {
  describeActivityFailure,
  toActivityResult,
  toActivityValue,
} from "../../../../src/host/classic/classic-activity.ts";
import { describeClassicFailure, describeUnknownFunction } from "../../../../src/host/classic/classic-failure.ts";
import { formatRepeatedFailure, readRepeatedFailure } from "../../../../src/host/classic/repeated-failure.ts";

describe("the input of a classic activity", () => {
  it.each([
    [undefined, { json: "null" }],
    ["null", { json: "null" }],
    ['"\\"Tokyo\\""', { string: '"Tokyo"' }],
    ['"Tokyo"', { string: "Tokyo" }],
    ["12.5", { string: "12.5" }],
    ["true", { string: "True" }],
    ["false", { string: "False" }],
    ['[1, {"a": "ü"}]', { string: '[1,{"a":"ü"}]' }],
  ])("is the text that the extension makes of it: %s", (input, value) => {
    expect(toActivityValue(input)).toEqual(value);
  });
});

describe("the result of a classic activity", () => {
  it.each([
    [undefined, undefined],
    [null, undefined],
    [{ string: "Hello" }, '"Hello"'],
    [{ string: "12" }, '"12"'],
    [{ json: '{"a":1}' }, '{"a":1}'],
    [{ int: 5 }, "5"],
    [{ double: 1.5 }, "1.5"],
    [{ bytes: Buffer.from("ab") }, '"YWI="'],
    [{}, undefined],
  ])("is stored as JSON: %j", (data, text) => {
    expect(toActivityResult(data)).toBe(text);
  });
});

describe("the failure of a classic activity", () => {
  it("is told by two texts, in the extension's words", () => {
    const failureDetails = describeActivityFailure(new TypeError("bad input"));

    const told = describeClassicFailure({ reason: undefined, details: undefined, failureDetails }, "Activity", "work");

    expect(told).toEqual({
      reason: "Activity function 'work' failed: bad input",
      details: expect.stringMatching(/^TypeError: bad input\n {4}at /),
      failureDetails: undefined,
    });
  });

  it("has details when the app provides properties", () => {
    const details = {
      errorType: "CardError",
      errorMessage: "declined",
      isNonRetriable: false,
      properties: { code: 7 },
    };

    const failureDetails = describeActivityFailure(new Error(JSON.stringify(details)));

    expect(failureDetails).toEqual({ ...details, stackTrace: undefined });
    const told = describeClassicFailure({ reason: undefined, details: undefined, failureDetails }, "Activity", "pay");
    expect(told).toMatchObject({
      reason: "Activity function 'pay' failed with an unhandled exception.",
      details: null,
      failureDetails: { errorMessage: "declined" },
    });
  });

  it("keeps what other writers have told, and what is in those words already", () => {
    const foreign = { reason: "R", details: "D", failureDetails: undefined };
    expect(describeClassicFailure(foreign, "Activity", "x")).toEqual(foreign);
    const errorMessage = describeUnknownFunction("activity", "x", []);
    const failureDetails = { errorType: "ActivityNotRegistered", errorMessage, isNonRetriable: true };
    expect(describeClassicFailure({ ...foreign, failureDetails }, "Activity", "x").reason).toBe(
      "The function 'x' doesn't exist, is disabled, or is not an activity function. Additional info: No activity functions are currently registered!",
    );
  });

  it.each(["undefined", "{", '{"errorType":', '{"errorType":1,"properties":{}}'])(
    "is told as it is when its message only looks like details: %s",
    (message) => {
      expect(describeActivityFailure(new Error(message)).errorMessage).toBe(message);
    },
  );

  it("can be repeated by a task that is not run", () => {
    const failure = { errorType: "Error", errorMessage: "no", stackTrace: "at x", isNonRetriable: false };

    expect(readRepeatedFailure(formatRepeatedFailure(failure))).toEqual({ ...failure, isNonRetriable: true });
    expect(readRepeatedFailure(undefined)).toBeUndefined();
    expect(readRepeatedFailure({ "durable.repeatedFailure": "{" })).toBeUndefined();
  });
});
