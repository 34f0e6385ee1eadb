import { expect, it } from "vitest";
import { parseServiceAddress } from "../../../../src/grpc/channel/service-address.ts";

it.each([
  ["localhost:4001", undefined, "localhost:4001", false],
  ["127.0.0.1:4001", undefined, "127.0.0.1:4001", false],
  ["127.8.9.1:4001", undefined, "127.8.9.1:4001", false],
  ["[::1]:4001", undefined, "[::1]:4001", false],
  ["sidecar:4001", undefined, "sidecar:4001", true],
  ["localhost.example:4001", undefined, "localhost.example:4001", true],
  ["sidecar:4001", false, "sidecar:4001", false],
  ["localhost:4001", true, "localhost:4001", true],
  ["http://sidecar:4001", undefined, "sidecar:4001", false],
  ["grpc://sidecar", undefined, "sidecar:80", false],
  ["HTTPS://hub.westus2.durabletask.io/", undefined, "hub.westus2.durabletask.io:443", true],
  ["grpcs://hub:8443", true, "hub:8443", true],
  ["hub.westus2.durabletask.io", undefined, "hub.westus2.durabletask.io:443", true],
  [" http://localhost:8080 ", undefined, "localhost:8080", false],
])("%j with secure %j is %s, by TLS: %j", (address, secure, target, isSecure) => {
  expect(parseServiceAddress(address, secure)).toMatchObject({ target, isSecure });
});

it.each([
  ["", undefined],
  [undefined, undefined],
  ["ftp://a:1", undefined],
  ["unix:/tmp/a", undefined],
  ["http://user:pass@a:1", undefined],
  ["http://a:1/path", undefined],
  ["http://a:1?x=1", undefined],
  ["a b:1", undefined],
  ["a:0", undefined],
  ["a:65536", undefined],
  ["a:b", undefined],
  ["localhost", undefined],
  ["http://a:1", true],
  ["https://a:1", false],
])("refuses %j with secure %j", (address, secure) => {
  expect(() => parseServiceAddress(address, secure)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
});

it("does not repeat a password", () => {
  expect(() => parseServiceAddress("http://user:hunter2@a:1")).toThrow(/^(?!.*hunter2)/);
});
