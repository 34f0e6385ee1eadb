import { afterEach, expect, it } from "vitest";
import type { LogSink } from "../../src/core/ports.ts";
import type { GrpcWorker } from "../../src/grpc/worker/grpc-worker.ts";
import { createWorker, SmallServer } from "./grpc-worker-fixture.ts";

const cities = ["Tokyo", "Seattle", "London"];
const greetings = ["Hello Tokyo", "Hello Seattle", "Hello London"];
const greet = (city: string) => `Hello ${city}`;

let server: SmallServer;
const workers: GrpcWorker[] = [];

async function start(...args: Parameters<typeof createWorker>): Promise<GrpcWorker> {
  const worker = createWorker(...args);
  workers.push(worker);
  await worker.start();
  return worker;
}

async function startServer(): Promise<SmallServer> {
  server = new SmallServer();
  await server.start();
  return server;
}

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  server.die();
});

it("runs the hello sequence to its end", async () => {
  await startServer();
  await start(server, greet);
  server.begin("hello", "helloSequence", cities);

  await expect.poll(() => server.resultOf("hello")).toEqual(greetings);
  expect(server.stale).toBe(0);
});

it("goes on when its server has died and come back", async () => {
  await startServer();
  const events: string[] = [];
  const log: LogSink = { log: (_level, event) => events.push(event) };
  const worker = await start(server, greet, { log });
  for (let round = 0; round < 3; round++) {
    server.begin(`before ${round}`, "helloSequence", cities);
    await expect.poll(() => server.resultOf(`before ${round}`)).toEqual(greetings);
    server.die();
    await expect.poll(() => worker.isConnected).toBe(false);
    server.begin(`meanwhile ${round}`, "helloSequence", cities);
    await server.start();
    await expect.poll(() => server.resultOf(`meanwhile ${round}`)).toEqual(greetings);
  }
  expect(events.filter((event) => event === "GrpcConnected")).toHaveLength(1);
  expect(events.filter((event) => event === "GrpcConnectionRestored")).toHaveLength(3);
});

it("an activity that runs while its server is dead is completed afterwards", async () => {
  await startServer();
  let runs = 0;
  let finish: (() => void) | undefined;
  const worker = await start(server, async (city) => {
    runs++;
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return greet(city);
  });
  server.begin("slow", "helloSequence", ["Tokyo"]);
  await expect.poll(() => runs).toBe(1);
  server.die();
  await expect.poll(() => worker.isConnected).toBe(false);
  finish!();
  await server.start();

  await expect.poll(() => server.resultOf("slow")).toEqual(["Hello Tokyo"]);
  expect(runs).toBe(1);
});

it("starts before its server does", async () => {
  await startServer();
  server.die();
  const starting = start(server, greet);
  await server.start();
  await starting;
  server.begin("hello", "helloSequence", cities);

  await expect.poll(() => server.resultOf("hello")).toEqual(greetings);
});

it("several workers share the work of one server", async () => {
  await startServer();
  const counts = [0, 0, 0];
  for (const place of counts.keys()) {
    await start(server, (city) => {
      counts[place]!++;
      return greet(city);
    });
  }
  await expect.poll(() => server.connected).toBe(3);
  const ids = Array.from({ length: 30 }, (_, index) => `hello ${index}`);
  for (const id of ids) server.begin(id, "helloSequence", cities);

  await expect.poll(() => ids.map((id) => server.resultOf(id))).toEqual(ids.map(() => greetings));
  expect(counts.every((count) => count > 0)).toBe(true);
  expect(counts.reduce((sum, count) => sum + count)).toBe(90);
});

it("a worker that stops leaves its work to the others, and loses nothing", async () => {
  await startServer();
  const slowly = async (city: string) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return greet(city);
  };
  const first = await start(server, slowly);
  await start(server, slowly);
  await expect.poll(() => server.connected).toBe(2);
  const ids = Array.from({ length: 20 }, (_, index) => `hello ${index}`);
  for (const id of ids) server.begin(id, "helloSequence", cities);
  await expect.poll(() => ids.some((id) => server.resultOf(id) !== undefined)).toBe(true);
  await first.stop();

  await expect.poll(() => server.connected).toBe(1);
  await expect.poll(() => ids.map((id) => server.resultOf(id))).toEqual(ids.map(() => greetings));
  expect(server.stale).toBe(0);
});

it("large results of one turn go in several messages", async () => {
  await startServer();
  await start(server, (city) => greet(city.slice(0, 5)));
  // Each turn asks for one activity whose input is large, below what one message may have.
  server.begin("large", "helloSequence", ["x".repeat(3_900_000), "y".repeat(3_900_000)]);

  await expect.poll(() => server.resultOf("large")).toEqual(["Hello xxxxx", "Hello yyyyy"]);
});
