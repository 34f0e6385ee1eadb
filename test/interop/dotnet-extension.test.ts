import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DFApp } from "../../src/functions/df-app.ts";
import type { DurableClient } from "../../src/functions/durable-client.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { registerAsyncs, registerGenerators, registerTasks } from "./dotnet-extension/durable-app.ts";
import { ExtensionApp } from "./dotnet-extension/extension-app.ts";
import { openExtensionHub, without } from "./dotnet-extension/extension-hub.ts";
import { buildDotnet } from "./dotnet-program.ts";

const program = await buildDotnet("dotnet-extension");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

let azurite: Azurite;

beforeAll(async () => {
  if (path !== undefined) azurite = await startAzurite();
});

afterAll(() => azurite?.stop());

// The genuine Microsoft.Azure.WebJobs.Extensions.DurableTask with its own engine, in a WebJobs host on Azurite.
describe.skipIf(path === undefined)(`a DFApp behind the Durable extension of .NET${because}`, () => {
  let app: ExtensionApp;
  let client: DurableClient;

  beforeAll(async () => {
    app = await ExtensionApp.start({
      program: path!,
      connectionString: azurite.connectionString,
      taskHub: "ExtensionApp",
      register: () => {
        const app = new DFApp();
        registerTasks(app);
        registerGenerators(app);
        registerAsyncs(app);
        app.http("client", {
          handler: (_request, given) => {
            client = given;
            return {};
          },
        });
      },
    });
    await app.request("client");
  });

  afterAll(() => app?.stop());

  async function run(name: string, input?: unknown, drive?: (instanceId: string) => Promise<void>) {
    const instanceId = await client.startNew(name, input === undefined ? {} : { input });
    await drive?.(instanceId);
    await client.waitForCompletion(instanceId, { timeout: "60s" });
    const status = await client.getStatus(instanceId, { showHistory: true, showHistoryOutput: true });
    return { ...status, events: (status.history ?? []).map(({ EventType }) => EventType) };
  }

  it("is handed a client of the protobuf protocol", () => {
    expect(app.clientBinding).toMatchObject({
      taskHubName: "ExtensionApp",
      rpcBaseUrl: expect.stringMatching(/^http:\/\/[\w.]+:\d+\/?$/),
      httpBaseUrl: "http://localhost:7071/runtime/webhooks/durabletask",
      requiredQueryStringParameters: "code=SYSTEMKEY",
      maxGrpcMessageSizeInBytes: 4_194_304,
    });
  });

  describe.each(["generator", "async"])("with %s functions", (style) => {
    it.concurrent("runs activities one after the other", async () => {
      const status = await run(`hello_${style}`);

      expect(status).toMatchObject({
        runtimeStatus: "Completed",
        output: ["Hello Tokyo!", "Hello Seattle!", "Hello London!"],
      });
      expect(status.events).toEqual(["ExecutionStarted", ...Array(3).fill("TaskCompleted"), "ExecutionCompleted"]);
      expect(status.history![1]).toMatchObject({ FunctionName: "say", Result: "Hello Tokyo!" });
    });

    it.concurrent("fans out and in", async () => {
      const status = await run(`fanOut_${style}`, 10);

      expect(status).toMatchObject({ runtimeStatus: "Completed", output: 90 });
      expect(status.events.filter((type) => type === "TaskCompleted")).toHaveLength(10);
    });

    it.concurrent("waits for a timer", async () => {
      const status = await run(`timer_${style}`);

      expect(status).toMatchObject({ runtimeStatus: "Completed", output: "fired" });
      expect(status.events).toContain("TimerFired");
    });

    it.concurrent("gets an event, and leaves its timer", async () => {
      const status = await run(`event_${style}`, undefined, async (instanceId) => {
        await expect.poll(async () => (await client.getStatus(instanceId)).customStatus).toBe("waits");
        await client.raiseEvent(instanceId, "approval", "yes");
      });

      expect(status).toMatchObject({ runtimeStatus: "Completed", output: "yes", customStatus: "waits" });
      expect(status.events).toContain("EventRaised");
      expect(status.events).not.toContain("TimerFired");
    });

    it.concurrent("calls a sub-orchestration", async () => {
      const status = await run(`child_${style}`);

      expect(status).toMatchObject({
        runtimeStatus: "Completed",
        output: { child: ["Hello Tokyo!", "Hello Seattle!", "Hello London!"] },
      });
      expect(status.events).toEqual(["ExecutionStarted", "SubOrchestrationInstanceCompleted", "ExecutionCompleted"]);
      expect(await client.getStatus(`${status.instanceId}-child`)).toMatchObject({ runtimeStatus: "Completed" });
    });

    it.concurrent("fails with the details of what an activity has thrown", async () => {
      const status = await run(`failure_${style}`);

      expect(status.runtimeStatus).toBe("Failed");
      expect(status.output).toMatch(/activity 'fail' failed: no/);
      expect(status.events).toEqual(["ExecutionStarted", "TaskFailed", "ExecutionCompleted"]);
      expect(status.history![1]).toMatchObject({
        FailureDetails: {
          ErrorType: "RangeError",
          ErrorMessage: "no",
          InnerFailure: { ErrorType: "TypeError", ErrorMessage: "the cause" },
        },
      });
    });

    it.concurrent("continues as new, and keeps the last history", async () => {
      const status = await run(`eternal_${style}`, 1);

      expect(status).toMatchObject({ runtimeStatus: "Completed", input: 8, output: 16 });
      expect(status.events).toEqual(["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]);
    });

    it.concurrent("signals and calls entities", async () => {
      const status = await run(`entity_${style}`);

      expect(status.runtimeStatus).toBe("Completed");
      expect(status.output).toEqual([3, expect.stringContaining("too much")]);
      expect(await client.readEntityState({ name: "Counter", key: status.instanceId })).toEqual(
        expect.objectContaining({ entityExists: true, entityState: { value: 3 } }),
      );
    });
  });

  it("calls and signals entities from a client", async () => {
    const id = { name: "Counter", key: "client" };
    await client.signalEntity(id, "add", 2);

    expect(await client.callEntity(id, "add", 3, { timeout: "60s" })).toBe(5);
    await expect(client.callEntity(id, "fail", undefined, { timeout: "60s" })).rejects.toThrow(/too much/);
  });
});

// Takes minutes: `npm run test:extension`. What the engine of the extension does otherwise is left out, with reasons.
const isSuiteAsked = process.env["DURABLE_EXTENSION_SUITE"] !== undefined;

describe.skipIf(path === undefined || !isSuiteAsked)(`the suite of task hubs${because}`, () => {
  describeTaskHub(
    "a Functions app behind the Durable extension of .NET",
    async () => openExtensionHub(path!, azurite.connectionString),
    { without },
  );
});
