import { describe, expect, it } from "vitest";
import { applyHostJsonOverrides, parseHostJson } from "../../../../src/host/settings/host-json.ts";

describe("host.json", () => {
  it("may have comments, trailing commas and a byte order mark", () => {
    expect(parseHostJson('\uFEFF{ // note\n "version": "2.0", /* more */ "functions": ["a",], }')).toEqual({
      version: "2.0",
      functions: ["a"],
    });
  });

  it.each([
    ["{}", '"version" must be "2.0", but is missing'],
    ['{ "version": 2 }', '"version" must be "2.0", but is 2'],
    ['{\n "version" "2.0" }', "host.json is not valid JSON: line 2"],
    ["[]", "must hold a JSON object"],
  ])("%s is refused", (text, reason) => {
    expect(() => parseHostJson(text)).toThrow(reason);
  });

  it("is overridden by environment variables, whatever the case of the names", () => {
    const hostJson = { version: "2.0", extensions: { durableTask: { hubName: "A", other: 1 } } };

    const overridden = applyHostJsonOverrides(hostJson, {
      AzureFunctionsJobHost__extensions__DurableTask__hubname: "B",
      azurefunctionsjobhost__extensions__durableTask__storageProvider__partitionCount: "2",
      "AzureFunctionsJobHost:logging:logLevel:default": "Debug",
      AzureFunctionsJobHost____proto____x: "no",
      Unrelated__hubName: "no",
    });

    expect(overridden).toEqual({
      version: "2.0",
      extensions: { durableTask: { hubName: "B", other: 1, storageProvider: { partitionCount: "2" } } },
      logging: { logLevel: { default: "Debug" } },
    });
    expect(hostJson.extensions.durableTask.hubName).toBe("A");
  });
});
