import { expect, it } from "vitest";
import {
  assertStorageClient,
  chooseClient,
  readStorageClient,
} from "../../../../../src/backends/azure-storage/storage/storage-client-kind.ts";

it.each([
  [undefined, {}, "lean"],
  ["sdk", {}, "sdk"],
  [undefined, { DURABLE_STORAGE_CLIENT: " SDK " }, "sdk"],
  ["lean", { DURABLE_STORAGE_CLIENT: "sdk" }, "lean"],
  [undefined, { DURABLE_STORAGE_CLIENT: "" }, "lean"],
  // Only the SDKs know proxies.
  ["lean", { HTTPS_PROXY: "http://proxy:3128" }, "sdk"],
  [undefined, { http_proxy: "http://proxy:3128", NO_PROXY: "localhost" }, "sdk"],
  [undefined, { all_proxy: "http://proxy:3128" }, "sdk"],
  [undefined, { HTTPS_PROXY: "" }, "lean"],
] as const)("the client for %j and %j is %s", (wanted, env, client) => {
  expect(chooseClient(wanted, env)).toBe(client);
});

it("another one is refused by the name of its setting", () => {
  expect(() => readStorageClient({ DURABLE_STORAGE_CLIENT: "fast" })).toThrow(
    'the app setting DURABLE_STORAGE_CLIENT must be "lean" or "sdk", but got "fast"',
  );
  expect(() => assertStorageClient("SDK", "storageClient")).toThrow(/^storageClient must be/);
});
