import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { mapConcurrently } from "../../src/core/map-concurrently.ts";

import type { Side } from "./sides.ts";
import type { Stage } from "./stage.ts";

/** An instance that one side begins and the other ends. */
export interface Takeover {
  readonly name: string;
  /** Up to the point at which the first worker goes. */
  begin(stage: Stage): Promise<void>;
  /** What the client of the second side does, and what comes of it. */
  end(stage: Stage): Promise<void>;
}

const go = (
  orchestration: string,
  input: unknown,
  ready: (stage: Stage) => Promise<void>,
  output: unknown,
): Takeover => ({
  name: orchestration,
  async begin(stage) {
    await stage.start(orchestration, input);
    await ready(stage);
  },
  async end(stage) {
    await stage.raise("Go", "Oslo");
    await stage.completes(output);
  },
});

const unattended = (
  orchestration: string,
  input: unknown,
  ready: (stage: Stage) => Promise<void>,
  output: unknown,
) => ({
  name: orchestration,
  async begin(stage: Stage) {
    await stage.start(orchestration, input);
    await ready(stage);
  },
  end: (stage: Stage) => stage.completes(output),
});

const named = (name: string, takeover: Takeover): Takeover => ({ ...takeover, name });
const hasAnswer = (stage: Stage) => stage.has("TaskCompleted");
const begun = async () => undefined;

/** Long enough that the first worker is gone by then. */
const later = { seconds: 20, startMs: 20_000 };

/** The half-done instances of the comparison with the library. */
export const takeovers: readonly Takeover[] = [
  named("waits for an event", go("WaitGo", undefined, hasAnswer, ["Hello before!", "Hello Oslo!"])),
  {
    name: "waits for a child that waits",
    async begin(stage) {
      await stage.start("ParentNamed");
      await stage.has("TaskCompleted", 1, "-child");
    },
    async end(stage) {
      await stage.raise("Go", "Rome", "-child");
      await stage.completes(["Hello before!", "Hello Rome!"]);
    },
  },
  named(
    "waits for a timer",
    unattended("Timer", later.seconds, (stage) => stage.has("TimerCreated"), ["Hello before!", "Hello after!"]),
  ),
  named(
    "waits for an event or a timer",
    go("Race", 300, (stage) => stage.has("TimerCreated"), "Oslo"),
  ),
  {
    name: "has two of five events",
    async begin(stage) {
      await stage.start("Events");
      await hasAnswer(stage);
      for (const value of [1, 2]) await stage.raise("Go", value);
      await stage.has("EventRaised", 2);
    },
    async end(stage) {
      await stage.raise("gO", 3);
      await stage.raise("Other", "o");
      await stage.completes(["Hello before!", 1, 2, 3, "o"]);
    },
  },
  {
    name: "is in its last generation, with one of two events",
    async begin(stage) {
      await stage.start("Loop", 2);
      await stage.has("ExecutionStarted");
      await stage.raise("Go", 1);
      await stage.hub.until(stage.id, async () => {
        const events = await stage.hub.history(stage.id);
        const isLast = events.some((row) => row["EventType"] === "ExecutionStarted" && row["Input"] === "0");
        const has = (type: string) => events.some((row) => row["EventType"] === type);
        return isLast && has("TaskCompleted") && has("EventRaised");
      });
    },
    async end(stage) {
      await stage.raise("Go", 2);
      await stage.completes([1, 2]);
    },
  },
  {
    name: "has set a custom status",
    async begin(stage) {
      await stage.start("Status");
      await stage.hub.until(stage.id, (row) => String(row?.["CustomStatus"]).includes("€"));
    },
    async end(stage) {
      await stage.raise("Go", 1);
      await stage.completes("ok");
      expect(await stage.client.status(stage.id)).toMatchObject({ customStatus: '"done"' });
    },
  },
  {
    name: "is suspended, with an event",
    async begin(stage) {
      await stage.start("WaitGo");
      await hasAnswer(stage);
      await stage.client.suspend(stage.id, "pause");
      await stage.hub.hasStatus(stage.id, "Suspended");
      await stage.raise("Go", "Oslo");
      await stage.has("EventRaised");
    },
    async end(stage) {
      await stage.client.resume(stage.id, "go on");
      await stage.completes(["Hello before!", "Hello Oslo!"]);
    },
  },
  named(
    "waits after a fan-out",
    go("FanWait", 30, (stage) => stage.has("TaskCompleted", 30), 60),
  ),
  named("holds a large payload", go("LargeWait", "L".repeat(60_000), hasAnswer, 60_000)),
  {
    name: "fails later",
    async begin(stage) {
      await stage.start("FailLater");
      await hasAnswer(stage);
    },
    async end(stage) {
      await stage.raise("Go", 1);
      await stage.fails();
    },
  },
  {
    name: "waits for a child that fails later",
    async begin(stage) {
      await stage.start("ParentFailLater");
      await stage.has("TaskCompleted", 1, "-child");
    },
    async end(stage) {
      await stage.raise("Go", 1, "-child");
      await stage.completes("caught");
    },
  },
  named(
    "has caught a failure",
    go("CatchWait", undefined, (stage) => stage.has("TaskFailed"), ["caught", "Hello x!"]),
  ),
  named("is between two attempts", unattended("Retrying", 1, begun, "after 1")),
  named("runs slow activities", unattended("SlowFan", 60, begun, 60)),
  named(
    "has run some of its slow activities",
    unattended("SlowFan", 60, (stage) => stage.has("TaskCompleted", 3), 60),
  ),
  {
    name: "is terminated by the successor",
    async begin(stage) {
      await stage.start("WaitGo");
      await hasAnswer(stage);
    },
    async end(stage) {
      await stage.client.terminate(stage.id, "enough");
      await stage.hub.ended(stage.id);
      expect(await stage.client.status(stage.id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    },
  },
  {
    name: "is scheduled",
    async begin(stage) {
      await stage.start("Echo", "s", { startMs: later.startMs });
      await stage.hub.hasStatus(stage.id, "Pending");
    },
    end: (stage) => stage.completes("s"),
  },
  ...["Rewindable", "ParentRewind"].map((orchestration) => ({
    name: `is rewound by the successor: ${orchestration}`,
    async begin(stage: Stage) {
      await stage.start(orchestration, stage.break());
      await stage.fails();
      // A .NET worker takes a failure that comes back after a crash for the answer to the rewind: not before its message
      // is gone.
      await sleep(1500);
    },
    async end(stage: Stage) {
      stage.mend();
      await stage.client.rewind(stage.id, "mended");
      await stage.hub.hasStatus(stage.id, "Completed");
      await stage.completes(["Hello first!", "flag is gone", "Hello last!"]);
    },
  })),
];

export interface Handover {
  readonly first: Side;
  readonly second: Side;
  readonly how: "killed" | "stopped";
  /** By whose client it is begun and ended. */
  stageFor(takeover: Takeover, client: Side): Stage;
}

/** So many at a time: the emulator has other hubs to serve. */
const lanes = 10;

/** Each outcome is awaited by its test; the first worker is gone when the second comes. */
export async function handOver(
  { first, second, how, stageFor }: Handover,
  chosen: readonly Takeover[],
): Promise<ReadonlyMap<string, PromiseSettledResult<void>>> {
  const mortal = how === "killed" ? await first.startMortalWorker() : undefined;
  if (mortal === undefined) await first.startWorker();
  const settled = (work: Promise<void>) => Promise.allSettled([work]).then(([outcome]) => outcome);
  const begun = await mapConcurrently(chosen, lanes, (each) => settled(each.begin(stageFor(each, first))));
  if (mortal === undefined) await first.stopWorker();
  else await mortal.kill();
  await second.startWorker();
  const ended = await Promise.allSettled(
    chosen.map(async (takeover, index) => {
      const beginning = begun[index]!;
      if (beginning.status === "rejected") throw beginning.reason;
      await takeover.end(stageFor(takeover, second));
    }),
  );
  return new Map(chosen.map(({ name }, index) => [name, ended[index]!]));
}
