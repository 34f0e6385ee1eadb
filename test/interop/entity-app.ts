import type { EntityAction, EntityBatch, EntityBatchResult, EntityOutcome } from "../../src/core/entity-batch.ts";
import { DurableError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import type { TaskExecutor } from "../../src/core/task-executor.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";

/** A moment at which an orchestration entered or left its section. */
export interface Mark {
  readonly instanceId: string;
  readonly what: "enter" | "leave";
  /** Milliseconds, on the clock of the machine. */
  readonly at: number;
}

// ---- until the API is there
interface Ctx {
  operationName: string;
  getInput<T>(): T;
  getState<T>(init: () => T): T;
  setState(value: unknown): void;
  destructOnExit(): void;
  signalEntity(target: string, operation: string, input: unknown): void;
}
const entities: Record<string, (ctx: Ctx) => unknown> = {
  counter(ctx) {
    const value = ctx.getState(() => 0);
    const set = (next: number) => {
      ctx.setState(next);
      return next;
    };
    switch (ctx.operationName) {
      case "add":
        return set(value + ctx.getInput<number>());
      case "get":
        return value;
      case "reset":
        return set(0);
      case "delete":
        return ctx.destructOnExit();
      case "fail":
        set(value + 1000);
        ctx.signalEntity("@counter@never", "add", 1);
        throw new RangeError("the counter is stuck");
      case "forward": {
        const { to, amount } = ctx.getInput<{ to: string; amount: number }>();
        return ctx.signalEntity(to, "add", amount);
      }
      default:
        throw new TypeError(`no operation '${ctx.operationName}'`);
    }
  },
  account(ctx) {
    const balance = ctx.getState(() => 0);
    const amount = ctx.getInput<number>();
    if (ctx.operationName === "balance") return balance;
    if (ctx.operationName === "withdraw" && balance < amount) throw new RangeError(`only ${balance} left`);
    const next = ctx.operationName === "withdraw" ? balance - amount : balance + amount;
    ctx.setState(next);
    return next;
  },
  list(ctx) {
    const list = ctx.getState<unknown[]>(() => []);
    if (ctx.operationName === "read") return list;
    ctx.setState([...list, ctx.getInput()]);
    return undefined;
  },
};

async function run(known: readonly string[], batch: EntityBatch): Promise<EntityBatchResult> {
  const entity = known.includes(batch.entity.name) ? entities[batch.entity.name] : undefined;
  if (entity === undefined) throw new DurableError("EntityNotRegistered", `no entity ${batch.entity.name}`);
  let { state } = batch;
  const outcomes: EntityOutcome[] = [];
  for (const { operation, input } of batch.operations) {
    let next = state;
    const actions: EntityAction[] = [];
    try {
      const output = entity({
        operationName: operation,
        getInput: () => JSON.parse(input ?? "null"),
        getState: (init) => (state === undefined ? init() : JSON.parse(state)),
        setState: (value) => {
          next = JSON.stringify(value);
        },
        destructOnExit: () => {
          next = undefined;
        },
        signalEntity: (instanceId, name, value) => {
          const text = JSON.stringify(value);
          actions.push({ kind: "SignalEntity", instanceId, operation: name, input: text, scheduledTime: undefined });
        },
      });
      state = next;
      outcomes.push({ kind: "completed", result: output === undefined ? undefined : JSON.stringify(output), actions });
    } catch (error) {
      const { name, message } = error as Error;
      outcomes.push({ kind: "failed", failureDetails: { errorType: name, errorMessage: message, isNonRetriable: false } });
    }
  }
  return { outcomes, state };
}
// ----

/** The same code as in `Entities.cs` and `Orchestrations.cs`, so that either side can go on with what the other began. */
export function openEntityApp() {
  const marks: Mark[] = [];
  const registry = new Registry();
  return {
    marks,
    createExecutor(known: readonly string[]): TaskExecutor {
      const inProcess = new InProcessExecutor({ registries: [registry], clock: systemClock });
      return {
        openSession: inProcess.openSession.bind(inProcess),
        executeActivity: inProcess.executeActivity.bind(inProcess),
        executeEntityBatch: (batch) => run(known, batch),
      };
    },
  };
}
