import Module from "node:module";
import { expect, it } from "vitest";
import { FunctionsCore, type HookCallback } from "../../../../src/host/app/functions-core.ts";
import { injectModule } from "../../../../src/host/app/module-injection.ts";

interface CoreModule {
  registerFunction(metadata: object, callback: () => unknown): { dispose(): unknown };
  registerHook(name: string, callback: HookCallback): { dispose(): unknown };
  Disposable: { from(...items: { dispose(): unknown }[]): { dispose(): unknown } };
}

function createCore() {
  const core = new FunctionsCore({ version: "1", log: () => {} });
  return { core, module: core.createModule() as CoreModule };
}

const http = { bindings: { req: { type: "httpTrigger" } } };

it("keeps registrations until it is locked, by id", () => {
  const { core, module } = createCore();
  core.currentEntry = "/app/a.js";

  module.registerFunction({ name: "a", ...http }, () => 1);
  module.registerFunction({ name: "b", ...http }, () => 2).dispose();

  expect(core.functions.map(({ metadata, scriptPath }) => [metadata.functionId, scriptPath])).toEqual([
    ["a", "/app/a.js"],
  ]);
  expect(() => module.registerFunction({ name: "a", ...http }, () => 3)).toThrow('id "a" has already been registered');
  core.lock();
  expect(() => module.registerFunction({ name: "c", ...http }, () => 3)).toThrow(
    "only be registered during app startup",
  );
});

it("runs hooks in order until they are disposed, and marks an unknown hook for the library", async () => {
  const { core, module } = createCore();
  const seen: string[] = [];
  module.registerHook("appStart", () => seen.push("one"));
  const two = module.registerHook("appStart", () => seen.push("two"));

  await core.runAppHooks("appStart");
  module.Disposable.from(two).dispose();
  await core.runAppHooks("appStart");

  expect(seen).toEqual(["one", "two", "one"]);
  expect(() => module.registerHook("nope", () => {})).toThrow(
    expect.objectContaining({ name: "RangeError", isAzureFunctionsSystemError: true }),
  );
});

it("an injected module is there for require until it is taken away", () => {
  const value = { core: true };
  const require = Module.createRequire(import.meta.url);
  const specifier = "no-such-module-for-this-test";

  const restore = injectModule(specifier, value);
  const during: unknown = (Module.prototype as unknown as { require(id: string): unknown }).require.call(
    module(),
    specifier,
  );
  restore();

  expect(during).toBe(value);
  expect(() => require(specifier)).toThrow("Cannot find module");
});

function module(): object {
  return new (Module as unknown as new (id: string) => object)("test");
}
