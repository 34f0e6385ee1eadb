import { expect, it } from "vitest";
import { serviceVersionOf } from "../../../../../src/backends/azure-storage/storage/service-version.ts";
import type { StorageCredential } from "../../../../../src/backends/azure-storage/storage/storage-connection.ts";

it.each<[StorageCredential, string]>([
  [{ kind: "accountKey", accountName: "a", accountKey: "k" }, "2019-02-02"],
  [{ kind: "sharedAccessSignature", queries: { blob: "", queue: "", table: "" } }, "2019-02-02"],
  [{ kind: "token", tokens: { getToken: async () => null } }, "2020-12-06"],
])(
  "asks for an old version that every region has, with tokens for the first that tables take: %o",
  (credential, version) => {
    expect(serviceVersionOf(credential)).toBe(version);
  },
);
