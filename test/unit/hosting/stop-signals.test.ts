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
  await stopping.then(() => {}).then(() => {});
  expect(source.kills).toEqual([[42, "SIGTERM"]]);
});

it("leaves the end of the process to whoever listens too", async () => {
  const source = new FakeProcess();
  source.on("SIGINT", () => {});
  let stops = 0;
  stopOnSignals(async () => void stops++, source);
  source.emit("SIGINT");
  await Promise.resolve();

  expect([stops, source.kills]).toEqual([1, []]);
});

it("listens no more once it is told so", () => {
  const source = new FakeProcess();
  stopOnSignals(async () => {}, source)();
  expect([source.listenerCount("SIGTERM"), source.listenerCount("SIGINT")]).toEqual([0, 0]);
});
