import { EntityId } from "../../core/entity-id.ts";
import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import type { TaskFailedError } from "../../orchestration/task-failed-error.ts";
import type { EntityContext } from "../../worker/entities/entity-context.ts";
import type { Registry } from "../../worker/registry.ts";
import { type Behaviour, behaviour, completed, onceRecorded } from "./behaviour.ts";

class Counter {
  value = 0;

  add(amount: number): number {
    this.value += amount;
    return this.value;
  }

  get(): number {
    return this.value;
  }

  async addLater(amount: number): Promise<number> {
    await Promise.resolve();
    return this.add(amount);
  }

  fail(amount: number, context: EntityContext): never {
    this.value += amount;
    context.signalEntity({ name: "counter", key: `${context.entityKey}/other` }, "add", 1);
    throw new RangeError(`cannot add ${amount}`, { cause: new TypeError("the cause") });
  }

  tell(other: string, context: EntityContext): void {
    context.signalEntity({ name: "COUNTER", key: other }, "add", this.value);
  }

  start(instanceId: string, context: EntityContext): string {
    return context.startNewOrchestration("is started by an entity", this.value, { instanceId });
  }
}

/** Registers what the behaviours of entities use. */
export function registerEntities(registry: Registry): void {
  registry.addEntity({ name: "Counter", entity: Counter });
  registry.addEntity({
    name: "notes",
    entity: (context: EntityContext<readonly string[]>) => {
      const notes = context.df.getState(() => []);
      if (context.df.operationName === "write") context.df.setState([...notes, context.df.getInput<string>()]);
      else if (context.df.operationName === "forget") context.df.destructOnExit();
      else context.df.return(context.df.isNewlyConstructed ? "nothing yet" : notes);
    },
  });
  registry.addOrchestration({ name: "is started by an entity", orchestrator: (context) => context.getInput() });
  registry.addOrchestration({
    name: "locks and fails",
    *orchestrator(context: OrchestrationContext) {
      yield context.lock({ name: "counter", key: context.getInput<string>() });
      throw new Error("while it holds a lock");
    },
  });
}

/** An entity that no other run of a behaviour uses. */
function own(context: OrchestrationContext, name = "counter", suffix = ""): EntityId {
  return new EntityId(name, `${context.instanceId}${suffix}`);
}

/** Entities as orchestrations use them. */
export const entities: readonly Behaviour[] = [
  behaviour({ name: "signals an entity and calls it", expected: completed([5, 12, 12]) }, function* (ctx) {
    const counter = own(ctx);
    ctx.signalEntity(counter, "add", 5);
    return [
      yield ctx.callEntity(counter, "get"),
      yield ctx.callEntity(counter, "add", 7),
      yield ctx.callEntity(new EntityId("COUNTER", ctx.instanceId), "GET"),
    ];
  }),
  behaviour({ name: "uses an entity as an object", expected: completed([3, 10]) }, function* (ctx) {
    const counter = ctx.entity<Counter>("counter", ctx.instanceId);
    counter.signal.add(3);
    return [yield counter.get(), yield counter.addLater(7)];
  }),
  behaviour(
    { name: "keeps the order of its signals", expected: completed(Array.from({ length: 40 }, (_, n) => `note ${n}`)) },
    function* (ctx) {
      const notes = own(ctx, "notes");
      for (let n = 0; n < 40; n++) ctx.signalEntity(notes, "write", `note ${n}`);
      return yield ctx.callEntity(notes, "read");
    },
  ),
  behaviour({ name: "deletes an entity", expected: completed([["a"], "nothing yet"]) }, function* (ctx) {
    const notes = own(ctx, "notes");
    ctx.signalEntity(notes, "write", "a");
    const before = yield ctx.callEntity(notes, "read");
    ctx.signalEntity(notes, "forget");
    return [before, yield ctx.callEntity(notes, "read")];
  }),
  behaviour(
    {
      name: "learns of a failed operation, which has changed nothing",
      expected: completed([["RangeError", "cannot add 5", "TypeError"], "EntityOperationNotFound", 1, 0]),
    },
    function* (ctx) {
      const counter = own(ctx);
      ctx.signalEntity(counter, "add", 1);
      let failure: unknown;
      try {
        yield ctx.callEntity(counter, "fail", 5);
      } catch (error) {
        const { errorType, errorMessage, innerFailure } = (error as TaskFailedError).failureDetails;
        failure = [errorType, errorMessage, innerFailure?.errorType];
      }
      let missing: unknown;
      try {
        yield ctx.callEntity(counter, "noSuchOperation");
      } catch (error) {
        missing = (error as TaskFailedError).failureDetails.errorType;
      }
      const other = own(ctx, "counter", "/other");
      return [failure, missing, yield ctx.callEntity(counter, "get"), yield ctx.callEntity(other, "get")];
    },
  ),
  behaviour({ name: "delays a signal", expected: completed([0, 4]) }, function* (ctx) {
    const counter = own(ctx);
    const dueAt = new Date(ctx.currentUtcDateTime.getTime() + 2000);
    ctx.signalEntity(counter, "add", 4, { scheduledTime: dueAt });
    const early = yield ctx.callEntity(counter, "get");
    // The timer and the signal are due at once, and may come in either order.
    yield ctx.createTimer(new Date(dueAt.getTime() + 1500));
    return [early, yield ctx.callEntity(counter, "get")];
  }),
  behaviour(
    { name: "has an entity tell another and start an orchestration", expected: completed([2, true]) },
    function* (ctx) {
      const counter = own(ctx);
      const other = `${ctx.instanceId}/told`;
      ctx.signalEntity(counter, "add", 2);
      yield ctx.callEntity(counter, "tell", other);
      const started = yield ctx.callEntity(counter, "start", `${ctx.instanceId}-started`);
      // The signal has a way of its own to go.
      yield ctx.createTimer(1500);
      return [yield ctx.callEntity({ name: "counter", key: other }, "get"), started === `${ctx.instanceId}-started`];
    },
  ),
  behaviour({ name: "locks two entities", expected: completed([false, true, 2, [-5, 5], false]) }, function* (ctx) {
    const [from, to] = [own(ctx, "counter", "-giving"), own(ctx, "counter", "-taking")];
    const before = ctx.isLocked().isLocked;
    const lock = yield ctx.lock(to, from);
    const { isLocked, ownedLocks } = ctx.isLocked();
    yield ctx.callEntity(from, "add", -5);
    yield ctx.callEntity(to, "add", 5);
    lock.release();
    const sums = [yield ctx.callEntity(from, "get"), yield ctx.callEntity(to, "get")];
    return [before, isLocked, ownedLocks.length, sums, ctx.isLocked().isLocked];
  }),
  behaviour({ name: "gives its locks back when it fails", expected: completed([true, 1]) }, function* (ctx) {
    const counter = own(ctx);
    let hasFailed = false;
    try {
      yield ctx.callSubOrchestrator("locks and fails", ctx.instanceId);
    } catch {
      hasFailed = true;
    }
    return [hasFailed, yield ctx.callEntity(counter, "add", 1)];
  }),
  behaviour(
    {
      name: "gives its locks back when it is terminated",
      expected: { runtimeStatus: "Terminated" },
      drive: onceRecorded("EventSent", async (client, instanceId) => {
        await client.terminate(instanceId, "enough");
        const answer = await client.entities.call(
          { name: "counter", key: instanceId },
          { operation: "add", input: "1" },
        );
        if (answer.kind !== "completed" || answer.result !== "1") throw new Error("the entity is locked");
      }),
    },
    function* (ctx) {
      yield ctx.lock(own(ctx));
      yield ctx.waitForExternalEvent("never");
    },
  ),
];
