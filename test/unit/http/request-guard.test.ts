import { expect, it } from "vitest";
import { RequestGuard, type RequestGuardOptions } from "../../../src/http/request-guard.ts";

const cures = { host: "say --allow-host", origin: "say --cors" };

function check(
  sent: { readonly method?: string; readonly host?: string; readonly origin?: string },
  options: Partial<RequestGuardOptions> = {},
): string | undefined {
  const guard = new RequestGuard({ allowedHosts: ["shop.example"], allowedOrigins: [], cures, ...options });
  const { method = "POST", host = "localhost:7071", origin } = sent;
  try {
    guard.check({ method, url: new URL("http://localhost:7071/x"), host, origin });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

it.each([
  [{}, undefined],
  [{ host: "127.0.0.1:7071" }, undefined],
  [{ host: "[::1]:7071" }, undefined],
  [{ host: "SHOP.example:80" }, undefined],
  [{ host: "evil.test" }, "The host name 'evil.test' is not served here; say --allow-host"],
  [{ host: "shop.example.evil.test" }, "The host name 'shop.example.evil.test' is not served here; say --allow-host"],
  [{ host: "a b" }, "The host name 'a b' is not served here; say --allow-host"],
  [{ origin: "http://localhost:7071" }, undefined],
  [{ origin: "http://localhost:3000" }, "Pages of 'http://localhost:3000' may not change anything here; say --cors"],
  [{ origin: "null" }, "Pages of 'null' may not change anything here; say --cors"],
  [{ origin: "https://evil.test", method: "GET" }, undefined],
])("of %j says %s", (sent, refusal) => {
  expect(check(sent)).toBe(refusal);
});

it("lets in whom its lists name", () => {
  expect(check({ origin: "HTTP://localhost:3000" }, { allowedOrigins: ["http://localhost:3000"] })).toBeUndefined();
  expect(check({ origin: "https://evil.test" }, { allowedOrigins: "any" })).toBeUndefined();
  expect(check({ host: "evil.test" }, { allowedHosts: "any" })).toBeUndefined();
});
