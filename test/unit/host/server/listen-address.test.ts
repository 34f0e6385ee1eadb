import { expect, it } from "vitest";
import { hostInUrl, isLoopback } from "../../../../src/host/server/listen-address.ts";

it.each([
  ["127.0.0.1", true, "localhost"],
  ["127.1.2.3", true, "localhost"],
  ["localhost", true, "localhost"],
  ["::1", true, "localhost"],
  ["0.0.0.0", false, "localhost"],
  ["::", false, "localhost"],
  ["10.0.0.4", false, "10.0.0.4"],
  ["fe80::1", false, "[fe80::1]"],
  ["127.0.0.1.example.com", false, "127.0.0.1.example.com"],
])("of %s it is %s that only this machine reaches it, and its URL has %s", (address, loopback, host) => {
  expect([isLoopback(address), hostInUrl(address)]).toEqual([loopback, host]);
});
