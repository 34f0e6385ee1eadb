import { expect, it } from "vitest";
import { identifyWorker } from "../../../../src/grpc/sidecar/worker-identity.ts";

const identify = (headers: Record<string, string>) => identifyWorker((name) => headers[name], "ipv4:127.0.0.1:5");

it("a plain .NET worker knows entities as events", () => {
  expect(identify({ "user-agent": "grpc-dotnet/2.71.0 (.NET 8)" }).entityEncoding).toBe("events");
});

it.each([
  [{ "user-agent": "grpc-dotnet/2.71.0", workerid: "host,1,guid" }],
  [{ "user-agent": "grpc-dotnet/2.71.0", "x-user-agent": "durabletask-dotnet/1.0" }],
  [{ "user-agent": "grpc-node-js/1.14" }],
  [{}],
])("%o knows entities as messages", (headers) => {
  expect(identify(headers).entityEncoding).toBe("messages");
});

it("only workers of this package know patches", () => {
  expect(identify({ "x-user-agent": "durable-functions-ts/0.2.0 (Worker)" }).supportsPatches).toBe(true);
  expect(identify({ "x-user-agent": "durabletask-js/0.4.0" }).supportsPatches).toBe(false);
});

it("describes a worker in one printable line", () => {
  const text = identify({ "user-agent": `x\n${"y".repeat(5000)}` }).description;

  expect(text).toMatch(/^x\?y+ at ipv4:127\.0\.0\.1:5$/);
  expect(text.length).toBeLessThan(200);
});
