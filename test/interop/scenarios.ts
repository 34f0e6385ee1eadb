import { expect } from "vitest";
import type { Stage } from "./stage.ts";

export interface Scenario {
  readonly name: string;
  /** @defaultValue made of the name */
  readonly instanceId?: string;
  /** Our client refuses its id, as the client of the Functions extension does. */
  readonly isRefusedByUs?: boolean;
  run(stage: Stage): Promise<void>;
}

export const hello = ["Hello Tokyo!", "Hello Seattle!", "Hello London!"];
const texts = { small: "naïve 世界 🌍 \u2028 <&>'\" tab\t\\", umlauts: "é".repeat(20 * 1024) };
const kib = (count: number) => "x".repeat(count * 1024);
const tags = { "b key": "ä\"'\\", a: "" };

const echo = (name: string, value: unknown): Scenario => ({
  name,
  async run(stage) {
    await stage.start("Echo", value);
    await stage.echoes(value);
  },
});

const odd = (instanceId: string, isRefusedByUs: boolean): Scenario => ({
  name: `an instance called ${instanceId.slice(0, 40)}`,
  instanceId,
  isRefusedByUs,
  async run(stage) {
    await stage.start("Hello");
    await stage.completes(hello);
  },
});

/** The 30 of the comparison with the library, and ids of every kind. */
export const scenarios: readonly Scenario[] = [
  {
    name: "a sequence of activities",
    async run(stage) {
      await stage.start("Hello", "x");
      await stage.completes(hello);
    },
  },
  {
    name: "a fan-out of 40",
    async run(stage) {
      await stage.start("FanOut", 40);
      await stage.completes(40);
    },
  },
  {
    name: "a child with an id of its own",
    async run(stage) {
      await stage.start("Parent", 1);
      await stage.completes(hello);
    },
  },
  {
    name: "a child of a given id, which waits",
    async run(stage) {
      await stage.start("ParentNamed", null, { tags: { region: "eu" } });
      await stage.has("TaskCompleted", 1, "-child");
      await stage.raise("Go", "Rome", "-child");
      await stage.completes(["Hello before!", "Hello Rome!"]);
      const child = await stage.client.status(`${stage.id}-child`);
      expect(child).toMatchObject({ parentInstanceId: stage.id, tags: { region: "eu" } });
    },
  },
  {
    name: "a child that fails",
    async run(stage) {
      await stage.start("ParentFailing");
      await stage.fails();
    },
  },
  {
    name: "a child that nobody waits for",
    async run(stage) {
      await stage.start("Detached");
      await stage.completes("Hello after!");
      await stage.hub.ended(`${stage.id}-detached`);
    },
  },
  {
    name: "a timer",
    async run(stage) {
      await stage.start("Timer", 2);
      await stage.completes(["Hello before!", "Hello after!"]);
    },
  },
  {
    name: "a race that a timer loses",
    async run(stage) {
      await stage.start("Race", 300);
      await stage.has("TimerCreated");
      await stage.raise("Go", "won");
      await stage.completes("won");
    },
  },
  {
    name: "events, two of them early, one in another case",
    async run(stage) {
      await stage.start("Events");
      // An event for an instance that has not begun is lost where .NET runs it.
      await stage.has("ExecutionStarted");
      for (const value of [1, 2]) await stage.raise("Go", value);
      await stage.has("EventRaised", 2);
      await stage.raise("gO", 3);
      await stage.raise("Other", "o");
      await stage.completes(["Hello before!", 1, 2, 3, "o"]);
    },
  },
  {
    name: "generations, with events that are carried over",
    async run(stage) {
      await stage.start("Loop", 3);
      await stage.has("ExecutionStarted");
      await stage.raise("Go", 1);
      await stage.raise("Go", 2);
      await stage.hub.ended(stage.id);
      // .NET sends a kept event again, behind later ones.
      const { output } = (await stage.client.status(stage.id))!;
      expect((JSON.parse(output!) as number[]).sort()).toEqual([1, 2]);
    },
  },
  {
    name: "a failing activity",
    async run(stage) {
      await stage.start("Failing");
      await stage.fails();
      expect((await stage.client.status(stage.id))!.output).toContain("no luck");
    },
  },
  {
    name: "an orchestrator that throws",
    async run(stage) {
      await stage.start("Throwing");
      await stage.fails();
      expect((await stage.client.status(stage.id))!.output).toContain("thrown by the orchestrator");
    },
  },
  {
    name: "a failure that is caught",
    async run(stage) {
      await stage.start("Catching");
      await stage.completes("caught");
    },
  },
  {
    name: "a retry",
    async run(stage) {
      await stage.start("Retrying", 2);
      await stage.completes("after 2");
    },
  },
  {
    name: "a custom status",
    async run(stage) {
      await stage.start("Status");
      await stage.hub.until(stage.id, (row) => String(row?.["CustomStatus"]).includes("€ 🌍"));
      await stage.raise("Go", 1);
      await stage.completes("ok");
      expect(await stage.client.status(stage.id)).toMatchObject({ customStatus: '"done"' });
    },
  },
  {
    name: "an event while it is suspended",
    async run(stage) {
      await stage.start("WaitGo");
      await stage.has("TaskCompleted");
      await stage.client.suspend(stage.id, "pause");
      await stage.hub.hasStatus(stage.id, "Suspended");
      await stage.raise("Go", "Oslo");
      await stage.has("EventRaised");
      expect((await stage.client.status(stage.id))!.runtimeStatus).toBe("Suspended");
      await stage.client.resume(stage.id, "go on");
      await stage.completes(["Hello before!", "Hello Oslo!"]);
    },
  },
  {
    name: "a termination, and another start under the id",
    async run(stage) {
      await stage.start("WaitGo");
      await stage.has("TaskCompleted");
      await stage.client.terminate(stage.id, "enough");
      await stage.hub.ended(stage.id);
      const first = await stage.client.status(stage.id);
      expect(first).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
      await stage.start("Quick", "again");
      await stage.hub.hasStatus(stage.id, "Completed");
      await stage.completes("again");
      expect((await stage.client.status(stage.id))!.executionId).not.toBe(first!.executionId);
    },
  },
  ...["Rewindable", "ParentRewind"].map((orchestration) => ({
    name: orchestration === "Rewindable" ? "a rewind" : "a rewind of a parent",
    async run(stage: Stage) {
      await stage.start(orchestration, stage.break());
      await stage.fails();
      stage.mend();
      await stage.client.rewind(stage.id, "mended");
      await stage.hub.hasStatus(stage.id, "Completed");
      await stage.completes(["Hello first!", "flag is gone", "Hello last!"]);
    },
  })),
  {
    name: "an event of another orchestration",
    async run(stage) {
      await stage.client.start(`${stage.id}-target`, "Waiter");
      await stage.has("ExecutionStarted", 1, "-target");
      await stage.start("SendTo", `${stage.id}-target`);
      await stage.completes("Hello sent!");
      expect(await stage.hub.ended(`${stage.id}-target`)).toMatchObject({ Output: '"Oslo"' });
    },
  },
  {
    name: "a version",
    async run(stage) {
      await stage.start("Version", undefined, { version: "2.0" });
      await stage.completes(["2.0", "Hello 2.0!"]);
      expect(await stage.client.status(stage.id)).toMatchObject({ version: "2.0" });
    },
  },
  {
    name: "tags",
    async run(stage) {
      await stage.start("Echo", "x", { tags });
      await stage.completes("x");
      expect((await stage.client.status(stage.id))!.tags).toEqual(tags);
    },
  },
  echo("text that JSON escapes", texts.small),
  echo("a date, as it is", { date: "2026-06-24T10:00:00.1Z" }),
  echo("20 Ki umlauts", texts.umlauts),
  echo("40 KiB", kib(40)),
  echo("60 KiB", kib(60)),
  echo("1 MiB", kib(1024)),
  {
    name: "a scheduled start",
    async run(stage) {
      await stage.start("Echo", "s", { startMs: 3000 });
      await stage.completes("s");
    },
  },
  {
    name: "a timer of 8 days, terminated",
    async run(stage) {
      await stage.start("LongTimer", 8);
      await stage.has("TimerCreated");
      await stage.client.terminate(stage.id, "enough");
      await stage.hub.ended(stage.id);
      expect(await stage.client.status(stage.id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    },
  },
  odd("odd ^ b'ü 世", false),
  odd("%2F+&= %25", false),
  odd("a".repeat(100), false),
  odd("order/2024#1?x", true),
  odd("back\\slash ^ and ' quote", true),
];

/** Runs all at once, so many at a time. Each outcome is awaited by its test. */
export function runScenarios(
  stageFor: (scenario: Scenario) => Stage,
  chosen: readonly Scenario[],
  lanes: number,
): ReadonlyMap<string, Promise<void>> {
  const outcomes = new Map<string, PromiseWithSettlers>();
  for (const { name } of chosen) outcomes.set(name, withSettlers());
  const waiting = [...chosen];
  const lane = async () => {
    for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
      const { resolve, reject } = outcomes.get(scenario.name)!;
      await scenario.run(stageFor(scenario)).then(resolve, reject);
    }
  };
  for (let i = 0; i < lanes; i++) void lane();
  return new Map([...outcomes].map(([name, { promise }]) => [name, promise]));
}

interface PromiseWithSettlers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** Its rejection is seen by whoever awaits it, however late. */
function withSettlers(): PromiseWithSettlers {
  let settle: Omit<PromiseWithSettlers, "promise">;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return { promise, ...settle! };
}
