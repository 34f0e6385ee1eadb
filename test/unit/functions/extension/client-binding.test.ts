import { expect, it } from "vitest";
import { readClientBinding } from "../../../../src/functions/extension/client-binding.ts";
import { readRecordedBinding } from "./recordings-fixture.ts";

const binding = readRecordedBinding();

it("reads what the extension has handed over, parsed or as text", () => {
  const expected = {
    taskHubName: "FourA",
    connectionName: undefined,
    rpcBaseUrl: "http://HOST",
    httpBaseUrl: "http://HOST/runtime/webhooks/durabletask",
    requiredQuery: "code=SYSTEMKEY",
    maxMessageBytes: 4_194_304,
  };

  expect(readClientBinding(binding)).toEqual(expected);
  expect(readClientBinding(JSON.stringify(binding))).toEqual(expected);
});

it("makes do with what is needed", () => {
  expect(readClientBinding({ rpcBaseUrl: "http://127.0.0.1:4001", maxGrpcMessageSizeInBytes: "x" })).toEqual({
    taskHubName: "default",
    connectionName: undefined,
    rpcBaseUrl: "http://127.0.0.1:4001",
    httpBaseUrl: undefined,
    requiredQuery: "",
    maxMessageBytes: undefined,
  });
});

it.each([
  ["nothing", undefined, "handed over no client"],
  ["a text that is no JSON", "hello", "handed over no client"],
  ["no endpoint", { ...binding, rpcBaseUrl: null }, "localRpcEndpointEnabled"],
  ["the classic protocol", { ...binding, rpcBaseUrl: "http://127.0.0.1:17071/durabletask/" }, "classic protocol"],
] as const)("says what is wrong with %s", (_, value, text) => {
  const read = () => readClientBinding(value);

  expect(read).toThrow(expect.objectContaining({ code: "NotSupported", message: expect.stringContaining(text) }));
});
