import { isDurableError } from "../../src/core/errors.ts";
import { httpPollOrchestratorName } from "../../src/core/reserved-names.ts";
import { recorded, type Workload, waitForStatus } from "./workload.ts";

const paused: Workload = {
  name: "suspend and terminate",
  register(registry) {
    registry.addOrchestration({
      name: "listener",
      *orchestrator(context) {
        context.setCustomStatus("listening");
        return yield* context.waitForExternalEvent<string>("go");
      },
    });
    registry.addOrchestration({
      name: "parent of a listener",
      *orchestrator(context) {
        return yield* context.callSubOrchestrator<string>("listener", undefined, "child");
      },
    });
  },
  async prepare(client) {
    await client.startInstance({ instanceId: "paused", name: "listener" });
    await client.startInstance({ instanceId: "stopped", name: "parent of a listener" });
  },
  async drive({ client }) {
    const pauseAndGoOn = async () => {
      await waitForStatus(client, "paused", '"listening"');
      await client.suspend("paused", "a break");
      await waitForStatus(client, "paused", "Suspended");
      await client.resume("paused", "back again");
      await waitForStatus(client, "paused", "Running");
      await client.raiseEvent("paused", "go", '"gone"');
    };
    const stop = async () => {
      await waitForStatus(client, "child", '"listening"');
      await client.terminate("stopped", "enough", { recursive: true });
    };
    await Promise.all([pauseAndGoOn(), stop()]);
  },
  expected: [
    {
      id: "paused",
      name: "listener",
      status: "Completed",
      input: undefined,
      output: '"gone"',
      customStatus: '"listening"',
    },
    { id: "stopped", name: "parent of a listener", status: "Terminated", input: undefined, output: "enough" },
    {
      id: "child",
      name: "listener",
      status: "Terminated",
      input: undefined,
      output: "enough",
      customStatus: '"listening"',
    },
  ],
};

const largeText = "durable ".repeat(9000);
const largeJson = JSON.stringify(largeText);
const longStatus = "s".repeat(8000);

const large: Workload = {
  name: "large payloads",
  register(registry, world) {
    registry.addActivity(recorded(world, "echo", (text: string) => text));
    registry.addOrchestration({
      name: "echoing child",
      *orchestrator(context, text: string) {
        return yield* context.callActivity<string>("echo", text);
      },
    });
    registry.addOrchestration({
      name: "echoing",
      *orchestrator(context, text: string) {
        context.setCustomStatus(longStatus);
        return yield* context.callSubOrchestrator<string>("echoing child", text, "child");
      },
    });
  },
  async prepare(client) {
    await client.startInstance({ instanceId: "root", name: "echoing", input: largeJson });
  },
  expected: [
    {
      id: "root",
      name: "echoing",
      status: "Completed",
      input: largeJson,
      output: largeJson,
      customStatus: JSON.stringify(longStatus),
    },
    { id: "child", name: "echoing child", status: "Completed", input: largeJson, output: largeJson },
  ],
};

const rewound: Workload = {
  name: "rewind and purge",
  register(registry, world) {
    registry.addActivity(
      recorded(world, "repairable", (n: number) => {
        if (!world.isRepaired()) throw new Error("out of order");
        return n * 2;
      }),
    );
    registry.addOrchestration({
      name: "fragile",
      *orchestrator(context, n: number) {
        context.setCustomStatus("trying");
        return yield* context.callActivity<number>("repairable", n);
      },
    });
    registry.addOrchestration({
      name: "brief",
      *orchestrator() {
        return "done";
      },
    });
  },
  async prepare(client) {
    await client.startInstance({ instanceId: "rewound", name: "fragile", input: "21" });
    await client.startInstance({ instanceId: "purged", name: "brief" });
  },
  async drive({ client, repair }) {
    const rewind = async () => {
      await waitForStatus(client, "rewound", "Failed");
      repair();
      await client.rewind("rewound", "repaired");
    };
    const purge = async () => {
      await waitForStatus(client, "purged", "Completed");
      await client.purge("purged");
    };
    await Promise.all([rewind(), purge()]);
  },
  mayLeaveStarts: true,
  expected: [
    { id: "rewound", name: "fragile", status: "Completed", input: "21", output: "42", customStatus: '"trying"' },
  ],
};

const http: Workload = {
  name: "durable HTTP",
  register(registry) {
    registry.addOrchestration({
      name: "caller",
      *orchestrator(context) {
        const { content } = yield* context.callHttp({ method: "GET", url: "http://service.test/start" });
        return content;
      },
    });
  },
  async prepare(client) {
    await client.startInstance({ instanceId: "root", name: "caller" });
  },
  expected: [
    { id: "root", name: "caller", status: "Completed", input: undefined, output: '"the service is done"' },
    {
      name: httpPollOrchestratorName,
      status: "Completed",
      input: /service\.test\/start/,
      output: /the service is done/,
    },
  ],
};

const caller: Workload = {
  name: "client of the host",
  register(registry) {
    registry.addOrchestration({
      name: "short",
      *orchestrator(_, text: string) {
        return text.length;
      },
    });
  },
  async prepare() {},
  async host({ client, repair }) {
    const start = async (instanceId: string, name: string, input: string) => {
      try {
        await client.startInstance({ instanceId, name, input });
      } catch (error) {
        // An earlier call may have come through, and its caller never knew.
        if (!isDurableError(error, "InstanceAlreadyExists")) throw error;
      }
    };
    await start("small", "short", '"small"');
    await start("large", "short", largeJson);
    await waitForStatus(client, "small", "Completed");
    await waitForStatus(client, "large", "Completed");

    await start("purged", "short", largeJson);
    await waitForStatus(client, "purged", "Completed");
    await client.purge("purged");

    if ((await client.getInstance("mended")) === undefined) await start("mended", "fragile", "5");
    for (let isRepaired = false; ; isRepaired = true) {
      await waitForStatus(client, "mended", isRepaired ? /^Completed$/ : /^(Failed|Completed)$/);
      if ((await client.getInstance("mended"))?.runtimeStatus === "Completed") return;
      repair();
      await client.rewind("mended", "repaired");
    }
  },
  mayLeaveStarts: true,
  expected: [
    { id: "small", name: "short", status: "Completed", input: '"small"', output: "5" },
    { id: "large", name: "short", status: "Completed", input: largeJson, output: String(largeText.length) },
    { id: "mended", name: "fragile", status: "Completed", input: "5", output: "10", customStatus: '"trying"' },
  ],
};

export const managedWorkloads: readonly Workload[] = [paused, large, rewound, http, caller];
