import { describe, expect, it } from "vitest";
import { formatCookie, requestUrl, toHttpAnswer, toHttpData } from "../../../../src/host/app/http-conversion.ts";
import { bodyBytes } from "../../../../src/host/app/typed-data.ts";

it("typed data has bytes as a body, whatever the variant", () => {
  const view = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);

  expect(bodyBytes({ bytes: view })).toEqual(Buffer.from([1, 2]));
  expect(bodyBytes({ string: "ä" })).toEqual(Buffer.from("ä"));
  expect(bodyBytes(null).byteLength).toBe(0);
});

it("a request is shown with joined headers and query values, and a body only if there is one", () => {
  const base = {
    method: "POST",
    url: "http://h/x?a=1&a=2&b",
    headers: { "x-a": ["1", "2"], host: "h" },
    params: { p: "v" },
  };

  expect(toHttpData({ ...base, body: Buffer.alloc(0) })).toEqual({
    method: "POST",
    url: "http://h/x?a=1&a=2&b",
    nullableHeaders: { "x-a": { value: "1, 2" }, host: { value: "h" } },
    nullableQuery: { a: { value: "1,2" }, b: { value: "" } },
    nullableParams: { p: { value: "v" } },
  });
  expect(toHttpData({ ...base, body: Buffer.from("x") }).body).toEqual({ bytes: Buffer.from("x") });
});

it("the URL of a request is absolute", () => {
  expect(requestUrl({ headers: { host: "h:1" }, url: "/a?b" }, "f")).toBe("http://h:1/a?b");
  expect(requestUrl({ headers: {}, url: "/a" }, "f")).toBe("http://f/a");
  expect(requestUrl({ headers: { host: "h" }, url: "http://other/a" }, "f")).toBe("http://other/a");
});

describe("a response", () => {
  it("is 204 when there is none, and leaves connection headers to the server", () => {
    expect(toHttpAnswer(undefined).status).toBe(204);
    expect(
      toHttpAnswer({ statusCode: "418", headers: { "X-A": "1", "Content-Length": "9", connection: "close" } }),
    ).toMatchObject({ status: 418, headers: { "X-A": "1" } });
    expect(() => toHttpAnswer({ statusCode: "abc" })).toThrow("'abc'");
  });

  it.each([
    [{ name: "a", value: "b" }, "a=b; path=/"],
    [{ name: "a", value: "b;c", sameSite: "none" }, "a=b%3Bc; path=/"],
    [
      { name: "a", value: "b", sameSite: "explicitNone", secure: { value: true } },
      "a=b; path=/; secure; samesite=none",
    ],
    [
      { name: "a", value: "", maxAge: { value: 0 }, domain: { value: "x.test" } },
      "a=; max-age=0; domain=x.test; path=/",
    ],
    [{ name: "a", value: "b", httpOnly: { value: false }, path: null }, "a=b; path=/"],
  ] as const)("writes the cookie %o", (cookie, expected) => {
    expect(formatCookie(cookie)).toBe(expected);
  });
});
