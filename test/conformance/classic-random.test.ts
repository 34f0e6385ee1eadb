import type { Task } from "durable-functions";
import { describe, expect, it } from "vitest";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";
import { df, openClassicHub } from "./classic-fixture.ts";

interface Open {
  /** It takes numbers of its own as it goes on. */
  readonly isRetried?: boolean;
  readonly task: Task;
  readonly expected: string;
}

const failures = new Map<string, number>();
df.app.activity("randomEcho", { handler: (value: string) => value });
df.app.activity("randomFlaky", {
  handler: ({ value, times }: { value: string; times: number }) => {
    const made = (failures.get(value) ?? 0) + 1;
    failures.set(value, made);
    if (made <= times) throw new Error(value);
    return value;
  },
});
df.app.orchestration("randomChild", function* (context) {
  const value = context.df.getInput<string>();
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 1000));
  return value;
});
df.app.entity("RandomEcho", (context) => {
  context.df.return(context.df.operationName === "echo" ? context.df.getInput() : "?");
});

/** Asks for many things at once and one after the other, and says of which it got what belongs to another. */
df.app.orchestration("randomProgram", function* (context) {
  const { seed, throwsAtEnd } = context.df.getInput<{ seed: number; throwsAtEnd: boolean }>();
  const random = new SeededRandom(seed);
  const pick = (count: number) => random.below(count);
  const later = () => new Date(context.df.currentUtcDateTime.getTime() + 500 + pick(60) * 1000);
  const wrong: string[] = [];
  let count = 0;
  const begin = (): Open => {
    const value = `${seed}/${count++}`;
    const entity = new df.EntityId("RandomEcho", `e${pick(3)}`);
    switch (pick(7)) {
      case 0:
        return { task: context.df.callSubOrchestrator("randomChild", value), expected: value };
      case 1:
        return { task: context.df.callEntity(entity, "echo", value), expected: value };
      case 2: {
        const input = { value, times: pick(4) };
        const retry = new df.RetryOptions(1000 + pick(5) * 1000, 3);
        const task = context.df.callActivityWithRetry("randomFlaky", retry, input);
        return { task, isRetried: true, expected: input.times < 3 ? value : `failure of ${value}` };
      }
      case 3:
        return { task: context.df.createTimer(later()), expected: "undefined" };
      case 4:
        context.df.signalEntity(entity, "nothing", value);
        return { task: context.df.callActivity("randomEcho", value), expected: value };
      case 5:
        return {
          task: context.df.callSubOrchestratorWithRetry("randomChild", new df.RetryOptions(1000, 2), value),
          isRetried: true,
          expected: value,
        };
      default:
        return { task: context.df.callActivity("randomEcho", value), expected: value };
    }
  };
  const check = ({ task, expected }: Open) => {
    const { result } = task;
    const got =
      result instanceof Error
        ? `failure of ${result.message.split("\n")[0]!.split("failed: ")[1]?.trim()}`
        : String(result);
    if (got !== expected) wrong.push(`expected ${expected}, got ${got}`);
  };
  let open: Open[] = [];
  const begun: Open[] = [];
  for (let step = 0; step < 12; step++) {
    const kind = pick(4);
    const fresh = Array.from({ length: 1 + pick(3) }, begin);
    begun.push(...fresh);
    if (kind === 0) {
      for (const each of fresh) {
        try {
          yield each.task;
        } catch {
          // Its result is looked at below.
        }
        check(each);
      }
    } else if (kind === 3 && open.length > 0 && !begun.some(({ isRetried }) => isRetried)) {
      // One that is under way is waited for by itself.
      const each = open[pick(open.length)]!;
      try {
        yield each.task;
      } catch {
        // Its result is looked at below.
      }
      check(each);
    } else if (kind === 1) {
      try {
        yield context.df.Task.all(fresh.map(({ task }) => task));
      } catch {
        // The others go on.
      }
      for (const each of fresh) if (each.task.isCompleted || each.task.isFaulted) check(each);
    } else {
      open = [...open, ...fresh].filter(({ task }) => !task.isCompleted && !task.isFaulted);
      const winner: unknown = yield context.df.Task.any(open.map(({ task }) => task));
      check(open.find(({ task }) => task === winner)!);
    }
  }
  if (throwsAtEnd) throw new Error(`wrong: ${wrong.join()}`);
  return wrong;
});

describe("random programs of durable-functions 3.5.0", () => {
  it("get for each task what belongs to it, also with workers that know of nothing", async () => {
    await forSeeds(60, async (seed) => {
      await using classic = await openClassicHub();
      const throwsAtEnd = seed % 3 === 0;
      const id = await classic.start("randomProgram", { seed, throwsAtEnd });
      for (let restarts = seed % 4; restarts > 0; restarts--) {
        await classic.hub.advance("7s");
        await classic.restart();
      }

      expect(await classic.ended(id)).toMatchObject(
        throwsAtEnd
          ? { runtimeStatus: "Failed", output: "Orchestrator function 'randomProgram' failed: wrong: " }
          : { runtimeStatus: "Completed", output: [] },
      );
    });
  });
});
