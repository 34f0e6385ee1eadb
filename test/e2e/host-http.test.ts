import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

/** Sends a body in chunks without a content length, as `fetch` cannot for small ones. */
function postChunked(url: string, chunks: readonly string[], headers: Record<string, string> = {}) {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((done, failed) => {
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => done({ status: response.statusCode!, text, headers: response.headers }));
    });
    request.on("error", failed);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

describe("a CommonJS app", () => {
  let host: LocalHostProcess;

  beforeAll(async () => {
    host = await startLocalHost({
      appFolder: "test/e2e/apps/http-cjs",
      env: { ALREADY_SET: "from the environment", FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "100000" },
    });
  });
  afterAll(async () => {
    await host.stop();
  });

  const get = (path: string, init?: RequestInit) => fetch(`${host.url}${path}`, init);

  it("routes by template and constraint, with query and optional parts", async () => {
    const found = await get("/API/Typed/7/end/?a=1&a=2&b=%C3%A4");

    expect(found.status).toBe(200);
    expect(found.headers.get("content-type")).toBe("application/json");
    expect(await found.json()).toEqual({ id: "7", tail: "end", query: { a: "1,2", b: "ä" } });
    expect((await get("/api/typed/seven")).status).toBe(404);
    expect(await (await get("/api/files/a/b%20c")).text()).toBe("a/b c");
  });

  it("answers 404 with an empty body for another method and for an unknown path", async () => {
    for (const [path, method] of [
      ["/api/echo", "GET"],
      ["/api/nothing", "DELETE"],
      ["/api/unknown", "GET"],
    ] as const) {
      const answer = await get(path, { method });
      expect([answer.status, await answer.text()]).toEqual([404, ""]);
    }
  });

  it("writes cookies with their attributes", async () => {
    const answer = await get("/api/cookies");

    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-own")).toBe("1");
    expect(answer.headers.getSetCookie()).toEqual([
      "sid=1",
      "csrf=2",
      "a=1%202; max-age=60; path=/; samesite=strict; httponly",
      "b=x; expires=Thu, 01 Jan 1970 00:00:01 GMT; path=/sub; secure; samesite=none",
    ]);
  });

  it("answers 204 when a handler returns nothing, and 500 with an empty body when it throws", async () => {
    expect((await get("/api/nothing")).status).toBe(204);
    for (const path of ["/api/throws", "/api/notAnObject"]) {
      const answer = await get(path);
      expect([answer.status, await answer.text()]).toEqual([500, ""]);
    }
    expect(host.output()).toMatch(
      /Executed 'Functions\.throws' \(Failed, Id=[^,]+, Duration=\d+ms\)\nError: thrown on purpose/,
    );
  });

  it("carries binary bodies both ways, framed by length or by chunks", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const headers = { "content-type": "application/octet-stream" };

    const answer = await get("/api/echo", { method: "POST", body: bytes, headers });
    const chunked = await postChunked(`${host.url}/api/echo`, ["one ", "two"]);

    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
    expect(chunked).toMatchObject({ status: 200, text: "one two" });
  });

  it("refuses a body over the limit with 413", async () => {
    const chunked = await postChunked(`${host.url}/api/echo`, ["x".repeat(60_000), "x".repeat(60_000)]).catch(
      () => "closed",
    );

    expect((await get("/api/echo", { method: "POST", body: "x".repeat(100_000) })).status).toBe(200);
    expect((await get("/api/echo", { method: "POST", body: "x".repeat(100_001) })).status).toBe(413);
    expect(chunked === "closed" || (chunked as { status: number }).status === 413).toBe(true);
  });

  it("runs hooks around handlers, and lets them change handler, result, error and log lines", async () => {
    expect(host.output()).toContain("appStart in ");
    expect(await (await get("/api/hooked")).text()).toBe("pre(handler) post");
    expect((await get("/api/rescued")).status).toBe(418);
    expect(host.output()).not.toContain("a secret");
    expect(host.output()).toMatch(/^\[[-\dT:.]+Z\] \*\*\*$/m);
  });

  it("gives the app its settings; the environment wins over local.settings.json", async () => {
    expect(await (await get("/api/settings")).json()).toEqual({
      greeting: "Hello",
      already: "from the environment",
      environment: "Development",
      name: "settings",
    });
  });

  it("lives on after a rejection that nobody awaited, and says so", async () => {
    expect(await (await get("/api/forgotten")).text()).toBe("ok");
    expect(await (await get("/api/hooked")).text()).toBe("pre(handler) post");
    expect(host.output()).toContain("Unhandled rejection: a promise failed and nothing awaits it");
  });

  it("answers CORS preflights of allowed origins only", async () => {
    const preflight = (origin: string) =>
      get("/api/echo", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-a" },
      });

    const allowed = await preflight("http://example.test");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("http://example.test");
    expect(allowed.headers.get("access-control-allow-headers")).toBe("x-a");
    expect((await preflight("http://other.test")).headers.get("access-control-allow-origin")).toBeNull();
  });

  it("has the admin endpoints that tools poll, and a homepage", async () => {
    expect(await (await get("/admin/host/status")).json()).toMatchObject({
      state: "Running",
      errors: [expect.stringContaining("'bad' function is in error")],
    });
    expect((await get("/admin/host/ping")).status).toBe(200);
    expect(await (await get("/admin/functions/HOOKED")).json()).toMatchObject({
      name: "hooked",
      invoke_url_template: `${host.url}/api/hooked`,
      config: { bindings: [{ type: "httpTrigger" }, { type: "http", name: "$return" }] },
    });
    expect((await get("/")).headers.get("content-type")).toContain("text/html");
    expect((await get("/runtime/webhooks/durabletask/instances")).status).toBe(404);
  });

  it("runs a function by hand, whatever its trigger", async () => {
    const post = (name: string, body?: string) =>
      get(`/admin/functions/${name}`, { method: "POST", ...(body === undefined ? {} : { body }) });

    expect((await post("tick", '{"input":"{}"}')).status).toBe(202);
    expect((await post("tick")).status).toBe(400);
    expect((await post("unknown", '{"input":""}')).status).toBe(404);
    await expect.poll(() => host.output()).toContain("tick ran by hand");
    expect(host.output()).toContain("tick: timerTrigger (0 0 1 1 *)");
  });
});

it("runs an ES module app with an empty route prefix and default parameter values", async () => {
  await using host = await startLocalHost({ appFolder: "test/e2e/apps/http-esm" });

  expect(await (await fetch(`${host.url}/hello`)).text()).toBe("Hello you");
  expect(await (await fetch(`${host.url}/HELLO/Ada`)).text()).toBe("Hello Ada");
});

it("streams requests and responses of an app that asks for it", async () => {
  await using host = await startLocalHost({ appFolder: "test/e2e/apps/streaming" });

  const answer = await postChunked(`${host.url}/api/upper/w1?x=1`, ["one ", "two"], { "x-custom": "yes" });
  const large = await fetch(`${host.url}/api/upper/w2`, { method: "POST", body: "x".repeat(5_000_000) });
  const nothing = await fetch(`${host.url}/api/nothing`);
  const thrown = await fetch(`${host.url}/api/throws`);

  expect(answer).toMatchObject({ status: 200, text: "ONE TWO", headers: { "x-word": "w1", "x-custom": "yes" } });
  expect(answer.headers["set-cookie"]).toEqual([expect.stringContaining("seen=1")]);
  expect((await large.text()).length).toBe(5_000_000);
  expect([nothing.status, thrown.status]).toEqual([204, 500]);
});

it("keeps the cookies and the body limit of an app that streams", async () => {
  const env = { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1000" };
  await using host = await startLocalHost({ appFolder: "test/e2e/apps/streaming", env });
  const length = `${host.url}/api/length`;

  const cookies = await fetch(`${host.url}/api/cookies`);
  const fitting = await postChunked(length, ["x".repeat(600), "x".repeat(400)]);
  const announced = await fetch(length, { method: "POST", body: "x".repeat(1001) });
  const grown = await postChunked(length, ["x".repeat(600), "x".repeat(401)]);

  expect(cookies.headers.getSetCookie()).toEqual(["sid=1", "csrf=2"]);
  expect(cookies.headers.get("x-ms-invocation-id")).toBeNull();
  expect(fitting).toMatchObject({ status: 200, text: "1000" });
  expect([announced.status, grown.status]).toEqual([413, 413]);
});
