import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSamples, type Samples } from "../test/support/samples.ts";

// One host serves them all, as `npm start` does: every start of a host takes seconds.
let samples: Samples;

beforeAll(async () => {
  samples = await openSamples();
});

afterAll(() => samples?.close());

describe("hello-sequence", () => {
  it.each(["helloSequence", "helloTyped", "helloAsync"])("%s greets three cities in order", async (name) => {
    const { started, outcome } = await samples.run(name);

    expect(started.status).toBe(202);
    expect(await outcome()).toMatchObject({
      name,
      runtimeStatus: "Completed",
      output: ["Hello Tokyo!", "Hello Seattle!", "Hello London!"],
    });
  });

  it.each(["helloSequence", "helloTyped", "helloAsync"])("%s greets the cities it is given", async (name) => {
    const { outcome } = await samples.run(name, ["Paris", "東京"]);

    expect(await outcome()).toMatchObject({ output: ["Hello Paris!", "Hello 東京!"] });
  });

  it("answers 404 for an orchestration that does not exist", async () => {
    const { started } = await samples.run("nonsense");

    expect(started.status).toBe(404);
    expect(await started.text()).toContain("helloSequence");
  });

  it("shows what happened in the history", async () => {
    const { outcome, status } = await samples.run("helloSequence", ["Paris"]);
    await outcome();

    expect(await status("&showHistory=true&showHistoryOutput=true")).toMatchObject({
      historyEvents: [
        { EventType: "ExecutionStarted", FunctionName: "helloSequence" },
        { EventType: "TaskCompleted", FunctionName: "sayHello", Result: "Hello Paris!" },
        { EventType: "ExecutionCompleted", OrchestrationStatus: "Completed", Result: ["Hello Paris!"] },
      ],
    });
  });
});

describe("activities", () => {
  it("asks another server, and hands values of any shape on", async () => {
    const server = createServer((_request, response) => response.end("the quick brown fox"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    const { outcome } = await samples.run("describePage", url);

    expect(await outcome()).toMatchObject({ output: { status: "completed", url, count: 4, longest: "quick" } });
    server.close();
  });
});

describe("process-order", () => {
  it.each([
    [
      { id: "order-123", items: ["item1", "item2"] },
      { success: true, paymentId: "payment-order-123" },
    ],
    [
      { id: "order-124", items: [] },
      { success: false, reason: "Invalid order" },
    ],
    [{ id: "order-125" }, { success: false, reason: "Invalid order" }],
  ])("processes %j", async (order, output) => {
    const { outcome } = await samples.run("processOrder", order);

    expect(await outcome()).toMatchObject({ runtimeStatus: "Completed", output });
  });
});

describe("sub-orchestration", () => {
  it("collects what its children have done", async () => {
    const { outcome } = await samples.run("bookTrip", ["Rome", "Naples"]);

    expect(await outcome()).toMatchObject({
      output: [
        "reserved: train to Rome",
        "reserved: room in Rome",
        "reserved: train to Naples",
        "reserved: room in Naples",
      ],
    });
  });

  it("calls a child by name, under an id of its own", async () => {
    const { outcome, id } = await samples.run("bookWeekend", "Oslo");

    expect(await outcome()).toMatchObject({ output: ["reserved: train to Oslo", "reserved: room in Oslo"] });
    expect(await (await samples.get(`/api/status/${id}-Oslo`)).json()).toMatchObject({ runtimeStatus: "Completed" });
  });
});

describe("durable-timers", () => {
  // What takes hours is tested in samples/testing.
  it("goes on when the time has come", async () => {
    const begin = Date.now();

    const { outcome } = await samples.run("remind", { text: "the kettle", seconds: 1 });

    expect(await outcome()).toMatchObject({ output: "remember the kettle" });
    expect(Date.now() - begin).toBeGreaterThan(1000);
  });

  it("takes the approval that comes before the time is up", async () => {
    const { outcome, raise } = await samples.run("approvalOrTimeout", 3600);
    await raise("ApprovalEvent");

    expect(await outcome()).toMatchObject({ output: "Approved" });
  });
});

describe("approval-workflow", () => {
  it.each([
    ["approve", "approved by Ada"],
    ["reject", "rejected by Ada"],
  ])("goes on with what a person has decided: %s", async (decision, output) => {
    const { outcome, id } = await samples.run("approvalWorkflow");

    const answer = await samples.post(`/api/${decision}/${id}`, { approver: "Ada" });

    expect(answer.status).toBe(202);
    expect(await outcome()).toMatchObject({ runtimeStatus: "Completed", output });
  });

  it("answers 404 when nothing is there to be approved", async () => {
    expect((await samples.post("/api/approve/nobody", { approver: "Ada" })).status).toBe(404);
  });
});

describe("human-approval", () => {
  it.each([
    [true, "Ada approved a bicycle"],
    [false, "Ada rejected a bicycle"],
  ])("takes the decision of a person (%s), and does not wait for the timer", async (approved, output) => {
    const request = await samples.post("/api/approvals", { what: "a bicycle", timeoutSeconds: 3600 });
    const { outcome, id } = await samples.follow(request);

    const decided = await samples.post(`/api/approvals/${id}`, { approved, by: "Ada" });

    expect(decided.status).toBe(202);
    expect(await outcome()).toMatchObject({ runtimeStatus: "Completed", output });
  });

  it("says what it waits for", async () => {
    const { status } = await samples.follow(await samples.post("/api/approvals", { what: "a bicycle" }));

    await expect
      .poll(() => status())
      .toMatchObject({ runtimeStatus: "Running", customStatus: "waiting for a decision on a bicycle" });
  });

  it("answers 404 to a decision that nobody asked for", async () => {
    expect((await samples.post("/api/approvals/nobody", { approved: true, by: "Ada" })).status).toBe(404);
  });
});

describe("retry", () => {
  it.each(["retryWithPolicy", "retryWithOptions", "retryWithHandle"])("%s tries until it succeeds", async (name) => {
    const { outcome } = await samples.run(name, { failures: 2, intervalMs: 50 });

    expect(await outcome()).toMatchObject({ runtimeStatus: "Completed", output: "attempt 3 succeeded" });
  });

  it.each(["retryWithPolicy", "retryWithOptions", "retryWithHandle"])("%s gives up in the end", async (name) => {
    const { outcome } = await samples.run(name, { failures: 9, intervalMs: 50 });

    expect(await outcome()).toMatchObject({
      runtimeStatus: "Failed",
      output: expect.stringContaining("attempt 3 failed"),
    });
  });
});

describe("error-handling", () => {
  it("compensates a step that has failed", async () => {
    const { outcome } = await samples.run("transferFunds", { from: "A", to: "closed", amount: 5 });

    expect(await outcome()).toMatchObject({
      runtimeStatus: "Completed",
      output: {
        success: false,
        result: "5 given back to A",
        error: "AccountClosed: account closed takes no money",
      },
    });
  });

  it("has nothing to compensate when all went well", async () => {
    const { outcome } = await samples.run("transferFunds", { from: "A", to: "B", amount: 5 });

    expect(await outcome()).toMatchObject({ output: { success: true, result: "5 given to B" } });
  });
});

describe("fan-out-fan-in", () => {
  it.each([
    ["nothing", [], 0],
    ["a few items", [1, 2, 3, 4], 30],
    ["a hundred items", Array.from({ length: 100 }, () => 2), 400],
  ])("adds up %s", async (_, items, total) => {
    const response = await samples.post("/api/totals", items);

    expect(response.status).toBe(200);
    expect(await response.json()).toBe(total);
  });
});

describe("eternal", () => {
  it("works round after round until it is terminated, and keeps the history of the last one only", async () => {
    const { outcome, status, id } = await samples.run("eternal", { intervalSeconds: 0 });
    const round = async () => Number(/\d+/.exec(String((await status()).customStatus))?.[0]);

    await expect.poll(round).toBeGreaterThan(2);
    const { historyEvents } = await status("&showHistory=true");
    await samples.post(`/api/terminate/${id}`);

    expect(historyEvents.length).toBeLessThan(8);
    expect(await outcome()).toMatchObject({ runtimeStatus: "Terminated" });
  });
});

describe("client-operations", () => {
  it("starts an instance under an id that is made up", async () => {
    const { id, outcome, raise } = await samples.follow(await samples.post("/api/start", { any: "input" }));
    await raise("Finish");

    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await outcome()).toMatchObject({ runtimeStatus: "Completed", output: { any: "input" } });
  });

  it("starts one instance of a given id at a time, shows it and ends it", async () => {
    const { outcome } = await samples.follow(await samples.post("/api/start/my-id", { any: "input" }));
    const again = await samples.post("/api/start/my-id", { any: "input" });
    const open = await samples.get("/api/status/my-id");

    const ended = await samples.post("/api/terminate/my-id");

    expect(again.status).toBe(409);
    expect(await open.json()).toMatchObject({ instanceId: "my-id", output: null });
    expect(ended.status).toBe(202);
    expect(await outcome()).toMatchObject({ runtimeStatus: "Terminated", output: "Terminated by user" });
  });

  it("starts one instance however many ask for it, lists it, and lets it finish", async () => {
    const asked = await Promise.all([1, 2, 3].map((any) => samples.post("/api/once/my-order", { any })));
    const running = await (await samples.get("/api/running")).json();
    const finished = await samples.post("/api/finish/my-order");

    expect(asked.map(({ status }) => status).toSorted()).toEqual([200, 200, 201]);
    const starter = asked.findIndex(({ status }) => status === 201);
    expect(await asked[starter]!.json()).toEqual({ instanceId: "my-order", isNew: true });
    expect(running).toMatchObject({ count: expect.any(Number), instanceIds: expect.arrayContaining(["my-order"]) });
    expect(await finished.json()).toEqual({ result: { any: starter + 1 } });
  });

  it("answers 404 for an id that nobody has", async () => {
    expect((await samples.post("/api/finish/nobody")).status).toBe(404);
    expect((await samples.get("/api/status/nobody")).status).toBe(404);
    expect((await samples.post("/api/terminate/nobody")).status).toBe(404);
  });
});

describe("counter-entity", () => {
  it.each(["countByName", "countTyped"])("%s signals a counter, and calls it", async (name) => {
    const { outcome } = await samples.run(name, name);
    const { outcome: again } = await samples.run(name, `${name}-2`);

    expect(await outcome()).toMatchObject({ runtimeStatus: "Completed", output: 5 });
    expect(await again()).toMatchObject({ runtimeStatus: "Completed", output: 5 });
  });

  it("adds what it is signalled over HTTP, one after the other", async () => {
    const signals = await Promise.all([1, 2, 3, 4].map((amount) => samples.post("/api/counters/http", amount)));

    expect(signals.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    await expect.poll(async () => (await samples.post("/api/counters/http/get")).json()).toBe(10);
    expect(await (await samples.get("/api/counters/http")).json()).toEqual({ value: 10 });
  });

  it("tells a caller why an operation has failed, and stays as it was", async () => {
    await samples.post("/api/counters/failing/add", 5);

    const failed = await samples.post("/api/counters/failing/add", "five");
    const unknown = await samples.post("/api/counters/failing/multiply", 2);

    expect([failed.status, unknown.status]).toEqual([400, 400]);
    expect(await failed.text()).toContain('cannot add "five"');
    expect(await unknown.text()).toContain("no operation 'multiply'");
    expect(await (await samples.post("/api/counters/failing/get")).json()).toBe(5);
  });

  it("is gone once it is deleted, and begins anew", async () => {
    await samples.post("/api/counters/gone/add", 5);
    const deleted = await samples.delete("/api/counters/gone");

    expect(deleted.status).toBe(202);
    await expect.poll(async () => (await samples.get("/api/counters/gone")).status).toBe(404);
    expect(await (await samples.post("/api/counters/gone/get")).json()).toBe(0);
  });

  it("counts many counters together", async () => {
    await Promise.all(["a", "b", "c"].map((key) => samples.post(`/api/counters/${key}/add`, 2)));

    const { outcome } = await samples.run("countAll", ["a", "b", "c", "never-used"]);

    expect(await outcome()).toMatchObject({ output: 6 });
  });
});

describe("bank-transfer", () => {
  const balanceOf = async (owner: string) => (await samples.get(`/api/accounts/${owner}`)).json();

  it("moves money from one account to another", async () => {
    await samples.post("/api/accounts/ann/deposit", 100);

    const answer = await samples.post("/api/transfers", { from: "ann", to: "bob", amount: 30 });

    expect(await answer.json()).toEqual({ moved: true });
    expect([await balanceOf("ann"), await balanceOf("bob")]).toEqual([70, 30]);
  });

  it.each(["transferAsync", "transferGenerator"])("%s moves nothing when there is too little", async (name) => {
    await samples.post(`/api/accounts/${name}-poor/deposit`, 5);

    const { outcome } = await samples.run(name, { from: `${name}-poor`, to: `${name}-rich`, amount: 30 });

    expect(await outcome()).toMatchObject({ output: { moved: false, reason: "5 is not enough for 30" } });
    expect((await samples.post(`/api/accounts/${name}-poor/deposit`, 30)).status).toBe(200); // the lock is given back
    expect(await balanceOf(`${name}-poor`)).toBe(35);
  });

  it("neither makes nor loses money when many transfers cross", async () => {
    const owners = ["w", "x", "y", "z"];
    for (const owner of owners) await samples.post(`/api/accounts/${owner}/deposit`, 100);

    const transfers = Array.from({ length: 24 }, (_, n) => {
      const [from, to] = [owners[n % 4], owners[(n + 1 + (n % 3)) % 4]];
      return samples.run(n % 2 === 0 ? "transferAsync" : "transferGenerator", { from, to, amount: 1 + ((n * 7) % 60) });
    });
    const outcomes = await Promise.all(transfers.map(async (transfer) => (await transfer).outcome()));

    expect(outcomes.map(({ runtimeStatus }) => runtimeStatus)).toEqual(outcomes.map(() => "Completed"));
    const balances = (await Promise.all(owners.map(balanceOf))) as number[];
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(400);
    expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
  });
});

describe("starters", () => {
  it("a message of the queue starts an orchestration, once for an order", async () => {
    const order = { id: "order-of-the-queue", cents: 500 };
    expect((await samples.post("/api/reports/orders", [order, order])).status).toBe(202);

    const booked = async () => (await samples.get(`/api/reports/orders/${order.id}`)).json().catch(() => undefined);
    await expect.poll(booked).toEqual({ status: "Completed", cents: 500 });
  });

  it("a timer that is called by hand starts its report", async () => {
    expect((await samples.post("/admin/functions/nightlyReport", {})).status).toBe(202);

    const reports = async () =>
      (await samples.get("/runtime/webhooks/durabletask/instances?runtimeStatus=Completed&showInput=true")).json();
    await expect
      .poll(reports)
      .toContainEqual(
        expect.objectContaining({ name: "reportOrders", input: expect.stringMatching(/T02:30:00[+-]/) as unknown }),
      );
  });
});
