import { expect, it } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import type { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { createManagementApi } from "../../../src/http/management-api.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import type { TaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

/** A task hub on a clock that stands still, with one worker after the other: each deployment has its own code. */
function openHub() {
  const hub = new VirtualHub({ taskHub: "Hub" });
  const { client, clock } = hub;
  const api = createManagementApi({ client, clock, basePath: "/hook", taskHub: "Hub", connectionName: "Storage" });

  function deploy(orchestrator: Orchestrator, activity: () => unknown = () => "done"): Promise<TaskHubWorker> {
    const registry = new Registry();
    registry.addOrchestration({ name: "test", orchestrator });
    registry.addActivity({ name: "work", activity });
    return hub.startWorker({ registries: [registry] });
  }

  /** Nothing here takes time. */
  async function settle(instanceId: string) {
    await hub.settle();
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
