import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../support/azurite.ts";
import {
  failedOperation,
  failureOfActivity,
  failureOfChild,
  failureOfNestedLock,
  failureOfUnknownActivity,
  failureOfUnknownInstance,
  listedFunctions,
  noInput,
} from "./differences.ts";
import { imports, runApp } from "./run-app.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

describe.each(imports)("an app written for durable-functions 3.5, which imports %s", (imported) => {
  it("runs its hello sequence, and is listed with its functions", async () => {
    await using app = await runApp("hello-sequence.ts", { azurite, imported });

    const id = await app.start("greetCities", "London");

    expect(await app.ended(id)).toMatchObject({
      runtimeStatus: "Completed",
      output: ["Hello Tokyo", "Hello Seattle", "Hello London"],
      customStatus: { greeted: 3 },
    });
    const listed = (await (await fetch(`${app.host.url}/admin/functions`)).json()) as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(listedFunctions[imported]);
    expect(app.host.output()).toContain("greetCities: orchestration");
    expect(app.host.output()).toContain("greet: activity");
    expect(app.host.output()).not.toContain("not served locally");
  });

  it("fans out and in, also by the first of many again and again", async () => {
    await using app = await runApp("fan-out-backup.cjs", { azurite, imported });

    const ids = [
      await app.start("backup", "home"),
      await app.start("backupInAnyOrder"),
      await app.start("backupThatFails"),
    ];

    expect(await app.ended(ids[0]!)).toMatchObject({ runtimeStatus: "Completed", output: 30 });
    const { output } = await app.ended(ids[1]!);
    expect((output as number[]).slice(0, 4).sort()).toEqual([1, 2, 2, 3]);
    expect((output as number[])[4]).toBe(8);
    expect(await app.ended(ids[2]!)).toMatchObject({
      output: `5 ${failureOfActivity[imported]("fail", "disk is full")}`,
    });
    const { historyEvents } = await app.status(ids[1]!, "?showHistory=true");
    expect(historyEvents!.filter(({ EventType }) => EventType === "TaskCompleted")).toHaveLength(5);
  });

  it("monitors with timers, and keeps timers that are longer than one can be", async () => {
    await using app = await runApp("monitor.ts", { azurite, imported });

    const clears = await app.start("monitor", { city: "Oslo", expiresInMs: 60_000, clearAfter: 3 });
    const expires = await app.start("monitor", { city: "Bergen", expiresInMs: 500, clearAfter: 100 });
    const long = await app.start("tenDays");

    expect(await app.ended(clears)).toMatchObject({ output: { clear: true, rounds: 3 } });
    expect(await app.ended(expires)).toMatchObject({ output: { clear: false } });
    await expect.poll(() => app.status(long)).toMatchObject({ runtimeStatus: "Running" });
    await app.raise(long, "go");
    expect(await app.ended(long)).toMatchObject({ runtimeStatus: "Completed", output: "event" });
  });

  it("waits for people, with a time limit", async () => {
    await using app = await runApp("human-interaction.cjs", { azurite, imported });
    const waits = (id: string) =>
      expect.poll(() => app.status(id)).toMatchObject({ customStatus: "waiting for the code" });

    const right = await app.start("verifyPhone", { phone: "12345", patienceMs: 60_000 });
    const late = await app.start("verifyPhone", { phone: "12345", patienceMs: 700 });
    const both = await app.start("twoSignatures");
    await waits(right);
    await app.raise(right, "codeEntered", 1);
    await app.raise(right, "codeEntered", 5555);
    await app.raise(both, "seller", "S");
    await app.raise(both, "buyer", "B");

    expect(await app.ended(right)).toMatchObject({ runtimeStatus: "Completed", output: true });
    expect(await app.ended(late)).toMatchObject({ runtimeStatus: "Completed", output: false });
    expect(await app.ended(both)).toMatchObject({ output: ["B", "S"] });
  });

  it("counts in entities, which clients and orchestrations use", async () => {
    await using app = await runApp("counter-entity.ts", { azurite, imported });
    const read = async (key: string) => (await app.call(`counter/${key}`)).json();

    expect(await read("k1")).toEqual({ exists: false, value: null });
    expect((await app.call("counter/k1/add", { method: "POST", body: "4" })).status).toBe(202);
    await expect.poll(() => read("k1")).toEqual({ exists: true, value: 4 });
    const id = await app.start("count", "k1");

    expect(await app.ended(id)).toMatchObject({
      output: { value: 12, who: "counter/k1", ...failedOperation[imported] },
    });
    await expect.poll(() => read("other")).toEqual({ exists: true, value: failedOperation[imported].after });
    await app.call("counter/k1/forget", { method: "POST", body: "null" });
    await expect.poll(() => read("k1")).toEqual({ exists: false, value: null });
  });

  it("locks entities, and gives the locks back", async () => {
    await using app = await runApp("locks.cjs", { azurite, imported });

    const ids = [
      await app.start("transfer", { from: "a", to: "b", amount: 60 }),
      await app.start("transfer", { from: "b", to: "a", amount: 10 }),
      await app.start("transfer", { from: "a", to: "b", amount: 30 }),
    ];
    const results = [];
    for (const id of ids) results.push((await app.ended(id)).output);

    for (const result of results) expect(result).toMatchObject({ inside: true, after: false, paused: 1 });
    const last = await app.start("transfer", { from: "a", to: "b", amount: 1000 });
    expect(await app.ended(last)).toMatchObject({ output: "refused" });
    const balance = async (key: string) =>
      (await fetch(`${app.host.url}/runtime/webhooks/durabletask/entities/Account/${key}`)).json();
    await expect.poll(() => balance("a")).toBe(20);
    expect(await balance("b")).toBe(180);
    const nested = await app.start("nested");
    expect(await app.ended(nested)).toMatchObject({
      runtimeStatus: "Failed",
      output: failureOfNestedLock[imported],
    });
    // It has ended with a lock, which others can take.
    const after = await app.start("transfer", { from: "n", to: "m", amount: 1 });
    expect(await app.ended(after)).toMatchObject({ runtimeStatus: "Completed" });
  });

  it("tries again what has failed, as often as it is told to", async () => {
    await using app = await runApp("retries.ts", { azurite, imported });

    const ids = [await app.start("succeeds"), await app.start("givesUp"), await app.start("outOfTime")];
    const unknown = await app.start("unknownActivity");

    expect(await app.ended(ids[0]!)).toMatchObject({ runtimeStatus: "Completed", output: [3, 2, 1, 2] });
    expect(await app.ended(ids[1]!)).toMatchObject({
      output: { made: 3, message: failureOfActivity[imported]("flaky", `attempt 3 of ${ids[1]}d failed`) },
    });
    const { output } = (await app.ended(ids[2]!)) as { output: { made: number; message: string } };
    expect(output.made).toBeLessThan(3);
    expect(output.message).toBe(failureOfActivity[imported]("flaky", `attempt ${output.made} of ${ids[2]}e failed`));
    const { output: failure } = await app.ended(unknown);
    expect(failure).toContain(failureOfUnknownActivity[imported]);
  });

  it("calls sub-orchestrations, also again when they fail", async () => {
    await using app = await runApp("sub-orchestrations.cjs", { azurite, imported });

    const all = await app.start("setUpAll", ["d1", "d2"]);
    const retried = await app.start("withRetry");
    const fails = await app.start("failsWithChild");

    expect(await app.ended(all)).toMatchObject({ output: ["d1 is ready", "d2 is ready", "the last is ready"] });
    expect(await app.status(`${all}-last`)).toMatchObject({ runtimeStatus: "Completed", input: "the last" });
    expect(await app.ended(retried)).toMatchObject({ output: { run: 3, isChild: true } });
    const { runtimeStatus, output } = await app.ended(fails);
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain(failureOfChild[imported]);
  });

  it("makes HTTP calls, with polls", async () => {
    await using app = await runApp("call-http.ts", { azurite, imported });

    const polls = await app.start("polls", app.host.url);
    const posts = await app.start("posts", app.host.url);

    expect(await app.ended(posts)).toMatchObject({
      output: { statusCode: 201, headers: { "x-answer": "42" }, content: 'POST six by nine {"a":1}' },
    });
    const { output } = await app.ended(polls);
    expect(output).toEqual({ status: 200, body: { done: 3, method: "GET" }, json: "application/json" });
  });

  it("runs for ever, one round after the other", async () => {
    await using app = await runApp("eternal.cjs", { azurite, imported });

    const janitor = await app.start("janitor", { round: 1, last: 5 });
    const told = await app.start("untilTold", 0);
    expect(await app.ended(janitor)).toMatchObject({ output: "cleaned 5 times", customStatus: { round: 5 } });
    for (let round = 0; round < 3; round++) {
      await app.raise(told, "command", "next");
      await expect.poll(async () => (await app.status(told)).input).toBe(round + 1);
    }
    await app.raise(told, "command", "stop");

    expect(await app.ended(told)).toMatchObject({ runtimeStatus: "Completed", output: 3 });
  });

  it("starts from every client trigger: HTTP by itself, the others by hand", async () => {
    await using app = await runApp("client-starters.ts", { azurite, imported });

    const others = ["timer", "queue", "blob", "busQueue", "busTopic", "hub", "grid", "cosmos", "generic"];
    expect((await app.call("start-by-http")).status).toBe(202);
    for (const name of others) {
      const answer = await fetch(`${app.host.url}/admin/functions/${name}Starter`, {
        method: "POST",
        body: '{ "input": "queue" }',
        headers: { "content-type": "application/json" },
      });
      expect(answer.status).toBe(202);
    }

    expect(await app.ended("by-http")).toMatchObject({ output: "by http" });
    for (const id of ["timer", "queue", "blob", "bus-queue", "bus-topic", "hub", "grid", "cosmos", "generic"]) {
      expect(await app.ended(`by-${id}`)).toMatchObject({ runtimeStatus: "Completed" });
    }
    expect(app.host.output()).toMatch(/timerStarter: timerTrigger \(\d/);
    expect(app.host.output()).toContain("cosmosStarter: cosmosDBTrigger (not served locally)");
  });

  it("answers every verb of the client", async () => {
    await using app = await runApp("client-verbs.cjs", { azurite, imported });
    const hook = `${app.host.url}/runtime/webhooks/durabletask`;
    const json = async (path: string) => {
      const answer = await app.call(path);
      expect(answer.status, app.host.output()).toBe(200);
      return answer.json();
    };

    expect(await json("lifecycle")).toEqual({
      completed: { event: { approved: true }, input: { deep: [1, "ü"] } },
      input: { deep: [1, "ü"] },
      terminated: "no more",
      withoutInput: noInput[imported],
      rewound: "repaired",
      all: expect.any(Number),
      by: [true],
      purged: { instancesDeleted: 1 },
      purgedBy: { instancesDeleted: 1 },
      unknown: failureOfUnknownInstance[imported].status,
      unknownEvent: failureOfUnknownInstance[imported].event,
      purgedUnknown: { instancesDeleted: 0 },
    });
    expect(await json("entities")).toEqual({ before: false, after: { full: true } });
    expect(await json("waitForQuick")).toBe("done");
    const slow = await app.call("waitForSlow");
    expect(slow.status).toBe(202);
    const { statusQueryGetUri } = (await slow.json()) as { statusQueryGetUri: string };
    expect((await fetch(statusQueryGetUri)).status).toBe(202);
    const links = (await json("links")) as { payload: Record<string, string>; check: Record<string, string> };
    expect(links.check).toEqual(links.payload);
    expect(links.payload).toMatchObject({
      id: "some-id",
      rewindPostUri: expect.stringContaining(`${hook}/instances/some-id/rewind?reason={text}&taskHub=`),
    });
    expect(Object.keys(links.payload)).toHaveLength(9);
    expect(await json("unknown")).toContain("nobody");
  });
});

// At the same time, as most of it is the wait for the leases of the host that was killed.
it.concurrent.for(imports)(
  "an app that imports %s goes on where it was after its host was killed",
  async (imported, { expect }) => {
    await using app = await runApp("eternal.cjs", { azurite, imported });
    const id = await app.start("manySteps");
    const completed = async () =>
      (await app.status(id, "?showHistory=true")).historyEvents?.filter(
        ({ EventType }) => EventType === "TaskCompleted",
      ).length ?? 0;
    await expect.poll(completed).toBeGreaterThan(1);

    await app.crash();

    expect(await app.ended(id)).toMatchObject({ runtimeStatus: "Completed", output: [0, 1, 2, 3, 4, 5, 6, 7] });
  },
);
