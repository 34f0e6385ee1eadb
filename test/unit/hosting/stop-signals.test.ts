import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { stopOnSignals } from "../../../src/hosting/stop-signals.ts";

class FakeProcess extends EventEmitter {
  readonly pid = 42;
  readonly kills: unknown[] = [];

  kill(pid: number, signal: string) {
    this.kills.push([pid, signal]);
  }
}

/** Lets all that waits for promises alone go on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it("stops at the first signal, and lets the process end by it then", async () => {
  const source = new FakeProcess();
  let stops = 0;
  let finish = () => {};
  const stopping = new Promise<void>((resolve) => {
    finish = resolve;
  });
  stopOnSignals(async () => {
    stops++;
    await stopping;
  }, source);
  source.emit("SIGTERM");
  source.emit("SIGTERM");

  expect(stops).toBe(1);
  expect([source.listenerCount("SIGTERM"), source.listenerCount("SIGINT")]).toEqual([0, 0]);
  expect(source.kills).toEqual([]);
  finish();
  await settled();
  expect(source.kills).toEqual([[42, "SIGTERM"]]);
});

it("waits for all that stop before the process ends", async () => {
  const source = new FakeProcess();
  let finish = () => {};
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const forgetSlow = stopOnSignals(() => slow, source);
  const forgetFast = stopOnSignals(async () => {}, source);
  expect(source.listenerCount("SIGINT")).toBe(1);
  source.emit("SIGINT");
  forgetFast();
  await settled();
  expect(source.kills).toEqual([]);
  finish();
  await settled();
  forgetSlow();
  expect(source.kills).toEqual([[42, "SIGINT"]]);
  stopOnSignals(async () => {}, source);
  expect(source.listenerCount("SIGINT")).toBe(1);
});

it("leaves the end of the process to whoever listens too", async () => {
  const source = new FakeProcess();
  source.on("SIGINT", () => {});
  let stops = 0;
  stopOnSignals(async () => void stops++, source);
  source.emit("SIGINT");
  await settled();

  expect([stops, source.kills]).toEqual([1, []]);
});

it("listens no more once it is told so", () => {
  const source = new FakeProcess();
  stopOnSignals(async () => {}, source)();
  expect([source.listenerCount("SIGTERM"), source.listenerCount("SIGINT")]).toEqual([0, 0]);
});
