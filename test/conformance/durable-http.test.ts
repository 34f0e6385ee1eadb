import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HttpRequestMessage, HttpResponseMessage } from "../../src/core/durable-http.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import {
  type DurableHttpRequest,
  ManagedIdentityTokenSource,
  resolveHttpCall,
} from "../../src/orchestration/http/durable-http-request.ts";
import {
  type DurableHttpOptions,
  resolveDurableHttpOptions,
} from "../../src/worker/durable-http/durable-http-options.ts";
import { sendHttpRequest } from "../../src/worker/durable-http/http-activity.ts";
import type { HttpTransport } from "../../src/worker/durable-http/http-transport.ts";
import { gzipBomb, HorrorServer } from "./durable-http-horrors.ts";

const own = new HorrorServer();
const other = new HorrorServer();

/** Every credential holds this text, so that one search finds any that leaks. */
const canary = "canary";
const credentials = {
  authorization: `Basic ${canary}-basic`,
  cookie: `session=${canary}-cookie`,
  "X-Functions-Key": `${canary}-functions-key`,
  "x-api-key": `${canary}-api-key`,
  "x-auth-token": `${canary}-auth-token`,
  "Ocp-Apim-Subscription-Key": `${canary}-subscription`,
  "proxy-authorization": `${canary}-proxy`,
};
const tokenSource = new ManagedIdentityTokenSource("https://vault.azure.net");

beforeAll(() => Promise.all([own.listen(), other.listen()]));
afterAll(() => Promise.all([own.close(), other.close()]));
beforeEach(() => {
  own.seen.length = 0;
  other.seen.length = 0;
});

function send(
  path: string,
  request: Partial<DurableHttpRequest> = {},
  options: DurableHttpOptions = {},
): Promise<HttpResponseMessage> {
  const url = path.startsWith("/") ? own.origin + path : path;
  return sendMessage(resolveHttpCall({ url, timeout: 5000, ...request }).request, options);
}

function sendMessage(message: HttpRequestMessage, options: DurableHttpOptions = {}): Promise<HttpResponseMessage> {
  const tokenProvider = async () => `${canary}-token`;
  const resolved = resolveDurableHttpOptions({ tokenProvider, ...options });
  return sendHttpRequest(message, { signal: new AbortController().signal, clock: systemClock }, resolved);
}

describe("what an answer may look like", () => {
  it("text, headers and status come back", async () => {
    own.answers("/ok", 201, { "X-Reply": "yes", "set-cookie": ["a=1", "b=2"] }, "grüße");

    const answer = await send("/ok", { method: "POST", body: { n: 1 }, headers: { "x-mine": "1" } });

    expect(answer).toMatchObject({ statusCode: 201, content: "grüße", hasLeftOrigin: false });
    expect(answer.headers).toMatchObject({ "x-reply": "yes", "set-cookie": "a=1, b=2" });
    expect(own.seen[0]).toMatchObject({ method: "POST", body: '{"n":1}' });
    expect(own.seen[0]!.headers).toMatchObject({ "content-type": "application/json", "x-mine": "1" });
  });

  it.each([
    ["gzip", gzipSync("packed")],
    ["deflate", deflateSync("packed")],
  ])("%s is unpacked", async (encoding, bytes) => {
    own.on("/packed", (_request, response) => response.writeHead(200, { "content-encoding": encoding }).end(bytes));

    expect((await send("/packed")).content).toBe("packed");
  });

  it("a charset is respected, and an unknown one is read as UTF-8", async () => {
    const bytes = Buffer.from([0xe4]);
    own.on("/latin", (_request, response) =>
      response.writeHead(200, { "content-type": "text/plain; charset=iso-8859-1" }).end(bytes),
    );
    own.answers("/unknown", 200, { "content-type": "text/plain; charset=x-nonsense" }, "ä");

    expect((await send("/latin")).content).toBe("ä");
    expect((await send("/unknown")).content).toBe("ä");
  });

  it.each([204, 304, 400, 404, 500, 503])("status %i is an answer", async (status) => {
    own.answers("/status", status);

    expect(await send("/status")).toMatchObject({ statusCode: status, content: "" });
  });

  it.each([301, 302, 307])("a %i without Location is an answer", async (status) => {
    own.answers("/lost", status);

    expect((await send("/lost")).statusCode).toBe(status);
  });
});

describe("redirects", () => {
  it.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "payload"],
    [308, "PUT", "PUT", "payload"],
    [301, "PUT", "PUT", "payload"],
  ])("a %i turns %s into %s", async (status, method, followed, body) => {
    own.answers("/from", status, { location: "/to" });

    const answer = await send("/from", { method, body: "payload", headers: credentials });

    expect(answer).toMatchObject({ statusCode: 200, content: "arrived", url: `${own.origin}/to` });
    expect(own.seen[1]).toMatchObject({ method: followed, path: "/to", body });
    expect(own.seen[1]!.headers["authorization"]).toBe(credentials.authorization);
    expect("content-type" in own.seen[1]!.headers).toBe(body !== "");
  });

  it.each([301, 302, 303, 307, 308])("a %i to another origin gets no credentials", async (status) => {
    own.answers("/away", status, { location: `${other.origin}/landing` });

    const answer = await send("/away", {
      method: "POST",
      body: "data",
      headers: { ...credentials, "x-plain": "kept" },
      tokenSource,
    });

    expect(answer).toMatchObject({ statusCode: 200, hasLeftOrigin: true });
    expect(own.seen[0]!.headers["authorization"]).toBe(`Bearer ${canary}-token`);
    expect(other.seen).toHaveLength(1);
    expect(other.seen[0]!.headers["x-plain"]).toBe("kept");
    expect(JSON.stringify(other.seen)).not.toContain(canary);
  });

  it("credentials do not come back when another origin leads home", async () => {
    own.answers("/out", 302, { location: `${other.origin}/back` });
    other.answers("/back", 302, { location: `${own.origin}/chosen-by-another` });

    await send("/out", { headers: credentials, tokenSource });

    expect(own.seen.at(-1)).toMatchObject({ path: "/chosen-by-another" });
    expect(JSON.stringify([own.seen.at(-1), other.seen])).not.toContain(canary);
  });

  it("a host name for the same address is another origin", async () => {
    own.answers("/alias", 302, { location: `${own.origin.replace("127.0.0.1", "localhost")}/x` });

    await send("/alias", { headers: credentials }).catch(() => {});

    expect(JSON.stringify(own.seen.slice(1))).not.toContain(canary);
  });

  it.each(["//127.0.0.1:1/x", "/\\127.0.0.1:1/x", "http:\\\\127.0.0.1:1/x"])(
    "a Location %s names another host and gets nothing",
    async (location) => {
      own.answers("/slashes", 302, { location });

      await expect(send("/slashes", { headers: credentials })).rejects.toMatchObject({ name: "HttpRequestFailed" });
    },
  );

  it.each([
    ["a loop", "/loop", "/loop"],
    ["a loop over query", "/loop", "/loop?again"],
  ])("%s ends after 10 hops", async (_, path, location) => {
    own.answers(path, 302, { location });

    await expect(send(path)).rejects.toMatchObject({ name: "HttpRequestRefused", isNonRetriable: true });
    expect(own.seen).toHaveLength(11);
  });

  it("a loop between two origins ends, too", async () => {
    own.answers("/ping", 307, { location: `${other.origin}/pong` });
    other.answers("/pong", 307, { location: `${own.origin}/ping` });

    await expect(send("/ping", { headers: credentials })).rejects.toThrow("more than 10 redirects");
    expect(JSON.stringify([own.seen.slice(1), other.seen])).not.toContain(canary);
  });

  it.each([
    ["file:///etc/passwd", "scheme"],
    ["ftp://127.0.0.1/x", "scheme"],
    ["javascript:alert(1)", "scheme"],
    ["data:text/plain,x", "scheme"],
    ["http://user:pass@127.0.0.1/", "user name"],
    ["http://[::bad", "no URL"],
    ["http://", "no URL"],
  ])("a Location %s is refused", async (location, reason) => {
    own.answers("/bad", 302, { location });

    const failure = send("/bad");

    await expect(failure).rejects.toMatchObject({ name: "HttpRequestRefused" });
    await expect(failure).rejects.toThrow(reason);
    expect(own.seen).toHaveLength(1);
  });

  it("a way from https to http is refused", async () => {
    const asked: string[] = [];
    const transport: HttpTransport = {
      async send({ url }) {
        asked.push(url.href);
        return {
          status: 302,
          headers: { location: "http://example.com/" },
          body: (async function* () {})(),
          close() {},
        };
      },
    };

    await expect(send("https://example.com/", {}, { transport })).rejects.toThrow("from https to http");
    expect(asked).toEqual(["https://example.com/"]);
  });

  it("the app's rule is asked for every hop", async () => {
    own.answers("/rule", 302, { location: `${other.origin}/forbidden` });
    const asked: string[] = [];
    const allowRequest = (url: URL, { hasCredentials }: { hasCredentials: boolean }) => {
      asked.push(`${url.origin} ${hasCredentials}`);
      return url.origin === own.origin;
    };

    await expect(send("/rule", { headers: credentials }, { allowRequest })).rejects.toThrow("allowRequest");
    expect(asked).toEqual([`${own.origin} true`, `${other.origin} false`]);
    expect(other.seen).toEqual([]);
  });
});

describe("addresses that serve credentials of their own", () => {
  it.each([
    "http://169.254.169.254/metadata/identity",
    "http://2852039166/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://169.254.1.2/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://metadata.google.internal/",
    "http://METADATA.google.internal./",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
  ])("%s gets no request with credentials, and no token is made for it", async (url) => {
    let tokens = 0;
    let requests = 0;
    const tokenProvider = async () => {
      tokens++;
      return "token";
    };
    const transport: HttpTransport = {
      async send() {
        requests++;
        return { status: 200, headers: {}, body: (async function* () {})(), close() {} };
      },
    };

    await expect(send(url, { tokenSource }, { tokenProvider, transport })).rejects.toMatchObject({
      name: "HttpRequestRefused",
      isNonRetriable: true,
    });
    await expect(send(url, { headers: credentials }, { transport })).rejects.toMatchObject({
      name: "HttpRequestRefused",
    });
    expect([tokens, requests]).toEqual([0, 0]);
    expect((await send(url, {}, { transport })).statusCode).toBe(200);
  });

  it("nobody can lead there, not even a request without credentials", async () => {
    own.answers("/to-metadata", 302, { location: "http://169.254.169.254/latest/meta-data/iam" });

    await expect(send("/to-metadata", { headers: { metadata: "true" } })).rejects.toMatchObject({
      name: "HttpRequestRefused",
    });
  });

  it("the address is judged where the connection is made, so that a name cannot hide it", async () => {
    const asked: string[] = [];
    own.answers("/pin", 200, {}, "in");
    const { systemHttpTransport } = await import("../../src/worker/durable-http/system-http.ts");
    const transport: HttpTransport = {
      send: (request) =>
        systemHttpTransport.send({
          ...request,
          isAddressAllowed: (address) => {
            asked.push(address);
            return address === "localhost";
          },
        }),
    };

    await expect(send(`${own.origin.replace("127.0.0.1", "localhost")}/pin`, {}, { transport })).rejects.toMatchObject({
      name: "HttpRequestRefused",
    });
    expect(asked.length).toBeGreaterThan(1);
    expect(own.seen).toEqual([]);
  });
});

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
