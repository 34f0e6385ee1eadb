import { whenAll, whenAny } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);

describe("events", () => {
  const collectEvents = hub.orchestrator(async function* (ctx, names: string[]) {
    const data = [];
    for (const name of names) data.push(yield ctx.waitForExternalEvent(name));
    return data;
  });

  it.each([["text"], [0], [""], [false], [null], [{ a: [1] }]])("carry %j", async (data) => {
    const id = await hub.start(collectEvents, ["E"]);
    await hub.client.raiseOrchestrationEvent(id, "E", data);
    expect(await hub.ended(id)).toEqual(completed([data]));
  });

  it("arrive in the order in which they were raised", async () => {
    const id = await hub.start(collectEvents, Array(20).fill("E"));
    for (let i = 0; i < 20; i++) await hub.client.raiseOrchestrationEvent(id, "E", i);
    expect(await hub.ended(id)).toEqual(completed(Array.from({ length: 20 }, (_, i) => i)));
  });

  it("arrive all when raised at once", async () => {
    const id = await hub.start(collectEvents, Array(50).fill("E"));
    await Promise.all(Array.from({ length: 50 }, (_, i) => hub.client.raiseOrchestrationEvent(id, "E", i)));
    const { output } = await hub.ended(id);
    expect((output as number[]).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("match names in any case", async () => {
    const id = await hub.start(collectEvents, ["Approval", "APPROVAL"]);
    await hub.client.raiseOrchestrationEvent(id, "approval", 1);
    await hub.client.raiseOrchestrationEvent(id, "ApPrOvAl", 2);
    expect(await hub.ended(id)).toEqual(completed([1, 2]));
  });

  it("wait until they are waited for", async () => {
    const id = await hub.start(collectEvents, ["first", "second", "third"]);
    await hub.client.raiseOrchestrationEvent(id, "third", 3);
    await hub.client.raiseOrchestrationEvent(id, "second", 2);
    await hub.client.raiseOrchestrationEvent(id, "first", 1);
    expect(await hub.ended(id)).toEqual(completed([1, 2, 3]));
  });

  const together = hub.orchestrator(async function* (ctx) {
    return yield whenAll(["A", "B", "A"].map((name) => ctx.waitForExternalEvent(name)));
  });
  it("go to the waiters in the order of waiting", async () => {
    const id = await hub.start(together);
    await hub.running(id);
    await hub.client.raiseOrchestrationEvent(id, "A", 1);
    await hub.client.raiseOrchestrationEvent(id, "A", 2);
    await hub.client.raiseOrchestrationEvent(id, "B", 3);
    expect(await hub.ended(id)).toEqual(completed([1, 3, 2]));
  });

  const approval = hub.orchestrator(async function* (ctx, seconds: number) {
    const event = ctx.waitForExternalEvent("Approval");
    const timeout = ctx.createTimer(seconds);
    const winner = yield whenAny([event, timeout]);
    if (winner === timeout) return "timed out";
    timeout.cancel();
    return yield ctx.callActivity(echo, event.getResult());
  });
  it("win against a timer", async () => {
    const id = await hub.start(approval, 3600);
    await hub.running(id);
    await hub.client.raiseOrchestrationEvent(id, "Approval", "yes");
    expect(await hub.ended(id)).toEqual(completed("yes"));
  });
  it("lose against a timer", async () => {
    expect(await hub.run(approval, 0.1)).toEqual(completed("timed out"));
  });

  const send = hub.orchestrator(async function* (ctx, { target, name, data }) {
    ctx.sendEvent(target, name, data);
    yield ctx.callActivity(echo);
    return "sent";
  });
  it.each([["data"], [0], [null], [undefined]])("go from one orchestration to another with %j", async (data) => {
    const target = await hub.start(collectEvents, ["Ping"]);
    expect(await hub.run(send, { target, name: "Ping", data })).toEqual(completed("sent"));
    const { output } = await hub.ended(target);
    expect(output).toEqual([data ?? null]);
  });

  const sendAtTheEnd = hub.orchestrator(async function* (ctx, target) {
    yield ctx.callActivity(echo);
    ctx.sendEvent(target, "Ping", "last");
    return "done";
  });
  it("go out from the turn that ends an orchestration", async () => {
    const target = await hub.start(collectEvents, ["Ping"]);
    expect(await hub.run(sendAtTheEnd, target)).toEqual(completed("done"));
    expect(await hub.ended(target)).toEqual(completed(["last"]));
  });

  it("are dropped when an orchestration sends them to nobody", async () => {
    expect(await hub.run(send, { target: newId("nobody"), name: "Ping", data: 1 })).toEqual(completed("sent"));
  });

  it("are dropped when an orchestration has ended", async () => {
    const id = await hub.start(collectEvents, []);
    expect(await hub.ended(id)).toEqual(completed([]));
    await hub.client.raiseOrchestrationEvent(id, "late", 1);
    expect(await hub.ended(id)).toEqual(completed([]));
  });
});

describe("timers", () => {
  const sleep = hub.orchestrator(async function* (ctx, seconds: number) {
    const start = ctx.currentUtcDateTime.getTime();
    yield ctx.createTimer(seconds);
    return ctx.currentUtcDateTime.getTime() - start >= seconds * 1000;
  });
  it("do not fire early", async () => {
    expect(await hub.run(sleep, 0.15)).toEqual(completed(true));
  });
  it.each([0, -5])("fire at once after %d seconds", async (seconds) => {
    expect(await hub.run(sleep, seconds)).toEqual(completed(true));
  });

  const until = hub.orchestrator(async function* (ctx) {
    const due = new Date(ctx.currentUtcDateTime.getTime() + 120);
    yield ctx.createTimer(due);
    return ctx.currentUtcDateTime >= due;
  });
  it("fire at a date", async () => {
    expect(await hub.run(until)).toEqual(completed(true));
  });

  const many = hub.orchestrator(async function* (ctx, count: number) {
    yield whenAll(Array.from({ length: count }, (_, i) => ctx.createTimer((i % 5) * 0.02)));
    return "all";
  });
  it("fire all of many", async () => {
    expect(await hub.run(many, 50)).toEqual(completed("all"));
  });

  const order = hub.orchestrator(async function* (ctx) {
    const timers = [0.2, 0.1, 0.3].map((seconds) => ctx.createTimer(seconds));
    const winner = yield whenAny(timers);
    const first = timers.indexOf(winner);
    yield whenAll(timers);
    return first;
  });
  it("fire the earliest first", async () => {
    expect(await hub.run(order)).toEqual(completed(1));
  });

  const lateLoser = hub.orchestrator(async function* (ctx) {
    const loser = ctx.createTimer(0.05);
    yield ctx.callActivity(echo);
    loser.cancel();
    yield ctx.createTimer(0.2);
    return yield ctx.callActivity(echo, "fine");
  });
  it("do no harm when they fire after they were cancelled", async () => {
    expect(await hub.run(lateLoser)).toEqual(completed("fine"));
  });
});
