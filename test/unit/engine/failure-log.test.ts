import { expect, it } from "vitest";
import type { LogSink } from "../../../src/core/ports.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

it("what fails is told to the operator, with its causes and no payload", async () => {
  const lines: string[] = [];
  const log: LogSink = {
    log: (level, event, message) => void (level !== "info" && lines.push(`${level} ${event}: ${message}`)),
  };
  const registry = new Registry();
  registry.addActivity({
    name: "fetchPage",
    activity: () => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    },
  });
  registry.addOrchestration({
    name: "describePage",
    *orchestrator(ctx) {
      yield ctx.callActivity("fetchPage", "secret");
    },
  });
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [registry] });

  await hub.runUntilEnded(await hub.client.startInstance({ name: "describePage" }));

  const [activity, orchestration] = lines.map((line) => line.split("\n"));
  expect(activity!.filter((line) => !line.startsWith("    at "))).toEqual([
    "warn ActivityFailed: 'fetchPage' failed: TypeError: fetch failed",
    "caused by Error: connect ECONNREFUSED",
  ]);
  expect(activity![1]).toMatch(/^ {4}at .*failure-log\.test\.ts:\d+:\d+/);
  // The causes and their places were logged with the activity.
  expect(orchestration).toEqual([
    "error OrchestrationFailed: 'describePage' failed: TaskFailedError: activity 'fetchPage' failed: fetch failed",
    "caused by Error: connect ECONNREFUSED",
  ]);
});
