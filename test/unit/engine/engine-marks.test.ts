import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { DurableError } from "../../../src/core/errors.ts";
import { isTerminalStatus } from "../../../src/core/orchestration-status.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { createManagementApi } from "../../../src/http/management-api.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import type { TaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

/** A task hub on a clock that stands still, with one worker after the other: each deployment has its own code. */
function openHub() {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock, taskHub: "Hub" });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  const api = createManagementApi({ client, basePath: "/hook", taskHub: "Hub", connectionName: "Storage" });

  async function deploy(orchestrator: Orchestrator, activity: () => unknown = () => "done"): Promise<TaskHubWorker> {
    const registry = new Registry();
    registry.addOrchestration({ name: "test", orchestrator });
    registry.addActivity({ name: "work", activity });
    const executor = new InProcessExecutor({ registries: [registry] });
    const options = { maxConcurrentOrchestrations: 1, maxConcurrentActivities: 1 };
    const worker = new TaskHubWorker({ backend: hub, store: hub, executor, clock, log: silentLog, ...options });
    await worker.start();
    return worker;
  }

  /** Nothing here takes time: what has not happened after so many turns of the event loop never will. */
  async function settle(instanceId: string) {
    for (let turn = 0; turn < 200; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      const state = await client.getInstance(instanceId);
      if (state !== undefined && isTerminalStatus(state.runtimeStatus)) return state;
    }
    return (await client.getInstance(instanceId))!;
  }

  const post = (path: string, body?: string) => {
    const request = new Request(`http://localhost/hook/instances/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });
    return api(request);
  };
  return { client, deploy, settle, post };
}

it.each(["try again", "durable.patched:v2"])(
  "an instance of older code, rewound for the reason '%s', goes on the old way",
  async (reason) => {
    const { client, deploy, settle, post } = openHub();
    const older = await deploy(
      function* (ctx) {
        return yield* ctx.callActivity("work");
      },
      () => {
        throw new Error("not yet");
      },
    );
    const instanceId = await client.startInstance({ name: "test" });
    expect(await settle(instanceId)).toMatchObject({ runtimeStatus: "Failed" });
    await older.stop();
    const newer = await deploy(function* (ctx) {
      const isNew = ctx.patched("v2");
      if (isNew) yield ctx.callActivity("work");
      return [isNew, yield* ctx.callActivity("work")];
    });

    const answer = await post(`${instanceId}/rewind?reason=${encodeURIComponent(reason)}`);
    const ended = await settle(instanceId);
    await newer.stop();

    expect(answer?.status).toBe(202);
    expect(ended).toMatchObject({ runtimeStatus: "Completed", output: '[false,"done"]' });
  },
);

it.each(["BuiltIn__Wake", "builtin__wake", "BUILTIN%3A%3Aanything"])(
  "an event named %s is refused from outside",
  async (name) => {
    const { client, deploy, settle, post } = openHub();
    const worker = await deploy(function* (ctx) {
      return yield* ctx.waitForExternalEvent("go");
    });
    const instanceId = await client.startInstance({ name: "test" });

    const answer = await post(`${instanceId}/raiseEvent/${name}`, "1");
    await client.raiseEvent(instanceId, "go", "2");
    const ended = await settle(instanceId);
    await worker.stop();

    expect(answer?.status).toBe(400);
    expect(await answer?.text()).toContain("is reserved");
    expect(ended).toMatchObject({ runtimeStatus: "Completed", output: "2" });
  },
);

const namesOfOurs = ["ActivityPoisoned", "InstanceAlreadyExists", "TaskTimeout", "NondeterministicOrchestration"];
it.each(namesOfOurs)("an activity that fails with an error named %s is tried again like any other", async (name) => {
  const { client, deploy, settle } = openHub();
  let attempts = 0;
  const worker = await deploy(
    function* (ctx) {
      const retry = { firstInterval: 1, maxAttempts: 3, retryDelay: () => 0 };
      return yield* ctx.callActivity("work", undefined, { retry });
    },
    () => {
      if (++attempts < 3) throw Object.assign(new Error(name), { name });
      return attempts;
    },
  );

  const ended = await settle(await client.startInstance({ name: "test" }));
  await worker.stop();

  expect(ended).toMatchObject({ runtimeStatus: "Completed", output: "3" });
});

const codesOfOurs = ["VersionMismatch", "WorkItemLockLost", "Aborted", "CorruptData"] as const;
it.each(codesOfOurs)("code that throws a %s of its own just fails", async (code) => {
  const { client, deploy, settle } = openHub();
  const worker = await deploy(
    function* (ctx) {
      try {
        yield ctx.callActivity("work");
      } catch (error) {
        throw new DurableError(code, (error as TaskFailedError).failureDetails.errorType);
      }
    },
    () => {
      throw new DurableError(code, "mine");
    },
  );

  const ended = await settle(await client.startInstance({ name: "test" }));
  await worker.stop();

  expect(ended).toMatchObject({ runtimeStatus: "Failed", output: `${code}: ${code}` });
});
