import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { HttpTransport } from "../../src/worker/durable-http/http-transport.ts";
import { canary, credentials, other, own, send, tokenSource } from "./durable-http-fixture.ts";

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
