import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Frame, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { findBrowser, launchBrowser } from "../support/browser.ts";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

const browserPath = findBrowser();
const because =
  browserPath === undefined ? " (skipped: no Chromium, Chrome or Edge is found; CHROME_PATH names one)" : "";

const appFolder = "test/e2e/apps/pages";
const management = "/runtime/webhooks/durabletask";
const json = { "content-type": "application/json" };

/** An answer that a page has got; `opaque` when it may not look into it. */
interface PageAnswer {
  readonly type: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}
/** What a page has learned of something it has tried. */
type Learned = string | PageAnswer;
type Place = Page | Frame;

/** What the page can read is more than that it was refused. */
function isTold(learned: Learned): boolean {
  const text = typeof learned === "string" ? learned : learned.type === "opaque" ? "" : learned.text || "an answer";
  return !["", "failed", "unreadable", "nothing"].includes(text) && !text.includes("is not served here");
}

function attempt<T = PageAnswer>(
  place: Place,
  name: "change" | "read" | "notice" | "send",
  ...args: unknown[]
): Promise<T> {
  return place.evaluate(`attempts.${name}(...${JSON.stringify(args)})`) as Promise<T>;
}

async function callJson(url: string, method = "GET"): Promise<unknown> {
  return (await fetch(url, { method })).json();
}

/** Starts an instance, and resolves to its id once it runs. */
async function begin(host: string): Promise<string> {
  const { id } = (await callJson(`${host}/api/begin`, "POST")) as { readonly id: string };
  const status = () => callJson(`${host}${management}/instances/${id}`);
  await vi.waitFor(async () => expect(await status()).toMatchObject({ runtimeStatus: "Running" }), { timeout: 60_000 });
  return id;
}

/** Everything of a hub and its app that a call could change. */
async function readHub(host: string, instanceId: string): Promise<unknown> {
  const at = `${host}${management}`;
  return [
    await callJson(`${at}/instances`),
    await callJson(`${at}/instances/${instanceId}?showHistory=true&showHistoryOutput=true`),
    await callJson(`${at}/entities`),
    await callJson(`${host}/api/calls`),
  ];
}

/** Paths by which a hub is changed: one of each kind, for one guard stands before all of them. */
function pathsOfChange(id: string): readonly string[] {
  const instance = [
    `instances/${id}?force=true`,
    `instances/${id}/raiseEvent/go`,
    `instances/${id}/terminate?reason=x`,
  ];
  return [...instance, "orchestrators/wait", "instances?createdTimeFrom=2000-01-01", "entities/counter/a?op=add"]
    .map((path) => `${management}/${path}`)
    .concat("/admin/functions/begin");
}

/** Paths by which something is read. */
function pathsOfReading(id: string): readonly string[] {
  return ["instances", `instances/${id}`, "entities/counter/a", "openapi.json"]
    .map((path) => `${management}/${path}`)
    .concat("/admin/functions", "/admin/host/status");
}

describe.skipIf(browserPath === undefined)(`a page in a browser${because}`, () => {
  const pages = createServer((request, response) => {
    const sandboxed = `<iframe sandbox="allow-scripts allow-forms" srcdoc="<body>"></iframe>`;
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><body>${request.url === "/sandboxed" ? sandboxed : ""}`);
  });
  let browser: Browser;
  let port: number;

  beforeAll(async () => {
    await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
    port = (pages.address() as AddressInfo).port;
    browser = await launchBrowser(browserPath!, ["evil.test", "friend.test"]);
  });
  afterAll(async () => {
    await browser?.close();
    pages.close();
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  async function open(url: string): Promise<Page> {
    const context = await browser.newContext();
    await context.addInitScript({ path: "test/fixtures/pages/attempts.js" });
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** Tries all it can, and resolves to what it was told. */
  async function attack(place: Place, base: string, id: string): Promise<readonly unknown[]> {
    const [there, missing] = [`${base}${management}/instances/${id}`, `${base}${management}/instances/none`];
    const tried = [
      ...pathsOfChange(id).map((path) => ["change", path] as const),
      ...pathsOfReading(id).map((path) => ["read", path] as const),
    ].map(async ([kind, path]) => {
      const learned = await attempt<readonly Learned[]>(place, kind, base + path);
      return learned.filter(isTold).map((told) => ({ kind, path, told }));
    });
    const told = (await Promise.all(tried)).flat();
    const noticed = await Promise.all([
      attempt<object>(place, "notice", there),
      attempt<object>(place, "notice", missing),
    ]);
    return JSON.stringify(noticed[0]) === JSON.stringify(noticed[1]) ? told : [...told, noticed];
  }

  describe("where no origin is allowed", () => {
    let host: LocalHostProcess;
    let id: string;
    beforeAll(async () => {
      host = await startLocalHost({ appFolder });
      id = await begin(host.url);
    });
    afterAll(async () => {
      await host?.stop();
    });

    /** Pages that are not of the host, and how they call it. */
    const places: readonly (readonly [string, (url: URL) => Promise<readonly [Place, base: string]>])[] = [
      ["another port", async ({ origin }) => [await open(`http://localhost:${port}/`), origin]],
      ["another site", async ({ origin }) => [await open(`http://evil.test:${port}/`), origin]],
      [
        "a name that leads here",
        async (url) => {
          const rebound = `http://evil.test:${url.port}`;
          return [await open(`${rebound}/api/panel`), rebound];
        },
      ],
      ["a sandbox", async ({ origin }) => [(await open(`http://evil.test:${port}/sandboxed`)).frames()[1]!, origin]],
      [
        "a file",
        async ({ origin }) => [await open(pathToFileURL(resolve("test/fixtures/pages/page.html")).href), origin],
      ],
    ];

    it.each(places)("changes, reads and notices nothing from %s", async (_, openPlace) => {
      const before = await readHub(host.url, id);
      const [place, base] = await openPlace(new URL(host.url));

      expect(await attack(place, base, id)).toEqual([]);

      expect(await readHub(host.url, id)).toEqual(before);
    });

    it("calls functions as everywhere: without reading their answers, and with nothing that needs leave", async () => {
      const page = await open(`http://evil.test:${port}/`);
      const calls = () => callJson(`${host.url}/api/calls`);
      const before = (await calls()) as number;

      const preflighted = await attempt<Learned>(page, "send", `${host.url}/api/call`, {
        method: "POST",
        headers: json,
      });
      const deleted = await attempt<Learned>(page, "send", `${host.url}/api/call`, { method: "DELETE" });
      expect([preflighted, deleted, await calls()]).toEqual(["failed", "failed", before]);

      const simple = { method: "POST", body: "x", mode: "no-cors" };
      expect(await attempt(page, "send", `${host.url}/api/call`, simple)).toMatchObject({ type: "opaque", text: "" });
      expect(await calls()).toBe(before + 1);
    });

    it("does all of it from the host itself, and follows a link from anywhere", async () => {
      const own = await open(`${host.url}/api/panel`);
      const started = await attempt(own, "send", `${management}/orchestrators/wait`, { method: "POST", headers: json });
      expect(started.status).toBe(202);
      const link = started.headers["location"]!;
      expect((await attempt(own, "send", link)).text).toContain('"name":"wait"');

      const elsewhere = await open(`http://evil.test:${port}/`);
      await elsewhere.setContent(`<a href="${link}">its status</a>`);
      await elsewhere.getByText("its status").click();
      await expect.poll(() => elsewhere.locator("body").innerText()).toContain('"name":"wait"');
    });

    it("shows the homepage with its style, and in no frame", async () => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      await page.goto(`${host.url}/`);
      const width = await page.evaluate("getComputedStyle(document.body).maxWidth");
      expect([width, complaints]).toEqual(["640px", []]);

      for (const opener of [`${host.url}/api/panel`, `http://evil.test:${port}/`]) {
        const framing = await open(opener);
        for (const path of ["/", "/admin/host/status", `${management}/instances`]) {
          await framing.setContent(`<iframe src="${host.url}${path}"></iframe>`);
          await expect.poll(() => framing.frames()[1]?.url()).toMatch(/^chrome-error:/);
        }
      }
    });
  });

  it("does from an allowed origin what the host allows, and from no other", async () => {
    const args = ["--cors", `http://friend.test:${port}`, "--cors-credentials"];
    await using host = await startLocalHost({ appFolder, args });
    const page = await open(`http://friend.test:${port}/`);
    const send = (path: string, init: object = {}) => attempt(page, "send", new URL(path, host.url).href, init);
    const post = (path: string, body?: unknown) =>
      send(path, { method: "POST", headers: json, body: JSON.stringify(body), credentials: "include" });
    const at = (id: string, rest = "") => `${management}/instances/${id}${rest}`;

    const started = await post(`${management}/orchestrators/wait`, { a: 1 });
    const { id } = JSON.parse(started.text) as { readonly id: string };
    expect([started.status, started.headers["retry-after"]]).toEqual([202, "10"]);
    expect((await post(at(id, "/raiseEvent/go"), "done")).status).toBe(202);
    await expect
      .poll(async () => JSON.parse((await send(started.headers["location"]!)).text))
      .toMatchObject({ runtimeStatus: "Completed", output: "done" });

    const second = await post("/api/begin");
    const { id: other } = JSON.parse(second.text) as { readonly id: string };
    expect(second.headers["location"]).toContain(other);
    expect((await post(at(other, "/terminate?reason=enough"))).status).toBe(202);
    await expect.poll(async () => (await send(at(other))).text).toContain('"runtimeStatus":"Terminated"');
    expect((await send(at(other), { method: "DELETE" })).status).toBe(200);
    expect((await send(`${management}/instances`)).text).not.toContain(other);
    expect((await send("/admin/functions/call", { method: "POST", headers: json, body: '{"input":"x"}' })).status).toBe(
      202,
    );
    expect(JSON.parse((await post("/api/call")).text)).toMatchObject({ calls: 2 });

    const waiting = await begin(host.url);
    const before = await readHub(host.url, waiting);
    expect(await attack(await open(`http://localhost:${port}/`), host.url, waiting)).toEqual([]);
    expect(await readHub(host.url, waiting)).toEqual(before);
  });

  it("where all origins are allowed, calls functions without cookies, and is told how to come to instances", async () => {
    await using host = await startLocalHost({ appFolder, args: ["--cors", "*", "--cors-credentials"] });
    const page = await open(`http://evil.test:${port}/`);
    const send = <T = PageAnswer>(path: string, init: object = {}) => attempt<T>(page, "send", host.url + path, init);
    const post = { method: "POST", headers: json };

    const begun = await send("/api/begin", post);
    const { id } = JSON.parse(begun.text) as { readonly id: string };
    expect(begun.status).toBe(202);
    expect(await send("/api/call", { ...post, credentials: "include" })).toBe("failed");

    const refused = [
      await send(`${management}/instances/${id}`),
      await send(`${management}/instances`),
      await send(`${management}/orchestrators/wait`, post),
      await send(`${management}/instances/${id}`, { method: "DELETE" }),
      await send("/admin/functions"),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    for (const { text } of refused) expect(text).toContain("list the origin with --cors");
    expect(host.output()).toMatch(/PageRefused: Pages of 'http:\/\/evil\.test:\d+' may not read/);
    expect(host.output()).toMatch(/SettingIgnored: CORS: pages of any origin/);
    expect(host.output().match(/PageRefused/g)).toHaveLength(1);
  });
});
