import { expect, it } from "vitest";
import { createManagementLinks, publicOriginBy } from "../../../src/management/management-links.ts";

it("writes nine links, with every part encoded", () => {
  const target = { baseUrl: "http://localhost:7071/hook", taskHub: "My&Hub", connectionName: "a b" };

  const links = createManagementLinks(target, "ü+1");

  const instance = "http://localhost:7071/hook/instances/%C3%BC%2B1";
  const hub = "taskHub=My%26Hub&connection=a%20b";
  expect(links).toEqual({
    id: "ü+1",
    statusQueryGetUri: `${instance}?${hub}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${hub}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${hub}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${hub}`,
    resumePostUri: `${instance}/resume?reason={text}&${hub}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${hub}`,
    purgeHistoryDeleteUri: `${instance}?${hub}`,
    restartPostUri: `${instance}/restart?${hub}`,
  });
});

it.each([
  [{}, true, "http://inner:7071"],
  [{ "x-forwarded-host": "api.example.com" }, true, "http://api.example.com"],
  [
    { "x-forwarded-proto": "https, http", "x-forwarded-host": "api.example.com:8443, b" },
    true,
    "https://api.example.com:8443",
  ],
  [{ "x-forwarded-proto": "https" }, true, "https://inner:7071"],
  [{ "x-forwarded-proto": "javascript", "x-forwarded-host": "x" }, true, "http://inner:7071"],
  [{ "x-forwarded-host": "not a host" }, true, "http://inner:7071"],
  [{ "x-forwarded-host": "evil.example/path" }, true, "http://inner:7071"],
  [{ "x-forwarded-host": "api.example.com@evil.example" }, true, "http://inner:7071"],
  [
    { forwarded: 'for=192.0.2.60;proto=https;host="api.example.com:8443", for=b' },
    true,
    "https://api.example.com:8443",
  ],
  [{ forwarded: "proto=https", "x-forwarded-host": "api.example.com" }, true, "https://api.example.com"],
  [{ forwarded: "host=api.example.com" }, false, "http://inner:7071"],
  [{ "x-forwarded-host": "api.example.com" }, false, "http://inner:7071"],
])("reads the origin of a request with %j, trusted: %s", (headers, trusted, origin) => {
  const request = { url: "http://inner:7071/api/start?x=1", headers: new Headers(headers as Record<string, string>) };

  expect(publicOriginBy({ trustForwardedHeaders: trusted })(request)).toBe(origin);
});

it("links that are made under a name that is not served lead to where they are", () => {
  const rule = { isServed: (name: string) => name === "localhost", ownOrigin: "http://localhost:7071" };
  const headers = new Headers({ "x-forwarded-host": "api.example.com" });
  const foreign = { url: "http://shop.example/api/start", headers };
  const own = { url: "http://localhost:7071/api/start", headers };

  expect(publicOriginBy({ ...rule, trustForwardedHeaders: false })(foreign)).toBe("http://localhost:7071");
  expect(publicOriginBy({ ...rule, trustForwardedHeaders: false })(own)).toBe("http://localhost:7071");
  expect(publicOriginBy({ ...rule, trustForwardedHeaders: true })(foreign)).toBe("http://api.example.com");
});
