import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import { Registry } from "../../src/worker/registry.ts";

/** Functions that take their process down, each in its own way, and neighbours that do not. */
export function deadlyFunctions(): Registry {
  const registry = new Registry();
  registry.addOrchestration({
    name: "loops",
    *orchestrator(context: OrchestrationContext) {
      yield context.callActivity("work");
      for (;;);
    },
  });
  registry.addOrchestration({
    name: "loops in promises",
    async orchestrator(context: OrchestrationContext) {
      await context.callActivity("work");
      for (;;) await null;
    },
  });
  registry.addOrchestration({ name: "exits", orchestrator: () => process.exit(3) });
  registry.addOrchestration({
    name: "fills memory",
    *orchestrator(context: OrchestrationContext) {
      yield context.callActivity("work");
      const rows: number[][] = [];
      for (;;) rows.push(new Array<number>(10_000).fill(rows.length));
    },
  });
  registry.addOrchestration({
    name: "calls",
    *orchestrator(context: OrchestrationContext): Generator<unknown, unknown> {
      return yield context.callActivity(context.getInput<string>());
    },
  });
  registry.addOrchestration({
    name: "neighbour",
    *orchestrator(context: OrchestrationContext) {
      let sum = 0;
      for (let step = 0; step < 5; step++) sum += yield* context.callActivity<number>("work");
      yield context.createTimer({ seconds: 1 });
      return sum;
    },
  });
  registry.addActivity({ name: "work", activity: () => 1 });
  registry.addActivity({
    name: "loops too",
    activity: () => {
      for (;;);
    },
  });
  registry.addActivity({
    name: "throws in a callback",
    activity: () =>
      new Promise(() => {
        setTimeout(() => {
          throw new Error("nobody catches this");
        }, 10);
      }),
  });
  registry.addEntity({
    name: "account",
    entity: (context: EntityContext<number>) => {
      if (context.operationName === "exit") process.exit(4);
      context.setState(context.getState(() => 0) + 1);
    },
  });
  return registry;
}
