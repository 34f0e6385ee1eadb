import { describe, expect, it } from "vitest";
import { RequestGuard, type RequestGuardOptions } from "../../../src/http/request-guard.ts";

const cures = { host: "say --allow-host", origin: "say --cors" };

interface Sent {
  readonly method?: string;
  readonly host?: string;
  readonly origin?: string;
  readonly site?: string;
  /** `Sec-Fetch-Mode` and `Sec-Fetch-Dest`. */
  readonly fetch?: readonly [mode: string, destination: string];
}

function check(sent: Sent, options: Partial<RequestGuardOptions> = {}): string | undefined {
  const guard = new RequestGuard({ allowedHosts: ["shop.example"], allowedOrigins: [], cures, ...options });
  const { method = "POST", host = "localhost:7071", origin, site, fetch: [mode, destination] = [] } = sent;
  const headers = new Map(
    Object.entries({ host, origin, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination }),
  );
  try {
    guard.check({ method, url: new URL("http://localhost:7071/x"), header: (name) => headers.get(name) });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const noChange = (origin?: string) => `Pages of ${origin ?? "other origins"} may not change anything here; say --cors`;
const noReading = (origin?: string) => `Pages of ${origin ?? "other origins"} may not read anything here; say --cors`;

it.each<[Sent, string | undefined]>([
  [{}, undefined],
  [{ host: "127.0.0.1:7071" }, undefined],
  [{ host: "[::1]:7071" }, undefined],
  [{ host: "SHOP.example:80" }, undefined],
  [{ host: "evil.test" }, "The host name 'evil.test' is not served here; say --allow-host"],
  [{ host: "shop.example.evil.test" }, "The host name 'shop.example.evil.test' is not served here; say --allow-host"],
  [{ host: "a b" }, "The host name 'a b' is not served here; say --allow-host"],
  [{ origin: "http://localhost:7071" }, undefined],
  [{ origin: "http://localhost:3000" }, noChange("'http://localhost:3000'")],
  [{ origin: "null" }, noChange("'null'")],
  [{ origin: "https://evil.test", method: "GET" }, undefined],
  // A page whose origin has a proxy in front of us, which writes a host of its own.
  [{ origin: "https://shop.example", site: "same-origin" }, undefined],
  [{ origin: "http://localhost:3000", site: "same-site" }, noChange("'http://localhost:3000'")],
  [{ site: "cross-site" }, noChange()],
  [{ site: "none" }, undefined],
  [{ host: "evil.test", site: "same-origin" }, "The host name 'evil.test' is not served here; say --allow-host"],
])("of %j says %s", (sent, refusal) => {
  expect(check(sent)).toBe(refusal);
});

it.each<[Sent, string | undefined]>([
  [{}, undefined],
  [{ site: "same-origin" }, undefined],
  [{ origin: "https://evil.test" }, noReading("'https://evil.test'")],
  [{ origin: "https://evil.test", site: "cross-site", fetch: ["cors", "empty"] }, noReading("'https://evil.test'")],
  [{ site: "same-site", fetch: ["no-cors", "image"] }, noReading()],
  [{ site: "cross-site", fetch: ["navigate", "iframe"] }, noReading()],
  [{ site: "cross-site", fetch: ["navigate", "object"] }, noReading()],
  [{ site: "cross-site", fetch: ["navigate", "document"] }, undefined],
  [{ site: "cross-site", fetch: ["navigate", "document"], method: "POST" }, noChange()],
])("where reads are guarded, of a GET with %j says %s", (sent, refusal) => {
  expect(check({ method: "GET", ...sent }, { guardsReads: true })).toBe(refusal);
});

describe("its lists", () => {
  it("let in whom they name", () => {
    const allowedOrigins = ["http://localhost:3000"];
    expect(check({ origin: "HTTP://localhost:3000" }, { allowedOrigins })).toBeUndefined();
    expect(check({ origin: "http://localhost:3000", site: "same-site" }, { allowedOrigins })).toBeUndefined();
    expect(check({ origin: "https://evil.test" }, { allowedOrigins: "any" })).toBeUndefined();
    expect(check({ host: "evil.test" }, { allowedHosts: "any" })).toBeUndefined();
  });
});

it("tells of the pages that it refuses", () => {
  const told: string[] = [];
  const options = { guardsReads: true, onPageRefused: (origin: string) => told.push(origin) };

  check({ origin: "https://evil.test" }, options);
  check({ origin: "https://evil.test", method: "GET" }, options);
  check({ host: "evil.test" }, options);
  check({ site: "cross-site" }, options);

  expect(told).toEqual(["https://evil.test", "https://evil.test"]);
});
