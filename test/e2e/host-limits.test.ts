import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";
import { sendRaw } from "../support/raw-http.ts";

const management = "/runtime/webhooks/durabletask";
const doors = [`${management}/orchestrators/ends`, "/api/reads/a", "/admin/functions/reads"];
const json = "Host: localhost\r\nContent-Type: application/json\r\n";
const hangMs = 30_000;

describe.each(["buffered", "streamed"])("a host whose functions are %s", (kind) => {
  let azurite: Azurite;
  let host: LocalHostProcess;
  let port: number;

  beforeAll(async () => {
    azurite = await startAzurite();
    host = await startLocalHost({
      appFolder: "test/e2e/apps/hostile",
      env: {
        AzureWebJobsStorage: azurite.connectionString,
        STREAMS: kind === "streamed" ? "1" : "",
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "20000",
        DURABLE_HTTP_JSON_DEPTH: "5",
        DURABLE_HTTP_HEADER_BYTES: "4000",
        DURABLE_HTTP_HEADERS: "20",
        DURABLE_HTTP_HEADERS_TIMEOUT: "1",
        DURABLE_HTTP_REQUEST_TIMEOUT: "2",
        DURABLE_HTTP_KEEP_ALIVE_TIMEOUT: "1",
      },
    });
    port = Number(new URL(host.url).port);
  });
  afterAll(async () => {
    await host.stop();
    await azurite.stop();
  });

  const send = (text: string) => sendRaw(port, { bytes: Buffer.from(text, "latin1") }, hangMs);
  const post = (path: string, more: string, body: string) => send(`POST ${path} HTTP/1.1\r\n${json}${more}\r\n${body}`);

  it.each(doors)("holds each limit, and says which: %s", async (path) => {
    const body = (text: string) => [`Content-Length: ${text.length}\r\n`, text] as const;
    const chunked = (text: string) =>
      ["Transfer-Encoding: chunked\r\n", `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`] as const;
    const headers = Array.from({ length: 20 }, (_, at) => `x-${at}: y\r\n`).join("");

    for (const [status, text, answer] of [
      [413, "at most 20000 bytes", post(path, ...body(`"${"1".repeat(20_000)}"`))],
      [413, "at most 20000 bytes", post(path, ...chunked(`"${"1".repeat(20_000)}"`))],
      [413, "at most 20000 bytes", post(path, "Content-Length: 30000\r\n", "")],
      [400, "at most 5 levels deep", post(path, ...body("[[[[[[1]]]]]]"))],
      [400, "at most 5 levels deep", post(path, ...chunked("[[[[[[1]]]]]]"))],
      [431, "4000 bytes together", post(path, `X: ${"y".repeat(4000)}\r\n`, "")],
      [431, "at most 20 headers", post(path, headers, "")],
      [408, "within 2 seconds, its headers within 1", send(`POST ${path} HTTP/1.1\r\n${json}`)],
      [408, "within 2 seconds, its headers within 1", post(path, "Content-Length: 10\r\n", "[1,")],
      [408, "within 2 seconds, its headers within 1", post(path, "Transfer-Encoding: chunked\r\n", "3\r\n[1,\r\n")],
      [400, "not an HTTP/1.1 request", post(path, "Transfer-Encoding: chunked\r\n", "x\r\n")],
    ] as const) {
      const { statuses, text: shown } = await answer;
      expect([statuses, shown]).toEqual([[status], expect.stringContaining(text)]);
    }
    expect((await post(path, ...body("[[[[[1]]]]]"))).statuses[0]).toBeLessThan(300);
    expect((await post(path, ...body(`"${"1".repeat(19_000)}"`))).statuses[0]).toBeLessThan(300);
  });

  it("lets connections without a request go", async () => {
    const answer = await sendRaw(
      port,
      { bytes: Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), answers: 2 },
      hangMs,
    );
    expect(answer).toMatchObject({ end: "closed", statuses: [200] });
  });

  it("answers others beside 300 half-sent requests, which end", async () => {
    const sockets = Array.from({ length: 300 }, (_, at) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.write(
        `POST ${doors[at % doors.length]} HTTP/1.1\r\n${json}${at % 2 === 0 ? "X: y" : "Content-Length: 9\r\n\r\n[1,"}`,
      );
      return socket.on("error", () => {}).resume();
    });
    const ended = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    expect((await fetch(`${host.url}/admin/host/ping`)).status).toBe(200);
    expect((await fetch(`${host.url}/api/begin/beside-${kind}`, { method: "POST" })).status).toBe(202);
    await ended;
  });

  it("keeps nothing of callers who go away at any time, so that it stops at once", async () => {
    for (let round = 0; round < 40; round++) {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(`POST ${doors[1]} HTTP/1.1\r\n${json}Content-Length: 9\r\n\r\n[1,`);
      await new Promise((resolve) => setTimeout(resolve, round % 8));
      socket.destroy();
    }
    expect((await fetch(`${host.url}/admin/host/ping`)).status).toBe(200);
    expect(await host.stop()).toBe(0);
    expect(host.output()).not.toMatch(/HttpRequestFailed|FunctionCallsCutOff|Unhandled/);
  });
});
