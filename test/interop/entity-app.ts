import { systemClock } from "../../src/core/system-ports.ts";
import type { TaskExecutor } from "../../src/core/task-executor.ts";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../src/orchestration/orchestrator.ts";
import type { TaskFailedError } from "../../src/orchestration/task-failed-error.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";

/** A moment at which an orchestration entered or left its section. */
export interface Mark {
  readonly instanceId: string;
  readonly what: "enter" | "leave";
  /** Milliseconds, on the clock of the machine. */
  readonly at: number;
}

/** The same code as in `Entities.cs` and `EntityOrchestrations.cs`, so that either side can go on with what the other began. */
export function openEntityApp() {
  const marks: Mark[] = [];
  return {
    marks,
    /** @param known names of the entities that the worker has */
    createExecutor(known: readonly string[]): TaskExecutor {
      const registry = new Registry();
      for (const name of known) registry.addEntity({ name, entity: entities[name as keyof typeof entities] });
      for (const [name, orchestrator] of Object.entries(orchestrations(marks))) {
        registry.addOrchestration({ name, orchestrator });
      }
      return new InProcessExecutor({ registries: [registry], clock: systemClock });
    },
  };
}

export const entities = { counter, account, list };

function counter(context: EntityContext<number>): unknown {
  const value = context.getState(() => 0);
  const set = (next: number) => {
    context.setState(next);
    return next;
  };
  switch (context.operationName) {
    case "add":
      return set(value + context.getInput<number>());
    case "get":
      return value;
    case "reset":
      return set(0);
    case "delete":
      return context.destructOnExit();
    case "fail":
      set(value + 1000);
      context.signalEntity("@counter@never", "add", 1);
      throw new RangeError("the counter is stuck");
    case "forward": {
      const { to, amount } = context.getInput<{ readonly to: string; readonly amount: number }>();
      return context.signalEntity(to, "add", amount);
    }
    case "start": {
      const input = context.getInput<CounterCalls & { readonly instanceId: string }>();
      context.startNewOrchestration("CallCounter", input, { instanceId: input.instanceId });
      return undefined;
    }
    default:
      throw new TypeError(`no operation '${context.operationName}'`);
  }
}

function account(context: EntityContext<number>): number {
  const balance = context.getState(() => 0);
  if (context.operationName === "balance") return balance;
  const amount = context.getInput<number>();
  const isWithdrawal = context.operationName === "withdraw";
  if (isWithdrawal && balance < amount) throw new RangeError(`only ${balance} left`);
  const next = isWithdrawal ? balance - amount : balance + amount;
  context.setState(next);
  return next;
}

function list(context: EntityContext<unknown[]>): unknown {
  const values = context.getState(() => []);
  if (context.operationName === "read") return values;
  context.setState([...values, context.getInput()]);
  return undefined;
}

interface Call {
  readonly entity: string;
  readonly operation: string;
  readonly input?: unknown;
}

interface CounterCalls {
  readonly key: string;
  readonly signals: number;
  readonly calls: number;
}

async function callCounter(context: OrchestrationContext, { key, signals, calls }: CounterCalls) {
  const target = `@counter@${key}`;
  for (let i = 0; i < signals; i++) context.signalEntity(target, "add", 1);
  for (let i = 0; i < calls; i++) await context.callEntity(target, "add", 1);
  return await context.callEntity(target, "get");
}

function orchestrations(marks: Mark[]) {
  const mark = ({ instanceId, df }: OrchestrationContext, what: Mark["what"]) => {
    if (!df.isReplaying) marks.push({ instanceId, what, at: Date.now() });
  };
  const all: Record<string, Orchestrator> = {
    CallCounter: callCounter,
    async CallCounterLater(context, input: CounterCalls) {
      await context.waitForExternalEvent("Go");
      return await callCounter(context, input);
    },
    Call: (context, { entity, operation, input }: Call) => context.callEntity(entity, operation, input),
    async Signal(context, { entity, operation, input, delay }: Call & { readonly delay?: number }) {
      const options = delay === undefined ? {} : { scheduledTime: { seconds: delay } };
      context.signalEntity(entity, operation, input, options);
      return "signalled";
    },
    async SignalTwice(context, { key }: { readonly key: string }) {
      context.signalEntity(`@list@${key}`, "append", 1);
      await context.waitForExternalEvent("Go");
      context.signalEntity(`@list@${key}`, "append", 2);
      return "signalled";
    },
    async Catch(context, { entity, operation, input }: Call) {
      try {
        return await context.callEntity(entity, operation, input);
      } catch (error) {
        const { failureDetails } = error as TaskFailedError;
        return { type: failureDetails.errorType, message: failureDetails.errorMessage };
      }
    },
    async Transfer(context, input: { readonly from: string; readonly to: string; readonly amount: number }) {
      const [from, to] = [`@account@${input.from}`, `@account@${input.to}`];
      const lock = await context.lock(from, to);
      mark(context, "enter");
      try {
        if ((await context.callEntity<number>(from, "balance")) < input.amount) return false;
        await context.callEntity(from, "withdraw", input.amount);
        await context.callEntity(to, "deposit", input.amount);
        return true;
      } finally {
        mark(context, "leave");
        lock.release();
      }
    },
    // Deposits 1 before the event, 10 after it, and 100 after the release.
    async HoldLock(context, { keys }: { readonly keys: readonly string[] }) {
      const accounts = keys.map((key) => `@account@${key}`);
      const lock = await context.lock(accounts);
      mark(context, "enter");
      for (const each of accounts) await context.callEntity(each, "deposit", 1);
      await context.waitForExternalEvent("Go");
      for (const each of accounts) await context.callEntity(each, "deposit", 10);
      mark(context, "leave");
      lock.release();
      const balances: unknown[] = [];
      for (const each of accounts) balances.push(await context.callEntity(each, "deposit", 100));
      return balances;
    },
  };
  return all;
}
