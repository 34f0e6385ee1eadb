import { expect, it } from "vitest";
import { closureOf } from "../../support/module-closure.ts";

/** Options that name a storage account are read where they are given; their readers load no storage library. */
const readers = "(?:connection-string|identity-connection|service-endpoint|storage-connection)";
const heavy = new RegExp(
  `^src/(?:engine|backends/(?!azure-storage/storage/${readers}\\.ts$))|^@grpc|^@bufbuild|^@azure/(?!functions$)`,
);

it("the main entry loads neither an engine nor storage nor gRPC", () => {
  const loaded = closureOf("src/index.ts");
  expect(loaded.size).toBeGreaterThan(30);
  expect([...loaded].filter((path) => heavy.test(path))).toEqual([]);
  expect([...loaded].filter((path) => path.startsWith("src/hosting/"))).toEqual(["src/hosting/start-worker.ts"]);
});

it("the portable entry loads neither an engine nor storage nor gRPC, and nothing of Functions", () => {
  const loaded = closureOf("src/portable/index.ts");
  expect(loaded.size).toBeGreaterThan(30);
  const packages = [...loaded].filter((path) => !path.startsWith("src/") && !path.startsWith("node:"));
  expect(packages).toEqual([]);
  expect([...loaded].filter((path) => heavy.test(path) || path.startsWith("src/functions/"))).toEqual([]);
});

it("the entry for tests loads neither storage nor gRPC, and nothing that only some have installed", () => {
  const loaded = closureOf("src/testing/index.ts");
  expect(loaded.size).toBeGreaterThan(30);
  expect([...loaded].filter((path) => !path.startsWith("src/") && !path.startsWith("node:"))).toEqual([]);
  expect([...loaded].filter((path) => /^src\/(?:hosting|host|grpc|backends\/azure-storage)\//.test(path))).toEqual([]);
});

it("an engine on storage loads the libraries of the storage only when they are asked for", () => {
  const sdk = "src/backends/azure-storage/storage/azure-sdk.ts";
  const loaded = closureOf("src/backends/azure-storage/azure-storage-task-hub.ts");
  expect(loaded.has("src/backends/azure-storage/storage/lean/lean-queues.ts")).toBe(true);
  expect([...loaded].filter((path) => path === sdk || path.startsWith("@azure/"))).toEqual([]);
  expect(closureOf("src/backends/azure-storage/storage/sdk-handlers.ts").has(sdk)).toBe(true);
});

it("follows what is loaded", () => {
  expect(closureOf("src/portable/grpc-place.ts").has("@grpc/grpc-js")).toBe(true);
  expect(closureOf("src/hosting/library-host.ts").has("src/engine/task-hub-worker.ts")).toBe(true);
});
