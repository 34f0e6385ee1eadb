import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { closureOf } from "../../../support/module-closure.ts";

it("the main entry loads no more modules of its own than @azure/functions is made of", () => {
  const map = JSON.parse(readFileSync("node_modules/@azure/functions/dist/azure-functions.js.map", "utf8")) as {
    readonly sources: readonly string[];
  };
  const own = [...closureOf("src/index.ts")].filter((path) => path.startsWith("src/"));

  expect(map.sources.length).toBeGreaterThan(30);
  // So that both together are at most twice as many as an app without this package loads.
  expect(own.length).toBeLessThanOrEqual(map.sources.length);
});

it("the choice of hosting loads neither of its ways before it is made", () => {
  const loaded = closureOf("src/functions/hosting/join-function-app.ts");

  const ways = /^src\/(?:functions\/(?:extension\/|hosting\/own-engine)|hosting\/|host\/|grpc\/|worker\/in-process)/;
  expect([...loaded].filter((path) => ways.test(path))).toEqual([]);
});

it("the way through the extension loads neither gRPC nor messages before the first call", () => {
  const loaded = closureOf("src/functions/extension/run-in-extension.ts");

  expect([...loaded].filter((path) => /^@grpc|^@bufbuild|^src\/(?:grpc|engine|backends|host)\//.test(path))).toEqual(
    [],
  );
});

it("the triggers load messages, and no gRPC", () => {
  const loaded = closureOf("src/grpc/triggers/run-triggers.ts");

  expect(loaded.has("@bufbuild/protobuf")).toBe(true);
  expect([...loaded].filter((path) => path.startsWith("@grpc"))).toEqual([]);
});
