import { describe, expect, it } from "vitest";
import type { LogSink } from "../../../src/core/ports.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

function registryOf(orchestrator: Orchestrator): Registry {
  const registry = new Registry();
  registry.addOrchestration({ name: "test", orchestrator });
  registry.addActivity({ name: "work", activity: () => "x".repeat(1000) });
  return registry;
}

function recorded(): { readonly log: LogSink; readonly of: (event: string) => readonly string[] } {
  const entries: [string, string][] = [];
  return {
    log: { log: (_, event, message) => void entries.push([event, message]) },
    of: (event) => entries.flatMap(([name, message]) => (name === event ? [message] : [])),
  };
}

function* eternal(context: OrchestrationContext) {
  for (;;) yield context.callActivity("work");
}

describe("a history that grows for ever", () => {
  it("is failed at its limit of events with a text that names continue-as-new, after one warning", async () => {
    const { log, of } = recorded();
    await using hub = new VirtualHub({ log });
    await hub.startWorker({ registries: [registryOf(eternal)], maxHistoryEvents: 100 });
    const id = await hub.client.startInstance({ name: "test" });

    const { runtimeStatus, output } = await hub.runUntilEnded(id);

    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/^HistoryTooLong: the history has 10\d events \(at most 100\); .*continueAsNew/);
    expect(of("HistoryLong")).toHaveLength(1);
    expect(of("HistoryLong")[0]).toMatch(/^the history has 8\d events, of at most 100/);
  });

  it("is failed at its limit of bytes", async () => {
    const { log, of } = recorded();
    await using hub = new VirtualHub({ log });
    await hub.startWorker({ registries: [registryOf(eternal)], maxHistoryBytes: 100_000 });
    const id = await hub.client.startInstance({ name: "test" });

    expect((await hub.runUntilEnded(id)).output).toMatch(/^HistoryTooLong: the history has about 1\d{5} bytes/);
    expect(of("HistoryLong")).toHaveLength(1);
  });

  it("may be terminated, and one that continues as new never comes to its limit", async () => {
    await using hub = new VirtualHub();
    const anew = (context: OrchestrationContext) => eternalAnew(context);
    await hub.startWorker({ registries: [registryOf(anew)], maxHistoryEvents: 60 });
    const id = await hub.client.startInstance({ name: "test", input: "0" });

    expect(await hub.runUntilEnded(id)).toMatchObject({ runtimeStatus: "Completed", output: "20" });
  });
});

function* eternalAnew(context: OrchestrationContext): Generator<unknown, number | undefined> {
  const round = context.getInput<number>();
  if (round === 20) return round;
  for (let step = 0; step < 5; step++) yield context.callActivity("work");
  context.continueAsNew(round + 1);
  return undefined;
}

describe("an episode without end", () => {
  it.each<[string, Orchestrator]>([
    [
      "in a generator",
      function* (context: OrchestrationContext) {
        for (;;) yield context.all([]);
      },
    ],
    [
      "in an async orchestrator",
      async (context: OrchestrationContext) => {
        for (;;) await context.all([]);
      },
    ],
    [
      "in one that catches all",
      function* (context: OrchestrationContext) {
        for (;;) {
          try {
            yield context.all([]);
          } catch {}
        }
      },
    ],
  ])("that waits in a loop for what has completed is failed: %s", async (_, orchestrator) => {
    await using hub = new VirtualHub();
    await hub.startWorker({ registries: [registryOf(orchestrator)] });
    const id = await hub.client.startInstance({ name: "test" });

    expect((await hub.runUntilEnded(id)).output).toMatch(
      /^OrchestrationMisuse: the orchestrator went on 1000000 times/,
    );
  });

  it.each<[string, Orchestrator]>([
    [
      "calls",
      (context: OrchestrationContext) => {
        for (;;) void context.callActivity("work");
      },
    ],
    [
      "events, and the error is caught",
      (context: OrchestrationContext) => {
        try {
          for (;;) context.sendEvent("other", "event", 1);
        } catch {
          return "fine";
        }
      },
    ],
    [
      "timers, in an async orchestrator",
      async (context: OrchestrationContext) => {
        await context.callActivity("work");
        for (;;) void context.createTimer({ hours: 1 });
      },
    ],
  ])("that asks for more and more is failed, and nothing of it is sent: %s", async (_, orchestrator) => {
    await using hub = new VirtualHub();
    await hub.startWorker({ registries: [registryOf(orchestrator)], maxActions: 50 });
    const id = await hub.client.startInstance({ name: "test" });

    expect((await hub.runUntilEnded(id)).output).toMatch(/^TooManyActions: the orchestrator asked for more than 50 /);
    const asked = (await hub.client.getHistory(id))!.filter(
      ({ eventId, type }) => eventId >= 0 && type !== "ExecutionCompleted",
    );
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  it("as many actions as are allowed at a time may be asked for again and again", async () => {
    await using hub = new VirtualHub();
    const orchestrator = function* (context: OrchestrationContext) {
      for (let round = 0; round < 5; round++)
        yield context.all(Array.from({ length: 50 }, () => context.callActivity("work")));
      return "done";
    };
    await hub.startWorker({ registries: [registryOf(orchestrator)], maxActions: 50 });
    const id = await hub.client.startInstance({ name: "test" });

    expect((await hub.runUntilEnded(id)).output).toBe('"done"');
  });
});
