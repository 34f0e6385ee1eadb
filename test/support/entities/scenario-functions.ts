import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { isTaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import type { EntityContext } from "../../../src/worker/entities/entity-context.ts";
import type { Registry } from "../../../src/worker/registry.ts";
import type { EntityHistory } from "./entity-history.ts";
import { type EntityStep, firstBalance, type ScenarioStep, toldList } from "./entity-scenario.ts";

/** Result of an operation that throws. */
export const failedResult = "failed";

class Counter {
  value = 0;

  add(amount: number): number {
    this.value += amount;
    return this.value;
  }

  read(): number {
    return this.value;
  }

  fail(): void {
    this.value = -1;
    throw new Error("no");
  }
}

function list(context: EntityContext<readonly string[]>): unknown {
  const items = context.getState(() => []);
  if (context.operationName === "read") return items;
  const added = [...items, context.getInput<string>()];
  context.setState(added);
  if (context.operationName === "tell") {
    context.signalEntity(toldList, "append", `${context.entityId} ${context.getInput()}`);
  }
  if (context.operationName === "fail") throw new Error("no");
  return added.length;
}

function account(context: EntityContext<number>): number {
  const balance = context.getState(() => firstBalance) + (context.getInput<number | undefined>() ?? 0);
  if (context.operationName === "add") context.setState(balance);
  return balance;
}

/** The entities of scenarios and the orchestration that calls them, which records what it sees. */
export function registerScenario(registry: Registry, history: EntityHistory): void {
  registry.addEntity({ name: "counter", entity: Counter });
  for (const name of ["list", "told"]) registry.addEntity({ name, entity: list });
  registry.addEntity({ name: "account", entity: account });
  registry.addOrchestration({
    name: "caller",
    *orchestrator(context, steps: readonly ScenarioStep[]) {
      const run = new CallerRun(context, history);
      for (const step of steps) yield* run.do(step);
      run.end();
    },
  });
}

type Run = Generator<unknown, void, unknown>;

/** One run of a caller's code, from its beginning. */
class CallerRun {
  readonly #context: OrchestrationContext;
  readonly #history: EntityHistory;
  #count = 0;
  /** Left to the end of the orchestration. */
  #openSection: string | undefined;

  constructor(context: OrchestrationContext, history: EntityHistory) {
    this.#context = context;
    this.#history = history;
  }

  *do(step: ScenarioStep): Run {
    switch (step.kind) {
      case "call":
        return yield* this.#call(step);
      case "signal":
        return this.#signal(step, step.delayMs);
      case "together":
        return yield* this.#together(step.calls);
      case "sleep":
        yield this.#context.createTimer({ milliseconds: step.ms });
        return;
      case "section":
        return yield* this.#section(step);
    }
  }

  /** The code returns, and locks are given back. */
  end(): void {
    if (this.#openSection !== undefined) this.#history.leave(this.#openSection);
  }

  *#call(step: EntityStep, section?: string): Run {
    const id = this.#ask(step, true, section);
    try {
      this.#history.see(id, yield* this.#context.callEntity(step.entity, step.operation, step.input));
    } catch (error) {
      if (!isTaskFailedError(error)) throw error;
      this.#history.see(id, failedResult);
    }
  }

  #signal({ entity, operation, input }: EntityStep, delayMs?: number): void {
    this.#ask({ entity, operation, ...(input !== undefined && { input }) }, delayMs === undefined);
    const options = delayMs === undefined ? {} : { scheduledTime: { milliseconds: delayMs } };
    this.#context.signalEntity(entity, operation, input, options);
  }

  *#together(calls: readonly EntityStep[]): Run {
    const ids = calls.map((step) => this.#ask(step, true));
    const tasks = calls.map((step) => this.#context.callEntity(step.entity, step.operation, step.input));
    const results = yield* this.#context.all(tasks);
    for (const [index, id] of ids.entries()) this.#history.see(id, results[index]);
  }

  *#section({ entities, calls, pauseMs, isReleased }: Extract<ScenarioStep, { kind: "section" }>): Run {
    const caller = this.#context.instanceId;
    const id = `${caller} section ${++this.#count}`;
    const lock = yield* this.#context.lock(entities);
    this.#history.enter({ id, caller, entities });
    for (const [index, step] of calls.entries()) {
      yield* this.#call(step, id);
      if (index === 0 && pauseMs > 0) yield this.#context.createTimer({ milliseconds: pauseMs });
    }
    if (!isReleased) {
      this.#openSection = id;
      return;
    }
    this.#history.leave(id);
    lock.release();
  }

  #ask({ entity, operation, input }: EntityStep, isOrdered: boolean, section?: string): string {
    const caller = this.#context.instanceId;
    const order = ++this.#count;
    const id = `${caller} ${order}`;
    const call = { entity, operation, ...(input !== undefined && { input }) };
    this.#history.ask(id, { ...call, caller, order: isOrdered ? order : undefined, section });
    return id;
  }
}
