import { expect, it } from "vitest";
import { DurableError } from "../../../../src/core/errors.ts";
import { RetryOptions } from "../../../../src/core/retry-policy.ts";
import { adaptOrchestrator } from "../../../../src/functions/compat/generator-orchestrator.ts";
import { LockingRulesViolationError } from "../../../../src/functions/compat/locks.ts";
import {
  createRegisteredActivity,
  createRegisteredOrchestration,
} from "../../../../src/functions/compat/registered-task.ts";
import type { DurableOrchestrationContext, OrchestrationContext } from "../../../../src/functions/function-contexts.ts";

const greet = createRegisteredActivity("greet");
const child = createRegisteredOrchestration("child");

/** Notes calls; each gives a task by a number. */
class FakeContext {
  readonly calls: unknown[] = [];
  customStatus: unknown;

  #task(...call: unknown[]) {
    this.calls.push(call);
    return { task: this.calls.length };
  }

  callActivity(...args: unknown[]) {
    return this.#task("activity", ...args);
  }

  callSubOrchestrator(...args: unknown[]) {
    return this.#task("orchestration", ...args);
  }

  any(tasks: readonly unknown[]) {
    return this.#task("any", tasks);
  }

  all(tasks: readonly unknown[]) {
    return this.#task("all", tasks);
  }

  lock() {
    return this.#task("lock");
  }

  signalEntity() {
    throw new DurableError("OrchestrationMisuse", "it is locked");
  }

  setCustomStatus(status: unknown) {
    this.customStatus = status;
  }
}

function start(handler: (context: OrchestrationContext) => unknown) {
  const context = new FakeContext();
  const started = adaptOrchestrator(handler as never)(context as never, undefined);
  return { context, generator: started as Generator<unknown, unknown, unknown> };
}

it("makes the call of a registered function when it is waited for, and not before", () => {
  const { context, generator } = start(function* () {
    void greet("nobody waits");
    const result: unknown = yield child("in", "child-1").withRetry(new RetryOptions(1, 1));
    return result;
  });

  expect(generator.next().value).toEqual({ task: 1 });
  expect(context.calls).toEqual([
    ["orchestration", "child", "in", { instanceId: "child-1", retry: new RetryOptions(1, 1) }],
  ]);
  expect(generator.next("done")).toEqual({ value: "done", done: true });
});

it("makes it once, in a combination and alone, and gives the winner by the name the code has for it", () => {
  const call = greet("Tokyo");
  const { context, generator } = start(function* (df) {
    const winner: unknown = yield df.df.Task.any([call]);
    yield call;
    const [first]: unknown[] = yield df.df.Task.all([call]);
    return [winner === call, first];
  });

  generator.next();
  const [winner] = (context.calls[1] as [string, unknown[]])[1];
  expect(generator.next(winner).value).toBe(winner);
  generator.next("greeting");

  expect(generator.next(["greeting"])).toEqual({ value: [true, "greeting"], done: true });
  expect(context.calls).toEqual([
    ["activity", "greet", "Tokyo", { retry: undefined }],
    ["any", [{ task: 1 }]],
    ["all", [{ task: 1 }]],
  ]);
});

it("hands failures to the generator, also those of making a call", () => {
  const { generator } = start(function* () {
    const seen: string[] = [];
    for (const call of [greet(1), greet(2)]) {
      try {
        yield call;
      } catch (error) {
        seen.push((error as Error).message);
      }
    }
    return seen;
  });

  generator.next();
  generator.throw(new Error("first"));

  expect(generator.throw(new Error("second"))).toEqual({ value: ["first", "second"], done: true });
});

it("gives errors of a critical section their name, and leaves others alone", () => {
  const { generator } = start(function* ({ df }) {
    const seen: unknown[] = [];
    const signal = () => {
      try {
        df.signalEntity("@a@b", "op");
      } catch (error) {
        seen.push(error);
      }
    };
    signal();
    yield df.lock("@a@b");
    signal();
    return seen;
  });

  generator.next();

  expect(generator.next().value).toEqual([expect.any(DurableError), expect.any(LockingRulesViolationError)]);
});

it("lets code set the custom status, and members of its own", () => {
  const { context, generator } = start(function* (given) {
    const { df } = given;
    df.customStatus = "halfway";
    (df as DurableOrchestrationContext & { mine?: number }).mine = 5;
    return [df.customStatus, (given.df as { mine?: number }).mine, "mine" in df];
  });

  expect(generator.next().value).toEqual(["halfway", 5, true]);
  expect(context.customStatus).toBe("halfway");
});

it("says how an async orchestrator calls what was registered", async () => {
  const { generator } = start(async () => await (greet("Tokyo") as unknown as Promise<string>));

  await expect(generator).rejects.toMatchObject({
    code: "OrchestrationMisuse",
    message: expect.stringContaining("activity 'greet'"),
  });
  expect([greet(1).isCompleted, greet(1).isFaulted, greet(1).result]).toEqual([false, false, undefined]);
});

it("a call that nobody waited for is no value", () => {
  const call = greet("Tokyo");

  expect(() => `Hello ${call as unknown as string}`).toThrow(
    /was used as a value; wait for its result first: yield it/,
  );
  expect(() => Number(call)).toThrow(/was used as a value/);
  expect(() => JSON.stringify({ call })).toThrow(/was used as a value/);
});
