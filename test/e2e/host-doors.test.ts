import { request as httpRequest, type OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { startLocalHost } from "../support/local-host.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
}

/** `fetch` sends no host name but that of its address. */
function ask(url: string, method: string, headers: OutgoingHttpHeaders, body = ""): Promise<Answer> {
  return new Promise((done, failed) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => done({ status: response.statusCode!, text, location: response.headers.location }));
    });
    request.on("error", failed);
    request.end(body);
  });
}

const appFolder = "test/e2e/apps/doors";
const management = "/runtime/webhooks/durabletask";
const json = { "content-type": "application/json" };

it("lets no page of another name or origin in, at any door, and says how to allow it", async () => {
  await using host = await startLocalHost({ appFolder });
  const rebound = { host: "evil.test" };
  const foreign = { origin: "https://evil.test", "content-type": "text/plain" };

  const refused = [
    await ask(`${host.url}/admin/functions`, "GET", rebound),
    await ask(`${host.url}/admin/functions/wait`, "POST", foreign, '{"input":"x"}'),
    await ask(`${host.url}/admin/host/status`, "GET", rebound),
    await ask(`${host.url}${management}/instances`, "GET", rebound),
    await ask(`${host.url}${management}/orchestrators/wait`, "POST", { ...foreign, ...json }, "1"),
    // Neither does a body without a type get past its origin.
    await ask(`${host.url}${management}/orchestrators/wait`, "POST", { origin: "https://evil.test" }, "1"),
  ];

  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
  for (const { text } of refused) expect(text).toMatch(/--allow-host|--cors/);
  expect((await ask(`${host.url}/admin/functions`, "GET", {})).status).toBe(200);
});

it("serves what it is told to, and refuses no link that it has made", async () => {
  await using host = await startLocalHost({
    appFolder,
    args: ["--allow-host", "shop.example", "--cors", "http://localhost:3000"],
  });
  const own = await ask(`${host.url}/api/begin`, "POST", { host: "shop.example" });
  const other = await ask(`${host.url}/api/begin`, "POST", { host: "other.example" });
  const page = { origin: "http://localhost:3000", ...json };

  expect(own.location).toMatch(/^http:\/\/shop\.example\/runtime/);
  const { pathname, search } = new URL(own.location!);
  expect((await ask(host.url + pathname + search, "GET", { host: "shop.example" })).status).toBe(202);
  // Under a name that is not served, its links lead to where they are.
  expect(new URL(other.location!).origin).toBe(host.url);
  expect((await ask(other.location!, "GET", {})).status).toBe(202);
  expect((await ask(`${host.url}${management}/orchestrators/wait`, "POST", page, "1")).status).toBe(202);
});

/** What is sent as it is, and the status of the answer. */
function askRaw(url: string, head: string): Promise<string> {
  return new Promise((done, failed) => {
    const { port } = new URL(url);
    let text = "";
    const socket = connect(Number(port), "127.0.0.1", () =>
      socket.write(`${head}\r\nConnection: close\r\n\r\n`, "latin1"),
    );
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", () => done(text.slice(9, 12)));
    socket.on("error", failed);
  });
}

it("takes no host that is more than a host, and shows nothing in the log that is no text", async () => {
  await using host = await startLocalHost({ appFolder });
  const doors = ["/admin/functions", `${management}/instances`, "/api/begin"];
  const hosts = ["evil.test@localhost", "localhost/x", "localhost?x", "localhost#x", "localhost\r\nHost: evil.test"];

  for (const door of doors) {
    for (const name of hosts) expect(await askRaw(host.url, `GET ${door} HTTP/1.1\r\nHost: ${name}`), name).toBe("400");
    expect(await askRaw(host.url, `GET http://a@localhost${door} HTTP/1.1\r\nHost: localhost`)).toBe("400");
  }
  expect(await askRaw(host.url, "GET /admin/functions HTTP/1.1\r\nHost: localhost")).toBe("200");
  expect(await askRaw(host.url, "GET /\x9b31mred HTTP/1.1\r\nHost: localhost")).toBe("400");
  expect(await askRaw(host.url, "GET /admin/functions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\x9b31m")).toBe(
    "403",
  );
  expect(host.output()).not.toContain("\x9b");
});

it("makes all links by the headers of a proxy that is trusted, whichever door was asked", async () => {
  const trust = { AzureFunctionsJobHost__extensions__durableTask__httpSettings__useForwardedHost: "true" };
  await using host = await startLocalHost({ appFolder, env: trust });
  const headers = { "x-forwarded-host": "shop.example", "x-forwarded-proto": "https", host: "inner.test", ...json };

  const answers = [
    await ask(`${host.url}/api/begin`, "POST", headers),
    await ask(`${host.url}${management}/orchestrators/wait`, "POST", headers, "1"),
  ];

  expect(answers.map(({ location }) => new URL(location!).origin)).toEqual([
    "https://shop.example",
    "https://shop.example",
  ]);
});

it("describes itself as OpenAPI", async () => {
  await using host = await startLocalHost({ appFolder });
  const described = await ask(`${host.url}${management}/openapi.json`, "GET", {});
  const paths = Object.keys((JSON.parse(described.text) as { readonly paths: object }).paths);

  expect(paths).toContain("/api/begin");
  expect(paths).toContain(`${management}/orchestrators/wait`);
  expect(paths).toContain(`${management}/instances/{instanceId}/raiseEvent/{eventName}`);
});
