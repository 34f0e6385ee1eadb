import { describe, expect, it } from "vitest";
import { httpLimitSettings, readHttpLimits } from "../../../../src/host/settings/http-limits.ts";

const bodySetting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";

describe("the limits of requests", () => {
  it("are the defaults where nothing is said", () => {
    expect(readHttpLimits({})).toEqual({
      limits: {
        maxBodyBytes: undefined,
        maxJsonDepth: 1000,
        maxHeaderBytes: 15_360,
        maxHeaders: 100,
        headersTimeoutMs: 30_000,
        requestTimeoutMs: 300_000,
        keepAliveTimeoutMs: 65_000,
      },
      unused: [],
    });
  });

  it("have a setting each", () => {
    const env = Object.fromEntries(Object.values(httpLimitSettings).map(({ name }) => [name.toLowerCase(), "1500"]));
    expect(readHttpLimits(env)).toEqual({
      limits: {
        maxBodyBytes: 1500,
        maxJsonDepth: 1500,
        maxHeaderBytes: 1500,
        maxHeaders: 1500,
        headersTimeoutMs: 1_500_000,
        requestTimeoutMs: 1_500_000,
        keepAliveTimeoutMs: 1_500_000,
      },
      unused: [],
    });
  });

  it("give headers no longer than the whole request", () => {
    expect(readHttpLimits({ DURABLE_HTTP_REQUEST_TIMEOUT: "2.5" }).limits).toMatchObject({
      headersTimeoutMs: 2500,
      requestTimeoutMs: 2500,
    });
  });

  it.each([
    ["100000", 100_000],
    [" 5 ", 5],
    ["0", 0],
    ["abc", undefined],
    ["-1", undefined],
    ["1e3", undefined],
    ["1.5", undefined],
    ["99999999999999999999", undefined],
  ])("take %j as %s bytes of a body", (text, bytes) => {
    const { limits, unused } = readHttpLimits({ [bodySetting]: text });
    expect(limits.maxBodyBytes).toBe(bytes);
    expect(unused.map(({ setting }) => setting)).toEqual(bytes === undefined ? [bodySetting] : []);
  });

  it.each(Object.entries(httpLimitSettings))("never become none by a text that is no number: %s", (_, setting) => {
    for (const text of ["none", "Infinity", "-1", "0x10", "1e9", String(setting.max + 1), "NaN", "1 s"]) {
      const { limits, unused } = readHttpLimits({ [setting.name]: text });
      expect(limits).toEqual(readHttpLimits({}).limits);
      expect(unused[0]?.text).toContain(`the default of ${setting.default} is taken`);
    }
  });
});
