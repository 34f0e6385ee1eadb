import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/system-ports.ts";
import { resolveHttpCall } from "../../src/orchestration/http/durable-http-request.ts";
import { resolveDurableHttpOptions } from "../../src/worker/durable-http/durable-http-options.ts";
import { sendHttpRequest } from "../../src/worker/durable-http/http-activity.ts";
import { credentials, own, send } from "./durable-http-fixture.ts";
import { gzipBomb } from "./durable-http-horrors.ts";

describe("servers that do not behave", () => {
  it.each<[string, (path: string) => void, string]>([
    ["a slow drip", (path) => own.drips(path, 20), "TaskTimeout"],
    ["silence", (path) => own.on(path, () => {}), "TaskTimeout"],
    ["an endless body", (path) => own.drips(path, 1, "x".repeat(65_536)), "HttpResponseTooLarge"],
    [
      "bad chunking",
      (path) => own.writes(path, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nx\r\n"),
      "HttpRequestFailed",
    ],
    [
      "a body cut short",
      (path) => own.writes(path, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
      "HttpRequestFailed",
    ],
    [
      "two lengths",
      (path) => own.writes(path, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxy"),
      "HttpRequestFailed",
    ],
    [
      "length and chunks",
      (path) => own.writes(path, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
      "HttpRequestFailed",
    ],
    ["what is not HTTP", (path) => own.writes(path, "SSH-2.0-OpenSSH_9\r\n"), "HttpRequestFailed"],
    ["a hang-up", (path) => own.on(path, (_request, _response, socket) => socket.destroy()), "HttpRequestFailed"],
    ["one huge header", (path) => own.answers(path, 200, { "x-flood": "x".repeat(60_000) }), "HttpRequestFailed"],
    [
      "many headers",
      (path) =>
        own.answers(path, 200, Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`x-${n}`, "y".repeat(20)]))),
      "HttpRequestFailed",
    ],
    ["broken gzip", (path) => own.answers(path, 200, { "content-encoding": "gzip" }, "not gzip"), "HttpRequestFailed"],
    [
      "a gzip cut short",
      (path) =>
        own.on(path, (_request, response) =>
          response.writeHead(200, { "content-encoding": "gzip" }).end(gzipBomb.subarray(0, 100)),
        ),
      "HttpRequestFailed",
    ],
    [
      "a gzip bomb",
      (path) =>
        own.on(path, (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipBomb)),
      "HttpResponseTooLarge",
    ],
    [
      "an upgrade",
      (path) => own.writes(path, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
      "HttpRequestFailed",
    ],
    [
      "a status of 999 lines",
      (path) => own.writes(path, `HTTP/1.1 ${"9".repeat(10_000)} OK\r\n\r\n`),
      "HttpRequestFailed",
    ],
  ])("%s fails the request", async (_, misbehave, name) => {
    misbehave("/horror");

    const timeout = name === "TaskTimeout" ? 1500 : 30_000;
    const failure = await send("/horror?code=secret-in-query", { timeout, headers: credentials }).catch(
      (error) => error,
    );

    expect(failure).toMatchObject({ name });
    expect(JSON.stringify({ ...failure, message: failure.message, stack: failure.stack })).not.toMatch(/canary|secret/);
  });

  it("nobody there, and TLS spoken to a server without it", async () => {
    const plain = own.origin.replace("http:", "https:");

    await expect(send("http://127.0.0.1:1/")).rejects.toThrow("ECONNREFUSED");
    await expect(send(plain)).rejects.toMatchObject({ name: "HttpRequestFailed", isNonRetriable: false });
  });

  it("an informational answer is not the answer", async () => {
    own.writes(
      "/early",
      "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    );

    expect(await send("/early")).toMatchObject({ statusCode: 200, content: "ok" });
  });

  it("a redirect with an endless body is followed at once", async () => {
    own.on("/heavy", (_request, response) => {
      response.writeHead(302, { location: "/light" });
      response.write("x".repeat(100_000));
    });

    expect(await send("/heavy")).toMatchObject({ content: "arrived" });
  });

  it("an activity that is told to stop stops, and has not failed", async () => {
    own.on("/silent", () => {});
    const stop = new AbortController();
    const message = resolveHttpCall({ url: `${own.origin}/silent` }).request;
    const sending = sendHttpRequest(message, { signal: stop.signal, clock: systemClock }, resolveDurableHttpOptions());
    await expect.poll(() => own.seen.length).toBe(1);

    stop.abort();

    await expect(sending).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("retries", () => {
  it.each([
    [[], 404, true],
    [[], 500, true],
    [[], 200, false],
    [[503], 500, false],
    [[503], 503, true],
  ])("with statuses %j a %i fails: %s", async (statusCodes, status, fails) => {
    own.answers("/failing", status, {}, "body with secret");

    const outcome = send("/failing?secret", { retry: { firstInterval: 1, maxAttempts: 2, statusCodes } });

    if (!fails) return expect((await outcome).statusCode).toBe(status);
    const failure = await outcome.catch((error) => error);
    expect(failure).toMatchObject({ name: "HttpRequestFailed", statusCode: status, isNonRetriable: false });
    expect(failure.message).not.toContain("secret");
  });
});
