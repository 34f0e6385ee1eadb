import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { DurableError } from "../../../../src/core/errors.ts";
import type { Registry } from "../../../../src/worker/registry.ts";
import { createBench, failure, settle, startBench } from "./scripted-server.ts";

const ping = { request: { case: "healthPing", value: {} } } as const;
const work = (completionToken: string) =>
  ({
    completionToken,
    request: { case: "activityRequest", value: { name: "work", orchestrationInstance: { instanceId: "order" } } },
  }) as const;

/** An activity that ends when told. */
function createSlowWork() {
  const ends: (() => void)[] = [];
  const register = (registry: Registry) =>
    registry.addActivity({ name: "work", activity: () => new Promise<void>((resolve) => ends.push(resolve)) });
  return { ends, register };
}

it("asks for what it can run, with its limits", async () => {
  const filters = { orchestrations: [{ name: "order", versions: [] }], activities: [], entities: [] };
  const { server, worker } = await startBench(() => {}, {
    maxConcurrentOrchestrations: 7,
    maxConcurrentActivities: 8,
    maxConcurrentEntities: 9,
    filters,
  });

  expect(worker.isConnected).toBe(true);
  expect(server.stream.request).toEqual({
    maxConcurrentOrchestrationWorkItems: 7,
    maxConcurrentActivityWorkItems: 8,
    maxConcurrentEntityWorkItems: 9,
    capabilities: [1],
    workItemFilters: filters,
  });
});

it("limits are always said, and have to be whole numbers", async () => {
  const { server } = await startBench(() => {});

  expect(server.stream.request).toMatchObject({
    maxConcurrentOrchestrationWorkItems: 100,
    maxConcurrentActivityWorkItems: 20,
    maxConcurrentEntityWorkItems: 100,
  });
  for (const maxConcurrentActivities of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
    expect(() => createBench(() => {}, { maxConcurrentActivities })).toThrow(/maxConcurrentActivities must be/);
  }
});

it("no more is run at a time than was said, whatever the server sends", async () => {
  const { ends, register } = createSlowWork();
  const { server } = await startBench(register, { maxConcurrentActivities: 2 });
  for (const token of ["a", "b", "c", "d"]) server.stream.send(work(token));
  await settle();

  expect(ends).toHaveLength(2);
  ends[0]!();
  await settle();
  expect(ends).toHaveLength(3);
  expect(server.calls.map(({ request }) => request.completionToken)).toEqual(["a"]);
});

it("nothing more is read while too much is in line", async () => {
  const { ends, register } = createSlowWork();
  const { server, clock, worker } = await startBench(register, { maxConcurrentActivities: 1 });
  for (let index = 0; index < 1010; index++) server.stream.send(work(`t${index}`));
  await settle();

  expect(server.stream.taken).toBe(1002);
  // That is no silence of the server.
  for (let minute = 0; minute < 5; minute++) {
    clock.advance(60_000);
    await settle();
  }
  expect(worker.isConnected).toBe(true);
  expect(server.stream.isCancelled).toBe(false);
  ends[0]!();
  await settle();
  expect(server.stream.taken).toBe(1003);
});

it("a stream that ends or breaks is opened again, on a channel of its own", async () => {
  const { server, clock, worker, logged } = await startBench(() => {});
  server.stream.end();
  await settle();
  expect(worker.isConnected).toBe(false);
  clock.advance(500);
  await settle();
  expect(worker.isConnected).toBe(true);
  expect(server.opened).toBe(2);
  expect(server.closed).toEqual([0]);

  server.stream.fail(status.CANCELLED);
  await settle();
  clock.advance(1000);
  await settle();
  expect(server.opened).toBe(3);
  expect(server.closed).toEqual([0, 1]);
  expect(logged.map(({ event }) => event)).toEqual([
    "GrpcConnected",
    "GrpcConnectionLost",
    "GrpcConnectionRestored",
    "GrpcConnectionLost",
    "GrpcConnectionRestored",
  ]);
  expect(logged[1]!.text).toBe(
    "no connection: the server has ended the stream; trying again in 0.5 s, and from then on",
  );
});

it("the pauses grow until something comes, and the log has each reason once", async () => {
  const { server, clock, events } = await startBench(() => {});
  for (let attempt = 0; attempt < 8; attempt++) server.greetings.push(failure(status.UNAVAILABLE));
  server.stream.end();
  await settle();

  const pauses: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const pause = clock.nextWakeAt! - clock.now();
    pauses.push(pause);
    clock.advance(pause);
    await settle();
  }
  expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
  expect(events()).toEqual(["GrpcConnected", "GrpcConnectionLost", "GrpcConnectionLost", "GrpcConnectionRestored"]);

  server.stream.send(ping);
  await settle();
  server.stream.end();
  await settle();
  expect(clock.nextWakeAt! - clock.now()).toBe(500);
});

it("a silent server is left after two minutes; pings are no silence", async () => {
  const { server, clock, worker, logged } = await startBench(() => {});
  const [stream] = server.streams;
  clock.advance(119_000);
  stream!.send(ping);
  await settle();
  clock.advance(119_000);
  await settle();
  expect(worker.isConnected).toBe(true);
  clock.advance(1000);
  await settle();
  expect(worker.isConnected).toBe(false);
  expect(stream!.isCancelled).toBe(true);
  expect(logged.at(-1)!.text).toContain("the server was silent for 120 s");
  clock.advance(1000);
  await settle();
  expect(worker.isConnected).toBe(true);
});

it("what runs when the connection is lost is completed over the next one", async () => {
  const { ends, register } = createSlowWork();
  const { server, clock } = await startBench(register, { maxConcurrentActivities: 1 });
  server.stream.send(work("begun"));
  server.stream.send(work("waiting"));
  await settle();
  server.stream.end();
  await settle();
  clock.advance(1000);
  await settle();
  ends[0]!();
  await settle();

  // What had not begun is forgotten: the server sends it again.
  expect(ends).toHaveLength(1);
  expect(server.calls.map(({ request }) => request.completionToken)).toEqual(["begun"]);
});

it("an outcome whose connection is replaced goes over the next one at once", async () => {
  const { server, clock } = await startBench((registry) => registry.addActivity({ name: "work", activity: () => 1 }));
  let cancel: (() => void) | undefined;
  server.failures.push(
    new Promise((_, reject) => {
      cancel = () => reject(failure(status.CANCELLED));
    }),
  );
  server.stream.send(work("t"));
  await settle();
  server.stream.end();
  await settle();
  clock.advance(1000);
  await settle();
  cancel!();
  await settle();
  clock.advance(200);
  await settle();

  expect(server.methods()).toEqual(["completeActivityTask", "completeActivityTask"]);
});

it.each([
  [failure(status.UNAUTHENTICATED), "ServiceRejected"],
  [failure(status.PERMISSION_DENIED), "ServiceRejected"],
  [failure(status.NOT_FOUND), "InvalidOption"],
  [failure(status.UNIMPLEMENTED), "NotSupported"],
])("a start that no later attempt will mend is told at once: %s", async (error, code) => {
  const { server, worker, clock } = createBench(() => {});
  server.greetings.push(error);

  await expect(worker.start()).rejects.toMatchObject({ name: "DurableError", code });
  await settle();
  expect(server.closed).toEqual([0]);
  expect(clock.sleepers).toBe(0);
  await worker.stop();
});

it("a channel that cannot be made is told at once", async () => {
  const { worker } = createBench(() => {}, {
    openChannel: () => {
      throw new DurableError("InvalidOption", "no such address");
    },
  });

  await expect(worker.start()).rejects.toMatchObject({ code: "InvalidOption", message: "no such address" });
});

it("a server that is not there holds the start up for ten seconds", async () => {
  const { server, worker, clock, logged } = createBench(() => {});
  server.greetings.push(new Promise(() => {}));
  let isStarted = false;
  const start = worker.start().then(() => {
    isStarted = true;
  });
  await settle();
  clock.advance(9999);
  await settle();
  expect(isStarted).toBe(false);
  clock.advance(1);
  await start;
  expect(worker.isConnected).toBe(false);
  expect(logged).toEqual([
    { event: "GrpcConnectionLost", text: "no connection within 10 s; the worker goes on trying" },
  ]);
  await worker.stop();
});

it("a server that comes within ten seconds is waited for", async () => {
  const { server, worker, clock } = createBench(() => {});
  server.greetings.push(failure(status.UNAVAILABLE));
  const start = worker.start();
  await settle();
  clock.advance(500);
  await start;
  expect(worker.isConnected).toBe(true);
  expect(server.closed).toEqual([0]);
});

it("once it has started, the worker tries on whatever the server says", async () => {
  const { server, clock, worker } = await startBench(() => {});
  server.greetings.push(failure(status.UNAUTHENTICATED), failure(status.NOT_FOUND));
  server.stream.end();
  for (let second = 0; second < 10; second++) {
    await settle();
    clock.advance(1000);
  }
  await settle();

  expect(worker.isConnected).toBe(true);
  expect(server.opened).toBe(4);
});
