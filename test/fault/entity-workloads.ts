import type { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import type { Workload } from "./workload.ts";

const start = (client: TaskHubClient, instanceId: string, name: string, input?: unknown): Promise<string> =>
  client.startInstance({ instanceId, name, input: input === undefined ? undefined : JSON.stringify(input) });

/** Signals, calls, a delayed signal, and an entity that signals another and starts an orchestration. */
const entities: Workload = {
  name: "entities",
  register(registry) {
    registry.addEntity({
      name: "tally",
      entity(context: EntityContext<number>) {
        const total = context.getState(() => 0) + context.getInput<number>();
        context.setState(total);
        if (context.operationName === "announce") {
          context.signalEntity("@journal@all", "note", `${context.entityKey} has ${total}`);
          context.startNewOrchestration("announced", total, { instanceId: "announced" });
        }
        return total;
      },
    });
    registry.addEntity({
      name: "journal",
      entity(context: EntityContext<readonly string[]>) {
        context.setState([...context.getState(() => []), context.getInput<string>()]);
      },
    });
    registry.addOrchestration({
      name: "tallier",
      *orchestrator(context) {
        context.signalEntity("@tally@a", "add", 1);
        context.signalEntity("@tally@later", "add", 10, { scheduledTime: { milliseconds: 200 } });
        const a = yield* context.callEntity<number>("@tally@a", "add", 2);
        const b = yield* context.callEntity<number>("@tally@b", "announce", 5);
        return [a, b];
      },
    });
    registry.addOrchestration({
      name: "announced",
      *orchestrator(context, total: number) {
        return yield* context.callEntity<number>("@tally@a", "add", total);
      },
    });
  },
  async prepare(client) {
    await start(client, "root", "tallier");
  },
  expected: [
    { id: "root", name: "tallier", status: "Completed", input: undefined, output: "[3,5]" },
    { id: "announced", name: "announced", status: "Completed", input: "5", output: "8" },
    { entity: "@tally@a", state: "8" },
    { entity: "@tally@b", state: "5" },
    { entity: "@tally@later", state: "10" },
    { entity: "@journal@all", state: '["b has 5"]' },
  ],
};

/** Two who lock the same accounts and move money between them; each sees all of it. */
const transfer: Workload = {
  name: "transfer",
  register(registry) {
    registry.addEntity({
      name: "account",
      entity(context: EntityContext<number>) {
        const balance = context.getState(() => 100) + context.getInput<number>();
        context.setState(balance);
        return balance;
      },
    });
    registry.addOrchestration({
      name: "mover",
      *orchestrator(context, [from, to, amount]: [string, string, number]) {
        const lock = yield* context.lock(from, to);
        const left = yield* context.callEntity<number>(from, "add", -amount);
        const right = yield* context.callEntity<number>(to, "add", amount);
        lock.release();
        return left + right;
      },
    });
  },
  async prepare(client) {
    await start(client, "there", "mover", ["@account@a", "@account@b", 30]);
    await start(client, "back", "mover", ["@account@b", "@account@a", 20]);
  },
  expected: [
    { id: "there", name: "mover", status: "Completed", input: '["@account@a","@account@b",30]', output: "200" },
    { id: "back", name: "mover", status: "Completed", input: '["@account@b","@account@a",20]', output: "200" },
    { entity: "@account@a", state: "90" },
    { entity: "@account@b", state: "110" },
  ],
};

export const entityWorkloads: readonly Workload[] = [entities, transfer];
