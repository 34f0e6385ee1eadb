import type { DurableTask } from "../../src/orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../src/orchestration/orchestrator.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Something to wait for. */
export type Wait =
  | { readonly kind: "activity"; readonly name: string; readonly input: number }
  | { readonly kind: "timer"; readonly seconds: number }
  | { readonly kind: "event"; readonly name: string }
  | { readonly kind: "child"; readonly name: string; readonly input: number }
  | { readonly kind: "all"; readonly waits: readonly Wait[] }
  | { readonly kind: "any"; readonly waits: readonly Wait[] };

export type Statement =
  | { readonly kind: "wait"; readonly wait: Wait }
  | { readonly kind: "try"; readonly body: readonly Statement[] }
  | { readonly kind: "status"; readonly value: number }
  | { readonly kind: "guid" }
  | { readonly kind: "send" }
  | { readonly kind: "forget"; readonly wait: Wait }
  | { readonly kind: "repeat"; readonly times: number; readonly body: readonly Statement[] };

export type Program = readonly Statement[];

export const styles = ["generator", "async", "async generator"] as const;
export type Style = (typeof styles)[number];

export function randomProgram(random: SeededRandom, depth = 2): Program {
  return Array.from({ length: 1 + random.below(4) }, () => randomStatement(random, depth));
}

function randomStatement(random: SeededRandom, depth: number): Statement {
  const roll = random.below(depth > 0 ? 12 : 9);
  if (roll < 6) return { kind: "wait", wait: randomWait(random, depth) };
  if (roll === 6) return { kind: "status", value: random.below(100) };
  if (roll === 7) return random.chance(0.5) ? { kind: "guid" } : { kind: "send" };
  if (roll === 8) return { kind: "forget", wait: randomWait(random, 0) };
  if (roll === 9) return { kind: "repeat", times: 1 + random.below(3), body: randomProgram(random, depth - 1) };
  return { kind: "try", body: randomProgram(random, depth - 1) };
}

function randomWait(random: SeededRandom, depth: number): Wait {
  const roll = random.below(depth > 0 ? 9 : 6);
  if (roll < 3) return { kind: "activity", name: random.pick(["double", "flaky"]), input: random.below(50) };
  if (roll === 3) return { kind: "timer", seconds: random.below(60) };
  if (roll === 4) return { kind: "event", name: random.pick(["go", "Go", "stop"]) };
  if (roll === 5) return { kind: "child", name: "child", input: random.below(50) };
  const waits = Array.from({ length: 1 + random.below(3) }, () => randomWait(random, depth - 1));
  return { kind: roll === 6 ? "any" : "all", waits };
}

/** The same program as user code of each style. It returns a trace of all it has seen. */
export function orchestratorOf(program: Program, style: Style): Orchestrator {
  switch (style) {
    case "generator":
      return (ctx) => runGenerator(ctx, program);
    case "async":
      return (ctx) => runAsync(ctx, program);
    case "async generator":
      return (ctx) => runAsyncGenerator(ctx, program);
  }
}

type Step = DurableTask<unknown> | undefined;

function start(ctx: OrchestrationContext, wait: Wait): DurableTask<unknown> {
  switch (wait.kind) {
    case "activity":
      return ctx.callActivity(wait.name, wait.input);
    case "timer":
      return ctx.createTimer({ seconds: wait.seconds });
    case "event":
      return ctx.waitForExternalEvent(wait.name);
    case "child":
      return ctx.callSubOrchestrator(wait.name, wait.input);
    case "all":
      return ctx.all(wait.waits.map((each) => start(ctx, each)));
    case "any":
      return ctx.any(wait.waits.map((each) => start(ctx, each)));
  }
}

/** What a statement does before it waits, if it does. */
function begin(ctx: OrchestrationContext, statement: Statement, trace: unknown[]): Step {
  switch (statement.kind) {
    case "wait":
      return start(ctx, statement.wait);
    case "forget":
      void start(ctx, statement.wait);
      return undefined;
    case "status":
      ctx.setCustomStatus(statement.value);
      return undefined;
    case "guid":
      trace.push(ctx.newGuid());
      return undefined;
    case "send":
      ctx.sendEvent("other", "ping", trace.length);
      return undefined;
    default:
      return undefined;
  }
}

function record(trace: unknown[], wait: Wait, value: unknown, ctx: OrchestrationContext): void {
  const shown = wait.kind === "any" ? describeWinner(value) : value;
  trace.push([wait.kind, shown ?? null, ctx.currentUtcDateTime.getTime()]);
}

/** A winner may be another `any`, whose result is a task again. */
function describeWinner(winner: unknown): unknown {
  const task = winner as { readonly isFaulted: boolean; readonly result: unknown };
  if (task.isFaulted) return "faulted";
  const { result } = task;
  return typeof result === "object" && result !== null && "isFaulted" in result
    ? describeWinner(result)
    : shown(result);
}

function shown(result: unknown): unknown {
  return Array.isArray(result)
    ? result.map((each) => (isTask(each) ? describeWinner(each) : shown(each)))
    : (result ?? null);
}

function isTask(value: unknown): boolean {
  return typeof value === "object" && value !== null && "isFaulted" in value;
}

function* runGenerator(ctx: OrchestrationContext, program: Program): Generator<unknown, unknown, unknown> {
  const trace: unknown[] = [];
  function* run(statements: Program): Generator<unknown, void, unknown> {
    for (const statement of statements) {
      if (statement.kind === "try") {
        try {
          yield* run(statement.body);
        } catch (error) {
          trace.push(`caught ${(error as Error).message}`);
        }
      } else if (statement.kind === "repeat") {
        for (let turn = 0; turn < statement.times; turn++) yield* run(statement.body);
      } else {
        const task = begin(ctx, statement, trace);
        if (task !== undefined && statement.kind === "wait") record(trace, statement.wait, shown(yield task), ctx);
      }
    }
  }
  yield* run(program);
  return trace;
}

async function runAsync(ctx: OrchestrationContext, program: Program): Promise<unknown> {
  const trace: unknown[] = [];
  async function run(statements: Program): Promise<void> {
    for (const statement of statements) {
      if (statement.kind === "try") {
        try {
          await run(statement.body);
        } catch (error) {
          trace.push(`caught ${(error as Error).message}`);
        }
      } else if (statement.kind === "repeat") {
        for (let turn = 0; turn < statement.times; turn++) await run(statement.body);
      } else {
        const task = begin(ctx, statement, trace);
        if (task !== undefined && statement.kind === "wait") record(trace, statement.wait, shown(await task), ctx);
      }
    }
  }
  await run(program);
  return trace;
}

async function* runAsyncGenerator(
  ctx: OrchestrationContext,
  program: Program,
): AsyncGenerator<unknown, unknown, unknown> {
  const trace: unknown[] = [];
  async function* run(statements: Program): AsyncGenerator<unknown, void, unknown> {
    for (const statement of statements) {
      if (statement.kind === "try") {
        try {
          yield* run(statement.body);
        } catch (error) {
          trace.push(`caught ${(error as Error).message}`);
        }
      } else if (statement.kind === "repeat") {
        for (let turn = 0; turn < statement.times; turn++) yield* run(statement.body);
      } else {
        const task = begin(ctx, statement, trace);
        if (task !== undefined && statement.kind === "wait") record(trace, statement.wait, shown(yield task), ctx);
      }
    }
  }
  yield* run(program);
  return trace;
}
