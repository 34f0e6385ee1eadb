import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { DotnetSdk } from "./dotnet-sdk.ts";
import { status } from "./orchestration-cases.ts";
import { eventually, type SdkState } from "./sdk-under-test.ts";

const minute = 60_000;
const alive = ["Pending", "Running", "Suspended"];

/**
 * What the client of the .NET SDK can do beyond what its own test host serves.
 * @param sdk its worker has been started
 */
export function managementCases(sdk: () => DotnetSdk, test: typeof it.concurrent): void {
  test("tags are kept, and told by the state", async () => {
    const tags = { team: "ü", empty: "" };
    expect((await sdk().run("Empty", undefined, { tags })).tags).toEqual(tags);
  });

  test("an event to a missing instance is dropped by an orchestration", async () => {
    expect(await sdk().output("SendGo", "nobody")).toBe("sent");
  });

  test("a delayed start is pending until its time", async () => {
    const startAt = new Date(Date.now() + 1500);
    const instanceId = await sdk().start("Empty", undefined, { startAt: startAt.toISOString() });
    expect(await status(sdk(), instanceId)).toBe("Pending");
    const { lastUpdatedAt } = await sdk().end(instanceId);
    expect(Date.parse(lastUpdatedAt)).toBeGreaterThanOrEqual(startAt.getTime());
  });

  test("an id is used again as the statuses allow it", async () => {
    const instanceId = `reused-${randomUUID()}`;
    await sdk().startRunning("WaitForGo", minute, { instanceId });
    await expect(sdk().start("Empty", undefined, { instanceId, dedupe: alive })).rejects.toThrow(
      "OrchestrationAlreadyExistsException",
    );
    // Nothing is forbidden: the running one is terminated and replaced.
    await sdk().start("CallEcho", "second", { instanceId, dedupe: [] });
    await eventually(async () => (await sdk().get(instanceId))?.output, "second");
    await expect(sdk().start("Empty", undefined, { instanceId, dedupe: [...alive, "Completed"] })).rejects.toThrow(
      "OrchestrationAlreadyExistsException",
    );
    await sdk().start("CallEcho", "third", { instanceId, dedupe: alive });
    await eventually(async () => (await sdk().get(instanceId))?.output, "third");
    await expect(sdk().start("Empty", undefined, { instanceId, dedupe: ["Completed", "Terminated"] })).rejects.toThrow(
      "ArgumentException",
    );
  });

  test("suspending the ended, resuming the running, and terminating either, is no error", async () => {
    const ended = await sdk().start("Empty");
    await sdk().end(ended);
    const running = await sdk().startRunning("WaitForGo", minute);
    await sdk().ask("suspend", { instanceId: ended });
    await sdk().ask("terminate", { instanceId: ended, output: "late" });
    await sdk().ask("resume", { instanceId: running });
    await sdk().raise(running, "Go", 1);
    expect((await sdk().end(running)).output).toBe(1);
    expect(await sdk().get(ended)).toMatchObject({ status: "Completed" });
  });

  test("what does not exist is told as such", async () => {
    const missing = { instanceId: "no such instance" };
    for (const op of ["raise", "suspend", "resume"]) {
      await expect(sdk().ask(op, { ...missing, name: "Go" })).rejects.toThrow("NotFound");
    }
    await sdk().ask("terminate", missing);
    expect(await sdk().ask("purge", missing)).toBe(0);
    expect(await sdk().ask("history", missing)).toEqual([]);
    await expect(sdk().ask("listIds", { token: "of no list" })).rejects.toThrow("InvalidArgument");
  });

  test("a termination reaches the children when it is told to", async () => {
    for (const recursive of [true, false]) {
      const child = `child-${randomUUID()}`;
      const instanceId = await sdk().startRunning("CallChild", { name: "WaitForGo", input: minute, instanceId: child });
      await eventually(() => status(sdk(), child), "Running");
      await sdk().ask("terminate", { instanceId, output: "enough", recursive });
      expect((await sdk().end(instanceId)).status).toBe("Terminated");
      if (recursive) expect((await sdk().end(child)).status).toBe("Terminated");
      else {
        expect(await status(sdk(), child)).toBe("Running");
        await sdk().raise(child, "Go");
        await sdk().end(child);
      }
      expect(await sdk().ask("purge", { instanceId, recursive: true })).toBe(2);
      expect(await sdk().get(child)).toBeUndefined();
    }
  });

  test("orchestrations are queried by prefix, status and time, page by page", async () => {
    const prefix = `query-${randomUUID()}-`;
    const begin = new Date(Date.now() - 1000).toISOString();
    for (let i = 0; i < 5; i++) await sdk().run(i < 3 ? "Empty" : "FailItself", "x", { instanceId: prefix + i });
    const query = async (filter: object): Promise<readonly (readonly SdkState[])[]> =>
      sdk().ask("query", { prefix, ...filter });
    const ids = (pages: readonly (readonly SdkState[])[]) =>
      pages
        .flat()
        .map((state) => state.instanceId.slice(-1))
        .sort();
    expect(ids(await query({}))).toEqual(["0", "1", "2", "3", "4"]);
    const pages = await query({ pageSize: 2 });
    expect(ids(pages)).toEqual(["0", "1", "2", "3", "4"]);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
    expect(ids(await query({ statuses: ["Failed"] }))).toEqual(["3", "4"]);
    expect(ids(await query({ statuses: ["Running"] }))).toEqual([]);
    expect(ids(await query({ from: begin }))).toHaveLength(5);
    expect(ids(await query({ to: begin }))).toEqual([]);
    const [bare] = (await query({ statuses: ["Completed"] })).flat();
    expect(bare).not.toHaveProperty("input");
    const [full] = (await query({ statuses: ["Completed"], payloads: true })).flat();
    expect(full?.input).toBe("x");
  });

  test("ids of ended orchestrations are listed in the order of their end", async () => {
    const from = new Date().toISOString();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      const instanceId = await sdk().start("FailItself", "x");
      await sdk().end(instanceId);
      ids.push(instanceId);
    }
    const listed: string[] = [];
    let token: string | undefined;
    do {
      const page: { ids: string[]; token?: string } = await sdk().ask("listIds", {
        from,
        statuses: ["Failed"],
        pageSize: 2,
        ...(token ? { token } : {}),
      });
      expect(page.ids.length).toBeLessThanOrEqual(2);
      listed.push(...page.ids);
      token = page.token;
    } while (token);
    expect(listed.filter((id) => ids.includes(id))).toEqual(ids);
  });

  test("an ended orchestration starts again, under its id or a new one", async () => {
    const input = { name: "again" };
    const instanceId = await sdk().start("CallEcho", input);
    await sdk().end(instanceId);
    const other = await sdk().ask<string>("restart", { instanceId, newId: true });
    expect(other).not.toBe(instanceId);
    expect(await sdk().end(other)).toMatchObject({ name: "CallEcho", input, output: input });
    const { createdAt } = await sdk().end(instanceId);
    expect(await sdk().ask("restart", { instanceId, newId: false })).toBe(instanceId);
    await eventually(async () => (await sdk().get(instanceId))?.createdAt, expect.not.stringContaining(createdAt));
    expect(await sdk().end(instanceId)).toMatchObject({ output: input });

    const running = await sdk().startRunning("WaitForGo", minute);
    await expect(sdk().ask("restart", { instanceId: running })).rejects.toThrow("InvalidOperationException");
    await expect(sdk().ask("restart", { instanceId: "no such instance" })).rejects.toThrow("ArgumentException");
    await sdk().raise(running, "Go");
  });

  test("a failed orchestration is rewound, and so are its children", async () => {
    for (const name of ["CallFlaky", "CallChild"]) {
      const input = name === "CallFlaky" ? 1 : { name: "CallFlaky", input: 1 };
      const instanceId = await sdk().start(name, input);
      expect((await sdk().end(instanceId)).status).toBe("Failed");
      await sdk().ask("rewind", { instanceId, reason: "once more" });
      await eventually(() => status(sdk(), instanceId), "Completed");
      expect(await sdk().end(instanceId)).toMatchObject({ output: 2 });
      await expect(sdk().ask("rewind", { instanceId, reason: "once more" })).rejects.toThrow(
        "InvalidOperationException",
      );
    }
    await expect(sdk().ask("rewind", { instanceId: "no such instance" })).rejects.toThrow("ArgumentException");
  });

  test("the history is told event by event", async () => {
    const instanceId = await sdk().start("CallChild", { name: "CallEcho", input: 1 });
    await sdk().end(instanceId);
    const history = (await sdk().ask<string[]>("history", { instanceId })).filter(
      (type) => type !== "OrchestratorCompleted",
    );
    expect(history).toEqual([
      "OrchestratorStarted",
      "ExecutionStarted",
      "SubOrchestrationInstanceCreated",
      "OrchestratorStarted",
      "SubOrchestrationInstanceCompleted",
      "ExecutionCompleted",
    ]);
    const timed = await sdk().start("WaitForGo", 1);
    await sdk().end(timed);
    expect(await sdk().ask("history", { instanceId: timed })).toEqual(
      expect.arrayContaining(["TimerCreated", "TimerFired", "ExecutionCompleted"]),
    );
  });

  // Alone, since it takes away what failed in the other cases.
  it("orchestrations of a time and status are purged together", async () => {
    const from = new Date().toISOString();
    await sdk().run("Missing");
    const purged = await sdk().ask("purge", { from, statuses: ["Failed"] });
    expect(purged).toBeGreaterThanOrEqual(1);
  });
}
