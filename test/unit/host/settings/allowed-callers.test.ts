import { expect, it } from "vitest";
import { readAllowedCallers } from "../../../../src/host/settings/allowed-callers.ts";
import { applyHostJsonOverrides } from "../../../../src/host/settings/host-json.ts";

const path = "AzureFunctionsJobHost__extensions__durableTask__httpSettings";

function read(httpSettings: object, env: Record<string, string> = {}, option?: string) {
  const hostJson = { version: "2.0", extensions: { durableTask: { httpSettings } } };
  return readAllowedCallers(applyHostJsonOverrides(hostJson, env), env, option);
}

it("hosts are listed by an option, a setting or host.json, in this order", () => {
  const listed = { allowedHosts: ["Shop.example", "[::1]"] };

  expect(read({}).hosts).toEqual([]);
  expect(read(listed).hosts).toEqual(["shop.example", "[::1]"]);
  expect(read(listed, { [`${path}__allowedHosts`]: "a.example, b.example" }).hosts).toEqual(["a.example", "b.example"]);
  expect(read(listed, { DURABLE_ALLOWED_HOSTS: "c.example d.example" }).hosts).toEqual(["c.example", "d.example"]);
  expect(read(listed, { DURABLE_ALLOWED_HOSTS: "c.example" }, "e.example").hosts).toEqual(["e.example"]);
});

it("origins are listed by host.json", () => {
  expect(read({ allowedOrigins: ["https://Shop.example/", "http://localhost:3000"] }).origins).toEqual([
    "https://shop.example",
    "http://localhost:3000",
  ]);
});

it.each([
  [
    { allowedHosts: ["shop.example:8080"] },
    "host.json: extensions.durableTask.httpSettings.allowedHosts takes host names",
  ],
  [{ allowedHosts: ["https://shop.example"] }, "takes host names without scheme and port"],
  [{ allowedOrigins: ["*"] }, "takes origins such as 'https://shop.example', but got '*'"],
  [{ allowedOrigins: ["https://shop.example/page"] }, "takes origins"],
  [{ allowedOrigins: ["shop.example"] }, "takes origins"],
])("%j is refused", (httpSettings, message) => {
  expect(() => read(httpSettings)).toThrow(message);
});

it("an option or a setting that is no name is refused by its own name", () => {
  expect(() => read({}, {}, "a/b")).toThrow("--allow-host takes");
  expect(() => read({}, { DURABLE_ALLOWED_HOSTS: "a:1" })).toThrow("DURABLE_ALLOWED_HOSTS takes");
});
