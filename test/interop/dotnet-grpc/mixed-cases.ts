import {
  EntityInstanceId,
  NoOpLogger,
  type OrchestrationContext,
  type Task,
  TaskEntity,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
} from "@microsoft/durabletask-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DotnetSdk } from "./dotnet-sdk.ts";
import { eventually } from "./sdk-under-test.ts";

type Program = AsyncGenerator<Task<unknown>, unknown, unknown>;

class JsTotal extends TaskEntity<number> {
  add(amount: number): number {
    this.state += amount;
    return this.state;
  }

  protected override initializeState(): number {
    return 0;
  }
}

/**
 * A worker of the .NET SDK and one of the official JavaScript SDK on one task hub, each with what only it has.
 * @param sdk its worker asks only for what it knows
 */
export function mixedCases(sdk: () => DotnetSdk, address: () => string): void {
  let client: TaskHubGrpcClient;
  let worker: TaskHubGrpcWorker;

  beforeAll(async () => {
    const shared = { hostAddress: address(), logger: new NoOpLogger() };
    client = new TaskHubGrpcClient(shared);
    worker = new TaskHubGrpcWorker({ ...shared, workItemFilters: "auto" });
    // .NET orchestrations put the input of an activity into an array, out of which .NET activities take it again.
    worker.addNamedActivity("JsUpper", (_, input: string | [string]) => [input].flat()[0]!.toUpperCase());
    worker.addNamedOrchestrator("JsGreet", async function* (context: OrchestrationContext, name: string): Program {
      const greeting = yield context.callActivity("Hello", name);
      const upper = yield context.callActivity("JsUpper", greeting);
      return yield context.callSubOrchestrator("CallEcho", { upper });
    });
    worker.addNamedOrchestrator("JsFail", async () => {
      throw new RangeError("out of it");
    });
    worker.addNamedOrchestrator("JsCount", async function* (context: OrchestrationContext, key: string): Program {
      return yield context.entities.callEntity(new EntityInstanceId("counter", key), "Add", 3);
    });
    worker.addNamedOrchestrator("JsWait", async function* (context: OrchestrationContext): Program {
      return yield context.waitForExternalEvent("Go");
    });
    worker.addNamedEntity("JsTotal", () => new JsTotal());
    await worker.start();
  });

  afterAll(async () => {
    await worker.stop();
    await client.stop();
  });

  it("orchestrations of one call activities and children of the other", async () => {
    expect(await sdk().output("JsGreet", "Ada")).toEqual({ upper: "HELLO, ADA!" });
    expect(await sdk().output("CallActivity", { name: "JsUpper", input: "straße" })).toBe("STRASSE");
    expect(await sdk().output("CallChild", { name: "JsGreet", input: "Ada" })).toEqual({ upper: "HELLO, ADA!" });
  });

  it("the client of one starts and watches what the worker of the other runs", async () => {
    const id = await client.scheduleNewOrchestration("Sequence", null);
    const state = await client.waitForOrchestrationCompletion(id, true, 20);
    expect(JSON.parse(state!.serializedOutput!)).toEqual(["Hello, Tokyo!", "Hello, Seattle!", "Hello, London!"]);
    const failing = await client.scheduleNewOrchestration("FailItself", "on purpose");
    const failed = await client.waitForOrchestrationCompletion(failing, true, 20);
    expect(failed?.failureDetails).toMatchObject({
      errorType: "System.InvalidOperationException",
      message: "on purpose",
    });
    expect((await sdk().run("JsFail")).failure).toMatchObject({ type: "RangeError", message: "out of it" });
    const waiting = await sdk().startRunning("JsWait");
    await sdk().raise(waiting, "Go", { from: ".NET" });
    expect((await sdk().end(waiting)).output).toEqual({ from: ".NET" });
  });

  it("a failure of the one is caught by the other", async () => {
    const state = await sdk().run("CallChild", { name: "JsFail" });
    expect(state).toMatchObject({ status: "Failed", failure: { inner: { type: "RangeError", message: "out of it" } } });
  });

  it("entities of one serve orchestrations and clients of the other", async () => {
    expect(await sdk().output("JsCount", "shared")).toBe(3);
    expect(await sdk().output("CallEntity", { entityId: "@jstotal@t", name: "add", input: 4 })).toBe(4);
    await client.signalEntity(new EntityInstanceId("counter", "shared"), "Add", 5);
    await sdk().signal("@jstotal@t", "add", 6);
    await eventually(async () => (await sdk().entity("@counter@shared"))?.state, 8);
    await eventually(async () => (await sdk().entity("@jstotal@t"))?.state, 10);
  });
}
