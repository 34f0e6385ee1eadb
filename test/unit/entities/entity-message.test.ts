import { describe, expect, it } from "vitest";
import type { FailureDetails } from "../../../src/core/failure-details.ts";
import {
  createRequest,
  deliveryTimeOf,
  type EntityRequest,
  formatAnswer,
  formatRelease,
  formatRequest,
  formatRequestEvent,
  isAnswerEvent,
  readAnswer,
  readRelease,
  readRequest,
} from "../../../src/entities/entity-message.ts";

const id = "38785649-4a9b-55a3-585a-2b1c539f095e";
const now = Date.UTC(2026, 0, 1);
const days = 86_400_000;
const deeplyNested = `{"id":"${id}","op":"add","later":[[1]],"more":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;

/** Texts that nobody of good will sends. */
const hostile = [
  "",
  "null",
  "5",
  '"text"',
  "[]",
  "[[]]",
  "{",
  "{}",
  "\u0000",
  "[".repeat(100_000),
  `{"a":`.repeat(100_000),
  '{"id":5,"op":"add"}',
  '{"id":["a"],"op":"add"}',
  '{"op":"add"}',
  `{"id":"${id}"}`,
  `{"id":"${id}","op":null}`,
  `{"id":"${id}","op":{"toString":1}}`,
  `{"id":"${id}","op":null,"lockset":{"0":{"name":"a","key":"b"},"length":1}}`,
  `{"id":"${id}","op":null,"lockset":[]}`,
  `{"id":"${id}","op":null,"lockset":[null]}`,
  `{"id":"${id}","op":null,"lockset":[{"name":1,"key":"b"}]}`,
  `{"id":"${id}","op":null,"lockset":[{"name":"a","key":"b"},5]}`,
];

describe("requests", () => {
  const whole: EntityRequest = {
    operation: "add",
    isSignal: true,
    input: '{"a":[1]}',
    id,
    parentInstanceId: "parent",
    parentExecutionId: "execution",
    dueAt: new Date("2026-11-26T10:23:05.151Z"),
    timestamp: "2026-11-26T10:23:08.0591285",
    predecessor: "2026-11-26T10:23:08.0591284Z",
    lockSet: undefined,
    lockPosition: 0,
    others: {
      parentTraceContext: { TraceParent: "00-a" },
      createTrace: true,
      requestTime: "2026-11-26T10:23:08Z",
      later: [1],
    },
  };
  const text =
    `{"op":"add","signal":true,"input":"{\\"a\\":[1]}","id":"${id}","parent":"parent","parentExecution":"execution",` +
    '"due":"2026-11-26T10:23:05.151Z","Timestamp":"2026-11-26T10:23:08.0591285",' +
    '"Predecessor":"2026-11-26T10:23:08.0591284Z","IsLockRequest":false,"parentTraceContext":{"TraceParent":"00-a"},' +
    '"createTrace":true,"requestTime":"2026-11-26T10:23:08Z","later":[1]}';

  it("have every member in the order of .NET", () => {
    expect(formatRequest(whole)).toBe(text);
    expect(readRequest(text)).toEqual(whole);
  });

  it("leave out what is at its default", () => {
    expect(formatRequest(createRequest({ id, operation: "get" }))).toBe(
      `{"op":"get","id":"${id}","Timestamp":"0001-01-01T00:00:00","Predecessor":"0001-01-01T00:00:00",` +
        '"IsLockRequest":false,"createTrace":false}',
    );
  });

  it("for a lock name the entities, and no operation", () => {
    const lockSet = [
      { name: "account", key: "a" },
      { name: "account", key: "b@c" },
    ];
    const request = createRequest({ id, lockSet, lockPosition: 1, parentInstanceId: "p" });
    expect(formatRequest(request)).toBe(
      `{"op":null,"id":"${id}","parent":"p","Timestamp":"0001-01-01T00:00:00","Predecessor":"0001-01-01T00:00:00",` +
        '"lockset":[{"name":"account","key":"a"},{"name":"account","key":"b@c"}],"pos":1,"IsLockRequest":true,' +
        '"createTrace":false}',
    );
    expect(readRequest(formatRequest(request))).toMatchObject({ lockSet, lockPosition: 1, operation: undefined });
  });

  it("of the in-process extension do without the last four members", () => {
    const read = readRequest(`{"op":"add","id":"${id}","Timestamp":"2026-01-01T00:00:00Z"}`);
    expect(read).toMatchObject({ operation: "add", timestamp: "2026-01-01T00:00:00Z", others: {} });
  });

  it.each(hostile)("are not made of %.60s", (hostileText) => {
    expect(readRequest(hostileText)).toBeUndefined();
  });

  it("take members of a wrong type for absent", () => {
    const wrong = {
      op: "add",
      id,
      signal: "yes",
      input: { a: 1 },
      parent: 5,
      parentExecution: [],
      due: "never",
      Timestamp: 7,
      Predecessor: {},
      lockset: "all",
      pos: -1.5,
    };
    expect(readRequest(JSON.stringify(wrong))).toEqual({
      ...createRequest({ id, operation: "add" }),
      others: {},
    });
  });

  it.each([1e300, -1, 0.5, "1", null])("have no place %j in a lock set", (pos) => {
    const read = readRequest(JSON.stringify({ id, lockset: [{ name: "a", key: "b" }], pos }));
    expect(read?.lockPosition).toBe(pos === 1e300 ? 1e300 : 0);
  });

  it("change nobody's prototype", () => {
    const evil = `{"__proto__":{"isSignal":true,"polluted":1},"constructor":1,"toJSON":"x","op":"add","id":"${id}"}`;
    const read = readRequest(evil)!;
    expect(read.isSignal).toBe(false);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(JSON.parse(formatRequest(read))).toMatchObject({ constructor: 1, toJSON: "x" });
    expect(formatRequest(read)).toContain('"__proto__":{"isSignal":true,"polluted":1}');
  });

  it("of a megabyte are kept as they are", () => {
    const input = "x".repeat(2 ** 20);
    expect(readRequest(formatRequest(createRequest({ id, operation: "add", input })))?.input).toBe(input);
  });

  it("lose what is nested too deeply to be written again", () => {
    expect(readRequest(deeplyNested)).toMatchObject({ operation: "add", others: { later: [[1]] } });
    expect(formatRequest(readRequest(deeplyNested)!)).not.toContain("more");
  });

  it("that are delayed name their time, at most six days ahead", () => {
    const soon = createRequest({ id, operation: "add", dueAt: new Date(now + 1000) });
    expect(formatRequestEvent(soon, now)).toMatchObject({
      name: "op@2026-01-01T00:00:01.0000000Z",
      deliverAt: new Date(now + 1000),
    });
    const late = createRequest({ id, operation: "add", dueAt: new Date(now + 30 * days) });
    const event = formatRequestEvent(late, now);
    expect(event).toMatchObject({ name: "op@2026-01-07T00:00:00.0000000Z", deliverAt: new Date(now + 6 * days) });
    expect(readRequest(event.input)?.dueAt).toEqual(new Date(now + 30 * days));
    expect(deliveryTimeOf("@a@b", event.name)).toEqual(event.deliverAt);
    expect(formatRequestEvent(createRequest({ id, operation: "add" }), now)).toMatchObject({
      name: "op",
      deliverAt: undefined,
    });
  });

  it("for the end of all times are still requests", () => {
    const request = createRequest({ id, operation: "add", dueAt: new Date(8.64e15) });
    const { input, deliverAt } = formatRequestEvent(request, now);
    expect(deliverAt).toEqual(new Date(now + 6 * days));
    expect(readRequest(input)?.dueAt?.getUTCFullYear()).toBe(9999);
  });

  it("are delayed for entities only", () => {
    expect(deliveryTimeOf("orchestration", "op@2026-01-01T00:00:01.0000000Z")).toBeUndefined();
    expect(deliveryTimeOf("@a@b", "op")).toBeUndefined();
    expect(deliveryTimeOf("@a@b", "op@tomorrow")).toBeUndefined();
  });
});

describe("releases", () => {
  it("are written as .NET has them, and read", () => {
    const text = `{"parent":"p","id":"${id}"}`;
    expect(formatRelease({ parentInstanceId: "p", id })).toBe(text);
    expect(readRelease(text)).toEqual({ parentInstanceId: "p", id });
  });

  it.each([...hostile, '{"parent":5}', undefined])("are not made of %.60s", (text) => {
    expect(readRelease(text)).toBeUndefined();
  });
});

describe("answers", () => {
  const failureDetails: FailureDetails = {
    errorType: "System.InvalidOperationException",
    errorMessage: "entity failed",
    stackTrace: "   at Counter",
    innerFailure: { errorType: "Inner", errorMessage: "", isNonRetriable: true, properties: { a: 1 } },
    isNonRetriable: false,
  };

  it("are written as .NET has them, and read", () => {
    expect(formatAnswer({ kind: "completed", result: '"x"' })).toBe('{"result":"\\"x\\""}');
    expect(formatAnswer({ kind: "completed", result: undefined })).toBe('{"result":null}');
    expect(readAnswer('{"result":null}')).toEqual({ kind: "completed", result: undefined });
    const text = formatAnswer({ kind: "failed", failureDetails });
    expect(text).toBe(
      '{"result":null,"failureDetails":{"ErrorType":"System.InvalidOperationException","ErrorMessage":"entity failed",' +
        '"StackTrace":"   at Counter","InnerFailure":{"ErrorType":"Inner","ErrorMessage":"","StackTrace":null,' +
        '"InnerFailure":null,"IsNonRetriable":true,"Properties":{"a":1}},"IsNonRetriable":false,"Properties":null}}',
    );
    expect(readAnswer(text)).toEqual({ kind: "failed", failureDetails });
  });

  it("of the in-process extension tell a failure by its type, and its text in the result", () => {
    const answer = (result: unknown) => readAnswer(JSON.stringify({ result, exceptionType: "Error" }));
    const failed = (errorMessage: string) => ({
      kind: "failed",
      failureDetails: { errorType: "Error", errorMessage, isNonRetriable: false },
    });
    expect(answer('"boom"')).toEqual(failed("boom"));
    expect(answer("boom")).toEqual(failed("boom"));
    expect(answer("{}")).toEqual(failed("{}"));
    expect(answer(undefined)).toEqual(failed("Error"));
  });

  it.each(hostile.filter((text) => !text.includes("id")))("are not made of %.60s", (text) => {
    expect(readAnswer(text)).toBeUndefined();
  });

  it("end with a failure whose causes never end", () => {
    const text = `{"failureDetails":${'{"InnerFailure":'.repeat(2000)}{}${"}".repeat(2000)}}`;
    expect(readAnswer(text)).toMatchObject({
      kind: "failed",
      failureDetails: { errorType: "Error", errorMessage: "" },
    });
    expect(formatAnswer(readAnswer(text)!).length).toBeLessThan(5000);
  });

  it("are known by their name, a GUID, and by their form", () => {
    expect(isAnswerEvent({ name: id, input: '{"result":"1"}' })).toBe(true);
    expect(isAnswerEvent({ name: id.toUpperCase(), input: '{"result":"1"}' })).toBe(true);
    expect(isAnswerEvent({ name: id, input: '{"value":"1"}' })).toBe(false);
    expect(isAnswerEvent({ name: id, input: undefined })).toBe(false);
    expect(isAnswerEvent({ name: "go", input: '{"result":"1"}' })).toBe(false);
  });
});
