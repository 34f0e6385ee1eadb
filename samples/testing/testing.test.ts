// The samples beside this folder in tests: in memory, on a clock that skips what nobody needs. The apps are as they are:
// importing them is enough. `expect` is vitest's; node:test and Jest do as well.

import { createTestHub, hangs, replace } from "durable-functions-ts/testing";
import { describe, expect, it } from "vitest";
import "../activities/app.ts";
import "../approval-workflow/app.ts";
import "../bank-transfer/app.ts";
import "../client-operations/app.ts";
import "../counter-entity/app.ts";
import "../durable-timers/app.ts";
import "../error-handling/app.ts";
import "../eternal/app.ts";
import "../fan-out-fan-in/app.ts";
import "../hello-sequence/app.ts";
import "../human-approval/app.ts";
import "../process-order/app.ts";
import "../retry/app.ts";
import "../slow-activity/app.ts";
import "../sub-orchestration/app.ts";

const hour = 3_600_000;

describe("results", () => {
  it.each(["helloSequence", "helloTyped", "helloAsync"])("%s greets the cities it is given", async (name) => {
    await using hub = createTestHub();

    const run = await hub.start(name, ["Paris", "Oslo"]);

    expect(await run.result()).toEqual(["Hello Paris!", "Hello Oslo!"]);
    expect(hub.calls("sayHello").map(({ input }) => input)).toEqual(["Paris", "Oslo"]);
  });

  it("children have ids, and may be looked at", async () => {
    await using hub = createTestHub();

    const run = await hub.start("bookWeekend", "Oslo");

    expect(await run.result()).toEqual(["reserved: train to Oslo", "reserved: room in Oslo"]);
    expect(await hub.run(`${run.id}-Oslo`).status()).toMatchObject({ runtimeStatus: "Completed", input: "Oslo" });
  });

  it("many activities, one result", async () => {
    await using hub = createTestHub();

    expect(await (await hub.start("fanOutFanIn", [1, 2, 3, 4])).result()).toBe(30);
  });

  it("a failure is told to whoever waits", async () => {
    await using hub = createTestHub();

    const run = await hub.start("retryWithPolicy", { failures: 9 });

    await expect(run.result()).rejects.toThrow("attempt 3 failed");
    expect(await run.status()).toMatchObject({
      runtimeStatus: "Failed",
      failureDetails: { errorType: "TaskFailedError" },
    });
  });
});

describe("activities in place of the real ones", () => {
  it("nothing is fetched, nothing is paid", async () => {
    await using hub = createTestHub(undefined, {
      activities: [replace("fetchPage", () => "the quick brown fox"), replace("processPayment", () => ({ id: "p-1" }))],
    });

    const page = await hub.start("describePage", "https://example.com/");
    const order = await hub.start("processOrder", { id: "o-1", items: ["apple"] });

    expect(await page.result()).toMatchObject({ count: 4, longest: "quick" });
    expect(await order.result()).toEqual({ success: true, paymentId: "p-1" });
    expect(order.logs.map(({ message }) => message)).toEqual(["shipping order o-1"]);
  });

  it("one fails as it does in production, and is compensated", async () => {
    await using hub = createTestHub();
    hub.inject.failActivity("credit", { error: new TypeError("the bank is closed") });

    const run = await hub.start("transferFunds", { from: "A", to: "B", amount: 5 });

    expect(await run.result()).toMatchObject({
      success: false,
      result: "5 given back to A",
      error: "TypeError: the bank is closed",
    });
  });

  it("real ones that take real time are waited for", async () => {
    await using hub = createTestHub();

    const run = await hub.start("slowSteps", 0.05);

    expect(await run.result()).toEqual(["prepare", "work", "clean up"]);
  });
});

describe("time", () => {
  it.each(["remind", "remindAt"])("a wait of an hour takes none: %s", async (name) => {
    await using hub = createTestHub();
    const begun = hub.now.getTime();

    expect(await (await hub.start(name, { text: "the kettle" })).result()).toBe("remember the kettle");
    expect(hub.now.getTime() - begun).toBe(hour);
  });

  it("retries wait by the same clock", async () => {
    await using hub = createTestHub();
    const begun = hub.now.getTime();

    expect(await (await hub.start("retryWithOptions", { failures: 2 })).result()).toBe("attempt 3 succeeded");
    expect(hub.now.getTime() - begun).toBe(5000 + 10_000);
  });

  it("passes as far as the test says", async () => {
    await using hub = createTestHub();
    const run = await hub.start("eternal");

    await hub.advance("1d");

    expect(await run.customStatus()).toBe("round 24 is done");
    await run.terminate("enough");
    await expect(run.result()).rejects.toMatchObject({ code: "InstanceTerminated" });
  });

  it.each([
    ["approvalOrTimeout", "Timeout"],
    ["humanApproval", "nobody decided on a bicycle, asking the boss"],
  ])("%s does not wait for ever", async (name, result) => {
    await using hub = createTestHub();
    const begun = hub.now.getTime();

    const run = await hub.start(name, name === "humanApproval" ? { what: "a bicycle" } : undefined);

    expect(await run.result()).toBe(result);
    expect(hub.now.getTime() - begun).toBe(24 * hour);
  });

  it("without an approval in time there is a failure", async () => {
    await using hub = createTestHub();

    await expect((await hub.start("approvalInTime", 60)).result()).rejects.toThrow("within 60000 ms");
  });
});

describe("events", () => {
  it.each([
    [true, "approved by Ada"],
    [false, "rejected by Ada"],
  ])("what a person has decided (%s) is done", async (approved, result) => {
    await using hub = createTestHub();
    const run = await hub.start("approvalWorkflow");
    await hub.runUntil(run, { waitsFor: "ApprovalReceived" });

    await run.raiseEvent("ApprovalReceived", { approved, approver: "Ada" });

    expect(await run.result()).toBe(result);
  });

  it("an instance says what it waits for, instead of hanging", async () => {
    await using hub = createTestHub();
    const run = await hub.start("humanApproval", { what: "a bicycle" });

    expect((await run.waits()).map(({ kind }) => kind)).toEqual(["timer", "event"]);
    expect(await run.customStatus()).toBe("waiting for a decision on a bicycle");

    const stuck = await hub.start("waitToFinish", "x", { instanceId: "stuck" });
    await expect(stuck.result()).rejects.toThrow("'stuck' (waitToFinish, Running) waits for event 'Finish'");
  });
});

describe("entities", () => {
  it("are called, signalled and looked at", async () => {
    await using hub = createTestHub();

    await hub.entity("Counter", "basket").signal["add"]?.(5);
    expect(await hub.entity("Counter", "basket")["get"]?.()).toBe(5);
    expect(await (await hub.start("countByName", "other")).result()).toBe(5);
    expect(await hub.entityState("Counter", "basket")).toEqual({ value: 5 });
  });

  it("neither make nor lose money when many transfers cross, although hosts die", async () => {
    await using hub = createTestHub();
    const owners = ["w", "x", "y", "z"] as const;
    for (const owner of owners) await hub.entity("Account", owner)["deposit"]?.(100);
    hub.inject.hostDies({ before: "checkpoint", skip: 5 });
    hub.inject.hostDies({ during: "checkpoint", skip: 20 });
    hub.inject.hostDies({ after: "checkpoint", skip: 40 });

    const runs = Array.from({ length: 40 }, (_, n) => {
      const [from, to] = [owners[n % 4], owners[(n + 1 + (n % 3)) % 4]];
      return hub.start(n % 2 ? "transferAsync" : "transferGenerator", { from, to, amount: 1 + ((n * 7) % 60) });
    });
    for (const run of runs) await (await run).result();

    const states = await Promise.all(owners.map((owner) => hub.entityState<{ balance: number }>("Account", owner)));
    const balances = states.map((state) => state?.balance ?? 0);
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(400);
    expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
  });
});

describe("what goes wrong", () => {
  it("an activity that had run when its host died runs again", async () => {
    await using hub = createTestHub();
    hub.inject.hostDies({ after: "processPayment" });

    const run = await hub.start("processOrder", { id: "o-1", items: ["apple"] });

    expect(await run.result()).toEqual({ success: true, paymentId: "payment-o-1" });
    expect(hub.calls("processPayment").map(({ deliveryCount }) => deliveryCount)).toEqual([1, 2]);
  });

  it("a message that comes twice is one message", async () => {
    await using hub = createTestHub();
    hub.inject.deliverTwice({ event: "ApprovalReceived" });
    const run = await hub.start("approvalWorkflow");

    await run.raiseEvent("ApprovalReceived", { approved: true, approver: "Ada" });

    expect(await run.result()).toBe("approved by Ada");
  });

  it("an activity that hangs is told, not waited for", async () => {
    await using hub = createTestHub(undefined, { activities: [replace("shipOrder", hangs)] });

    const run = await hub.start("processOrder", { id: "o-1", items: ["apple"] }, { instanceId: "late" });

    await expect(run.result()).rejects.toThrow("'late' (processOrder, Running) waits for activity 'shipOrder'");
  });
});
