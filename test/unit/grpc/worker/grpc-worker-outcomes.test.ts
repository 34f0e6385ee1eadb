import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { failure, settle, startBench, type WorkerBench } from "./scripted-server.ts";

const request = {
  case: "activityRequest",
  value: { name: "work", taskId: 1, orchestrationInstance: { instanceId: "order" } },
} as const;

function startWithWork(activity: () => unknown = () => "done"): Promise<WorkerBench> {
  return startBench((registry) => registry.addActivity({ name: "work", activity }));
}

it.each([status.UNAVAILABLE, status.UNKNOWN, status.DEADLINE_EXCEEDED, status.INTERNAL])(
  "an outcome that met status %i is sent again, with growing pauses",
  async (code) => {
    const { server, clock, events } = await startWithWork();
    server.failures.push(failure(code), failure(code), failure(code));
    server.stream.send({ completionToken: "t", request });
    await settle();

    const counts: number[] = [];
    for (const ms of [199, 1, 400, 800]) {
      clock.advance(ms);
      await settle();
      counts.push(server.calls.length);
    }
    expect(counts).toEqual([1, 2, 3, 4]);
    expect(new Set(server.calls.map(({ request: sent }) => sent.completionToken))).toEqual(new Set(["t"]));
    clock.advance(60_000);
    await settle();
    expect(server.calls).toHaveLength(4);
    expect(events()).toEqual(["GrpcConnected"]);
  },
);

it("ten attempts are the most; then the work is given back", async () => {
  const { server, clock, logged } = await startWithWork();
  for (let attempt = 0; attempt < 10; attempt++) server.failures.push(failure(status.UNAVAILABLE));
  server.stream.send({ completionToken: "t", request });
  for (let step = 0; step < 12; step++) {
    await settle();
    server.stream.send({ request: { case: "healthPing", value: {} } });
    clock.advance(15_000);
  }
  await settle();

  expect(server.methods()).toEqual([...Array(10).fill("completeActivityTask"), "abandonTaskActivityWorkItem"]);
  expect(logged.at(-1)).toMatchObject({
    event: "WorkItemNotCompleted",
    text: expect.stringContaining("the outcome of activity 'work' was not taken: "),
  });
});

it("work that somebody else has by now is let go, and the next is run", async () => {
  const { server, logged } = await startWithWork();
  server.failures.push(failure(status.NOT_FOUND));
  server.stream.send({ completionToken: "late", request });
  await settle();
  server.stream.send({ completionToken: "next", request });
  await settle();

  expect(server.calls.map(({ method, request: sent }) => [method, sent.completionToken])).toEqual([
    ["completeActivityTask", "late"],
    ["completeActivityTask", "next"],
  ]);
  expect(logged.at(-1)).toEqual({
    event: "WorkItemNotCompleted",
    text: "the outcome of activity 'work' was not taken: the server has given it to somebody else, or has the outcome already",
  });
});

it("the same work twice is run twice, each with its own token", async () => {
  let runs = 0;
  const { server } = await startWithWork(() => ++runs);
  server.stream.send({ completionToken: "a", request });
  server.stream.send({ completionToken: "b", request });
  await settle();

  expect(server.calls.map(({ request: sent }) => [sent.completionToken, sent.result])).toEqual([
    ["a", "1"],
    ["b", "2"],
  ]);
});

it("a result that the server does not take for its size fails the activity", async () => {
  const { server, logged } = await startWithWork();
  server.failures.push(failure(status.RESOURCE_EXHAUSTED));
  server.stream.send({ completionToken: "t", request });
  await settle();

  expect(server.calls[1]).toMatchObject({
    method: "completeActivityTask",
    request: { completionToken: "t", failureDetails: { errorType: "ResponseTooLarge", isNonRetriable: true } },
  });
  expect(logged.at(-1)).toMatchObject({ event: "ActivityFailed" });
});

it("an outcome that the server refuses is given back", async () => {
  const { server, events } = await startWithWork();
  server.failures.push(failure(status.INVALID_ARGUMENT));
  server.stream.send({ completionToken: "t", request });
  await settle();

  expect(server.methods()).toEqual(["completeActivityTask", "abandonTaskActivityWorkItem"]);
  expect(events()).toEqual(["GrpcConnected", "WorkItemNotCompleted"]);
});

it("a server without tokens is told outcomes, and gets nothing back", async () => {
  const { server } = await startWithWork();
  server.failures.push(failure(status.INVALID_ARGUMENT));
  server.stream.send({ request });
  await settle();

  expect(server.methods()).toEqual(["completeActivityTask"]);
  expect(server.calls[0]!.request).toMatchObject({ instanceId: "order", taskId: 1, completionToken: "" });
});
