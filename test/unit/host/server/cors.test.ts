import { describe, expect, it } from "vitest";
import { answerPreflight, corsHeaders, parseCorsPolicy } from "../../../../src/host/server/cors.ts";

const page = "http://localhost:3000";
const policyOf = (origins: string, credentials = false) => parseCorsPolicy(origins, credentials).policy;

describe("a list of origins", () => {
  it("reads as browsers send them", () => {
    const { policy, problems } = parseCorsPolicy(
      " HTTP://LocalHost:3000/ , https://shop.example:443,https://bücher.example,chrome-extension://abc,",
      true,
    );

    expect(policy?.origins).toEqual([
      page,
      "https://shop.example",
      "https://xn--bcher-kva.example",
      "chrome-extension://abc",
    ]);
    expect([policy?.anyOrigin, policy?.credentials, problems]).toEqual([false, true, []]);
  });

  it.each(["localhost:3000", "null", "https://*.shop.example", "http://localhost:3000/app", "http://a@b", "http://"])(
    "tells of %s, which is none",
    (text) => {
      const { policy, problems } = parseCorsPolicy(text, false);
      expect(policy).toBeUndefined();
      expect(problems).toEqual([expect.stringContaining(`'${text}' is no origin`)]);
    },
  );

  it("is nothing when it is empty", () => {
    expect(parseCorsPolicy(undefined, false)).toEqual({ policy: undefined, problems: [] });
    expect(parseCorsPolicy(" , ", true)).toEqual({ policy: undefined, problems: [] });
  });
});

describe("an answer", () => {
  it("is for the pages of the list, with credentials where they were asked for", () => {
    expect(corsHeaders(policyOf(page, true), { origin: page })).toEqual({
      vary: "Origin",
      "access-control-allow-origin": page,
      "access-control-expose-headers": "Location, Retry-After, x-ms-continuation-token",
      "access-control-allow-credentials": "true",
    });
    expect(corsHeaders(policyOf(page), { origin: page })).not.toHaveProperty("access-control-allow-credentials");
  });

  it("is for nobody else, and caches are told that it might be", () => {
    for (const origin of ["https://evil.test", "null", undefined]) {
      const headers = origin === undefined ? {} : { origin };
      expect(corsHeaders(policyOf(page, true), headers)).toEqual({ vary: "Origin" });
      expect(corsHeaders(undefined, headers)).toEqual({});
    }
  });

  it("never takes credentials of any page", () => {
    const { policy, problems } = parseCorsPolicy(`*,${page}`, true);

    expect(problems).toEqual([expect.stringContaining("list the origins")]);
    expect(corsHeaders(policy, { origin: "https://evil.test" })).toMatchObject({ "access-control-allow-origin": "*" });
    expect(corsHeaders(policy, { origin: "https://evil.test" })).not.toHaveProperty("access-control-allow-credentials");
    expect(corsHeaders(policy, { origin: page })).toMatchObject({
      "access-control-allow-origin": page,
      "access-control-allow-credentials": "true",
    });
  });
});

describe("a preflight", () => {
  const asked = {
    origin: page,
    "access-control-request-method": "DELETE",
    "access-control-request-headers": "x-a,x-b",
  };

  it("allows what was asked, for a while", () => {
    expect(answerPreflight(policyOf(page), "OPTIONS", asked)).toEqual({
      vary: "Origin",
      "access-control-allow-origin": page,
      "access-control-allow-methods": "DELETE",
      "access-control-allow-headers": "x-a,x-b",
      "access-control-max-age": "600",
    });
  });

  it("of another page allows nothing", () => {
    expect(answerPreflight(policyOf(page), "OPTIONS", { ...asked, origin: "https://evil.test" })).toEqual({
      vary: "Origin",
    });
  });

  it("lets pages of the list come from the internet, and no others", () => {
    const headers = { ...asked, "access-control-request-private-network": "true" };
    const allowed = { "access-control-allow-private-network": "true" };

    expect(answerPreflight(policyOf(page), "OPTIONS", headers)).toMatchObject(allowed);
    expect(answerPreflight(policyOf("*"), "OPTIONS", headers)).not.toMatchObject(allowed);
  });

  it("is a request like any other where no origin is allowed, and when it asks for nothing", () => {
    expect(answerPreflight(undefined, "OPTIONS", asked)).toBeUndefined();
    expect(answerPreflight(policyOf(page), "OPTIONS", { origin: page })).toBeUndefined();
    expect(answerPreflight(policyOf(page), "GET", asked)).toBeUndefined();
  });
});
