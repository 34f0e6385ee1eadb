import type { DurableTask } from "../../src/orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../src/orchestration/orchestrator.ts";
import type { Program, Statement, Wait } from "./random-program.ts";

export const styles = ["generator", "async", "async generator"] as const;
export type Style = (typeof styles)[number];

/** What one generation of a program hands to the next. */
interface Generation {
  readonly number: number;
  readonly trace: readonly unknown[];
}

/** The same program as user code of each style. It returns a trace of all it has seen. */
export function orchestratorOf(program: Program, style: Style): Orchestrator {
  const run = { generator: runGenerator, async: runAsync, "async generator": runAsyncGenerator }[style];
  return (ctx, input: Generation | undefined) => run(new Run(ctx, input ?? { number: 0, trace: [] }), program);
}

/** Tells the code to leave: the execution continues as new. */
const left = Symbol("left");

/** One execution of a program: what the three styles have in common. */
class Run {
  readonly trace: unknown[];
  readonly #ctx: OrchestrationContext;
  readonly #generation: number;
  /** What waits for events, in the order in which it began. */
  readonly #forEvents: DurableTask<unknown>[] = [];
  readonly #racers = new WeakMap<object, readonly DurableTask<unknown>[]>();

  constructor(ctx: OrchestrationContext, { number, trace }: Generation) {
    this.#ctx = ctx;
    this.#generation = number;
    this.trace = [...trace];
  }

  start(wait: Wait): DurableTask<unknown> {
    const ctx = this.#ctx;
    switch (wait.kind) {
      case "activity":
        return ctx.callActivity(wait.name, wait.input, {
          ...(wait.attempts !== undefined && {
            retry: { firstInterval: "5s", maxAttempts: wait.attempts, backoffCoefficient: 2 },
          }),
          ...(wait.timeoutSeconds !== undefined && { timeout: { seconds: wait.timeoutSeconds } }),
        });
      case "timer":
        return ctx.createTimer({ seconds: wait.seconds });
      case "event": {
        const options = wait.timeoutSeconds === undefined ? {} : { timeout: { seconds: wait.timeoutSeconds } };
        return this.#forEvent(ctx.waitForExternalEvent(wait.name, options));
      }
      case "former":
        return this.#former(wait.before) ?? ctx.createTimer(1);
      case "child":
        return ctx.callSubOrchestrator(wait.name, wait.input);
      case "retriedChild":
        return ctx.callSubOrchestrator("flakyChild", wait.input, {
          retry: { firstInterval: "3s", maxAttempts: wait.attempts },
        });
      case "map":
        return ctx.map(wait.items, (item) => ctx.callActivity("double", item), { concurrency: wait.concurrency });
      default: {
        const tasks = wait.waits.map((each) => this.start(each));
        const combined: DurableTask<unknown> = ctx[wait.kind](tasks);
        if (wait.kind === "any") this.#racers.set(combined, tasks);
        return this.#forEvent(combined);
      }
    }
  }

  #forEvent(task: DurableTask<unknown>): DurableTask<unknown> {
    this.#forEvents.push(task);
    return task;
  }

  #former(before: number): DurableTask<unknown> | undefined {
    return this.#forEvents[this.#forEvents.length - 1 - before];
  }

  /** Does what a statement does without waiting; returns what it waits for. */
  begin(statement: Statement): DurableTask<unknown> | typeof left | undefined {
    const ctx = this.#ctx;
    switch (statement.kind) {
      case "wait":
        return this.start(statement.wait);
      case "forget":
        void this.start(statement.wait);
        return undefined;
      case "startOther":
        ctx.startNewOrchestration("child", statement.input);
        return undefined;
      case "cancelTimer":
        ctx.createTimer({ seconds: statement.seconds }).cancel();
        return undefined;
      case "status":
        ctx.setCustomStatus(statement.value);
        return undefined;
      case "guid":
        this.trace.push(ctx.newGuid().length);
        return undefined;
      case "look":
        this.trace.push(this.#former(statement.before)?.isCompleted ?? "nothing");
        return undefined;
      case "send":
        ctx.sendEvent(statement.toSelf ? ctx.instanceId : "other", "stop", "stop");
        return undefined;
      case "throw":
        throw new Error(statement.message);
      case "again":
        if (this.#generation >= statement.times) return undefined;
        ctx.continueAsNew({ number: this.#generation + 1, trace: this.trace });
        return left;
      default:
        return undefined;
    }
  }

  isPatched(id: string): boolean {
    const patched = this.#ctx.patched(id);
    this.trace.push(["patched", patched]);
    return patched;
  }

  record(wait: Wait, task: DurableTask<unknown>, value: unknown): void {
    this.trace.push([wait.kind, wait.kind === "any" ? this.#winner(task, value) : this.#shown(value)]);
  }

  caught(error: unknown): void {
    this.trace.push(`caught ${describeError(error)}`);
  }

  #winner(combined: object, winner: unknown): unknown {
    const index = this.#racers.get(combined)?.indexOf(winner as never);
    const task = winner as DurableTask<unknown>;
    return [index, task.isFaulted ? "faulted" : this.#shown(task.result)];
  }

  /** Results of combinations hold tasks (of an `any`) and errors (of an `allSettled`). */
  #shown(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#shown(each));
    if (value instanceof Error) return describeError(value);
    if (typeof value !== "object" || value === null) return value ?? null;
    if ("isFaulted" in value) return value.isFaulted ? "faulted" : this.#shown((value as DurableTask<unknown>).result);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#shown(each)]));
  }
}

/** The number of a task depends on the order of answers, and a default instance id on the execution. */
function describeError(error: unknown): string {
  return (error as Error).message;
}

function* runGenerator(run: Run, program: Program): Generator<unknown, unknown, unknown> {
  function* runAll(statements: Program): Generator<unknown, void, unknown> {
    for (const statement of statements) {
      if (statement.kind === "try") {
        try {
          yield* runAll(statement.body);
        } catch (error) {
          run.caught(error);
        }
      } else if (statement.kind === "repeat") {
        for (let turn = 0; turn < statement.times; turn++) yield* runAll(statement.body);
      } else if (statement.kind === "patched") {
        if (run.isPatched(statement.id)) yield* runAll(statement.body);
      } else {
        const task = run.begin(statement);
        if (task === left) return;
        if (task !== undefined && statement.kind === "wait") run.record(statement.wait, task, yield task);
      }
    }
  }
  yield* runAll(program);
  return run.trace;
}

async function runAsync(run: Run, program: Program): Promise<unknown> {
  async function runAll(statements: Program): Promise<void> {
    for (const statement of statements) {
      if (statement.kind === "try") {
        try {
          await runAll(statement.body);
        } catch (error) {
          run.caught(error);
        }
      } else if (statement.kind === "repeat") {
        for (let turn = 0; turn < statement.times; turn++) await runAll(statement.body);
      } else if (statement.kind === "patched") {
        if (run.isPatched(statement.id)) await runAll(statement.body);
      } else {
        const task = run.begin(statement);
        if (task === left) return;
        if (task !== undefined && statement.kind === "wait") run.record(statement.wait, task, await task);
      }
    }
  }
  await runAll(program);
  return run.trace;
}

async function* runAsyncGenerator(run: Run, program: Program): AsyncGenerator<unknown, unknown, unknown> {
  async function* runAll(statements: Program): AsyncGenerator<unknown, void, unknown> {
    for (const statement of statements) {
      if (statement.kind === "try") {
        try {
          yield* runAll(statement.body);
        } catch (error) {
          run.caught(error);
        }
      } else if (statement.kind === "repeat") {
        for (let turn = 0; turn < statement.times; turn++) yield* runAll(statement.body);
      } else if (statement.kind === "patched") {
        if (run.isPatched(statement.id)) yield* runAll(statement.body);
      } else {
        const task = run.begin(statement);
        if (task === left) return;
        if (task !== undefined && statement.kind === "wait") run.record(statement.wait, task, yield task);
      }
    }
  }
  yield* runAll(program);
  return run.trace;
}
