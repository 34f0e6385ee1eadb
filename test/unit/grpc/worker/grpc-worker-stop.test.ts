import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import type { Registry } from "../../../../src/worker/registry.ts";
import { createBench, failure, settle, startBench } from "./scripted-server.ts";

const work = (completionToken: string, instanceId = completionToken) =>
  ({
    completionToken,
    request: { case: "activityRequest", value: { name: "work", orchestrationInstance: { instanceId } } },
  }) as const;

function createSlowWork(options: { readonly listens: boolean }) {
  const ends: (() => void)[] = [];
  let aborted = 0;
  const register = (registry: Registry) =>
    registry.addActivity({
      name: "work",
      activity: (_, { signal }) =>
        new Promise<void>((resolve, reject) => {
          ends.push(resolve);
          signal.addEventListener("abort", () => {
            aborted++;
            if (options.listens) reject(signal.reason);
          });
        }),
    });
  return { ends, register, aborted: () => aborted };
}

it("an idle worker stops at once, and closes its connection", async () => {
  const { server, worker, clock } = await startBench(() => {});
  await worker.stop();

  expect(worker.isConnected).toBe(false);
  expect(server.stream.isCancelled).toBe(true);
  expect(server.closed).toEqual([0]);
  expect(clock.sleepers).toBe(0);
  await worker.stop();
  await worker.start();
  expect(server.opened).toBe(1);
});

it("what runs may finish, and the stream stays open until it has", async () => {
  const { ends, register } = createSlowWork({ listens: true });
  const { server, worker, clock } = await startBench(register, { stopGraceMs: 30_000 });
  server.stream.send(work("a"));
  await settle();
  const stop = worker.stop();
  clock.advance(29_000);
  await settle();
  expect(server.stream.isCancelled).toBe(false);
  ends[0]!();
  await stop;

  expect(server.methods()).toEqual(["completeActivityTask"]);
  expect(server.stream.isCancelled).toBe(true);
});

it("what has not begun, and what comes while stopping, is given back", async () => {
  const { ends, register } = createSlowWork({ listens: true });
  const { server, worker, events } = await startBench(register, { maxConcurrentActivities: 1 });
  for (const token of ["running", "waiting"]) server.stream.send(work(token));
  await settle();
  const stop = worker.stop();
  server.stream.send(work("late"));
  await settle();
  expect(server.calls).toEqual([
    { method: "abandonTaskActivityWorkItem", request: { completionToken: "waiting" } },
    { method: "abandonTaskActivityWorkItem", request: { completionToken: "late" } },
  ]);
  ends[0]!();
  await stop;

  expect(server.calls[2]).toMatchObject({ method: "completeActivityTask", request: { completionToken: "running" } });
  expect(events()).toEqual(["GrpcConnected"]);
});

it("what does not finish in time is aborted and given back", async () => {
  const { register, aborted } = createSlowWork({ listens: true });
  const { server, worker, clock, events } = await startBench(register);
  server.stream.send(work("a"));
  await settle();
  const stop = worker.stop();
  await settle();
  expect(aborted()).toBe(0);
  clock.advance(3000);
  await stop;

  expect(aborted()).toBe(1);
  expect(server.methods()).toEqual(["abandonTaskActivityWorkItem"]);
  expect(events()).toEqual(["GrpcConnected", "WorkItemAbandoned"]);
});

it("what ignores its signal is given back and left behind", async () => {
  const { ends, register } = createSlowWork({ listens: false });
  const { server, worker, clock } = await startBench(register);
  server.stream.send(work("a"));
  await settle();
  const stop = worker.stop();
  await settle();
  clock.advance(3000);
  await settle();
  expect(server.calls).toEqual([]);
  clock.advance(500);
  await stop;
  ends[0]!();
  await settle();

  expect(server.methods()).toEqual(["abandonTaskActivityWorkItem"]);
});

it("the connection is closed once the server has heard what is given back", async () => {
  const { register } = createSlowWork({ listens: true });
  const { server, worker, clock } = await startBench(register);
  let answer: (() => void) | undefined;
  server.failures.push(
    new Promise<void>((resolve) => {
      answer = resolve;
    }),
  );
  server.stream.send(work("a"));
  await settle();
  const stop = worker.stop();
  await settle();
  clock.advance(3000);
  await settle();
  expect(server.methods()).toEqual(["abandonTaskActivityWorkItem"]);
  expect(server.stream.isCancelled).toBe(false);
  answer!();
  await stop;

  expect(server.closed).toEqual([0]);
});

it("what is held before it is given back is not held while stopping", async () => {
  const { server, worker } = await startBench(() => {});
  for (const completionToken of ["1", "2"]) {
    server.stream.send({ completionToken, request: { case: "entityRequestV2", value: { instanceId: "@counter@a" } } });
    await settle();
  }
  expect(server.calls).toHaveLength(1);
  await worker.stop();

  expect(server.methods()).toEqual(["abandonTaskEntityWorkItem", "abandonTaskEntityWorkItem"]);
});

it("a server that answers nothing does not hold the stop up", async () => {
  const { register } = createSlowWork({ listens: true });
  const { server, worker, clock } = await startBench(register);
  server.failures.push(new Promise(() => {}));
  server.stream.send(work("a"));
  await settle();
  const stop = worker.stop();
  for (const ms of [3000, 500, 500]) {
    await settle();
    clock.advance(ms);
  }
  await stop;

  expect(server.closed).toEqual([0]);
});

it("an outcome that is being sent again is given up with the grace", async () => {
  const { server, worker, clock } = await startBench((registry) =>
    registry.addActivity({ name: "work", activity: () => 1 }),
  );
  for (let attempt = 0; attempt < 100; attempt++) server.failures.push(failure(status.UNAVAILABLE));
  server.stream.send(work("a"));
  await settle();
  const stop = worker.stop();
  for (const ms of [3000, 500, 500]) {
    await settle();
    clock.advance(ms);
  }
  await stop;
  const calls = server.calls.length;
  clock.advance(60_000);
  await settle();

  expect(server.calls).toHaveLength(calls);
  expect(clock.sleepers).toBe(0);
});

it("a worker that is connecting, or waits to connect, stops at once", async () => {
  const connecting = createBench(() => {});
  connecting.server.greetings.push(new Promise(() => {}));
  const start = connecting.worker.start();
  await settle();
  await connecting.worker.stop();
  await start;
  expect(connecting.server.closed).toEqual([0]);
  expect(connecting.clock.sleepers).toBe(0);

  const waiting = await startBench(() => {});
  waiting.server.stream.end();
  await settle();
  await waiting.worker.stop();
  expect(waiting.clock.sleepers).toBe(0);
});

it("a worker that was never started stops, and does not start afterwards", async () => {
  const { server, worker } = createBench(() => {});
  await worker.stop();
  await worker.start();

  expect(server.opened).toBe(0);
});

it("a lost connection aborts nothing", async () => {
  const { ends, register, aborted } = createSlowWork({ listens: true });
  const { server, clock } = await startBench(register);
  server.stream.send(work("a"));
  await settle();
  server.stream.end();
  await settle();
  clock.advance(1000);
  await settle();
  ends[0]!();
  await settle();

  expect(aborted()).toBe(0);
  expect(server.methods()).toEqual(["completeActivityTask"]);
});
