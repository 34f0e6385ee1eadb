import az, {
  type HttpFunctionOptions,
  type StorageQueueFunctionOptions,
  type TimerFunctionOptions,
} from "@azure/functions";
import { afterEach, expect, it, vi } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import type { ClientConnection } from "../../../../src/functions/embedded-host.ts";
import { hostOn } from "../../../../src/functions/hosting/own-engine.ts";
import type { FunctionAppEngine } from "../../../../src/hosting/function-app-engine.ts";

const registerHttp = vi.spyOn(az.app, "http").mockImplementation(() => {});
const registerTimer = vi.spyOn(az.app, "timer").mockImplementation(() => {});

const registerQueue = vi.spyOn(az.app, "storageQueue").mockImplementation(() => {});

afterEach(() => {
  registerHttp.mockClear();
  registerQueue.mockClear();
  registerTimer.mockClear();
});

function createEngine(more: Partial<FunctionAppEngine> = {}) {
  const calls: string[] = [];
  const answer = (name: string) => async (request: Request) => {
    calls.push(`${name} ${request.method} ${request.url} ${await request.text()}`);
    return new Response("answer", { status: 202, headers: { location: "/x" } });
  };
  const engine = {
    connection: {} as ClientConnection,
    settings: { heartbeat: { schedule: "0 * * * * *" } } as FunctionAppEngine["settings"],
    management: { route: "durabletask", authLevel: "function", linkRoute: "durabletask-links" },
    failed: new Promise<string>(() => {}),
    start: async () => void calls.push("start"),
    stop: async () => void calls.push("stop"),
    handleManagement: answer("management"),
    handleSignedLink: answer("link"),
    heartbeat: async () => void calls.push("heartbeat"),
    health: () => ({}) as never,
    ...more,
  } satisfies FunctionAppEngine;
  const lines: string[] = [];
  const events = createEventLog({ log: (level, name, text) => lines.push(`${level} ${name} ${text}`) });
  return { hosted: hostOn(engine, { events }), engine, calls, lines };
}

it("registers the management API, its door for signed links and the heartbeat", async () => {
  const { calls } = createEngine();
  const http = registerHttp.mock.calls as [string, HttpFunctionOptions][];
  const [, timer] = registerTimer.mock.calls[0] as [string, TimerFunctionOptions];

  expect(http.map(([name, { route, authLevel }]) => [name, route, authLevel])).toEqual([
    ["a_durabletask_management", "durabletask/{*path}", "function"],
    ["a_durabletask_links", "durabletask-links/{*path}", "anonymous"],
  ]);
  expect(timer.schedule).toBe("0 * * * * *");
  await timer.handler({} as never, {} as never);
  const url = "https://app.example.com/api/durabletask/instances/a";
  const request = new az.HttpRequest({ method: "POST", url, body: { string: "hello" } });
  const response = await http[0]![1].handler(request, new az.InvocationContext());

  expect(calls).toEqual(["start", "heartbeat", `management POST ${url} hello`]);
  expect(response).toMatchObject({ status: 202, headers: { location: "/x" } });
  expect(Buffer.from((response as { body: Uint8Array }).body).toString()).toBe("answer");
});

it("registers nothing that is switched off", () => {
  createEngine({ management: undefined, settings: { heartbeat: undefined } as FunctionAppEngine["settings"] });

  expect(registerHttp).not.toHaveBeenCalled();
  expect(registerTimer).not.toHaveBeenCalled();
  expect(registerQueue).not.toHaveBeenCalled();
});

it("registers the wake queue, whose messages never fail", async () => {
  const wakeQueue = { queueName: "shop-wake", connection: "Orders" };
  let isFailing = false;
  const { calls } = createEngine({
    settings: { wakeQueue } as FunctionAppEngine["settings"],
    heartbeat: async () => {
      if (isFailing) throw new Error("no");
      calls.push("heartbeat");
    },
  });
  const [name, { handler, ...options }] = registerQueue.mock.calls[0] as [string, StorageQueueFunctionOptions];
  await handler("wake", {} as never);
  isFailing = true;
  await handler("wake", {} as never);

  expect([name, options]).toEqual(["a_durabletask_wake", wakeQueue]);
  expect(calls).toEqual(["start", "heartbeat"]);
});

it("hands out its connection while the engine still starts, and stops it in the end", async () => {
  const { hosted, engine, calls } = createEngine({ start: () => new Promise(() => {}) });

  await expect(hosted.host.connect()).resolves.toBe(engine.connection);
  await hosted.stop();

  expect(calls).toEqual(["stop"]);
});

it.each([
  ["cannot start", { start: () => Promise.reject(new Error("no account")) }, "no account"],
  ["cannot go on", { failed: Promise.resolve("the hub is gone") }, "the hub is gone"],
] as const)("tells clients that the engine %s", async (_, more, text) => {
  const { hosted, lines } = createEngine(more);
  await Promise.resolve();
  await Promise.resolve();

  const refused = { code: "HostStartFailed", message: expect.stringContaining(text) };
  await expect(hosted.host.connect()).rejects.toMatchObject(refused);
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^error HostingFailed .*${text}`))]);
});

it("says nothing of an engine that was stopped while it started", async () => {
  let fail: (error: Error) => void = () => {};
  const start = () => new Promise<void>((_, reject) => (fail = reject));
  const { hosted, lines } = createEngine({ start });
  await hosted.stop();
  fail(new Error("stopped"));
  await Promise.resolve();
  await Promise.resolve();

  expect(lines).toEqual([]);
});
