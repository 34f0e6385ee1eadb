import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { OrchestrationState } from "../../../src/core/orchestration-state.ts";
import type { TaskHubStore } from "../../../src/engine/backend.ts";
import { terminateDescendants } from "../../../src/engine/terminate-descendants.ts";
import {
  at,
  episodeStarted,
  executionStarted,
  subOrchestrationCompleted,
  subOrchestrationCreated,
} from "../../../src/testing/history-builder.ts";

interface Scripted {
  /** Seconds at which its row appears; `Infinity` for never. */
  readonly appears?: number;
  /** Seconds at which it ends. @defaultValue a second after its termination */
  readonly ends?: number;
  /** Nobody's child, but for the id. */
  readonly isAnother?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** Its children, by the second at which history tells of them. */
  readonly children?: Readonly<Record<string, number>>;
  readonly history?: readonly HistoryEvent[];
}

/** Terminates below `root`, in a hub where things happen at fixed times. */
async function terminateIn(hub: Readonly<Record<string, Scripted>>) {
  let now = at(0).getTime();
  const told = new Map<string, number>([["root", 0]]);
  const seconds = () => (now - at(0).getTime()) / 1000;
  const startOf = (id: string) => {
    const parentId = Object.keys(hub).find((other) => id in (hub[other]!.children ?? {}));
    if (parentId === undefined || hub[id]!.isAnother) return executionStarted("Child", { instanceId: id });
    const taskScheduleId = Object.keys(hub[parentId]!.children!).indexOf(id);
    const orchestrationInstance = { instanceId: parentId, executionId: "execution" };
    const parent = { name: "Parent", version: undefined, orchestrationInstance, taskScheduleId };
    return executionStarted("Child", { instanceId: id, parent });
  };
  const store: Pick<TaskHubStore, "getInstance" | "getHistory"> = {
    async getInstance(id) {
      const { appears = 0, ends = (told.get(id) ?? Number.POSITIVE_INFINITY) + 1, tags } = hub[id]!;
      if (seconds() < appears) return undefined;
      const runtimeStatus = seconds() < ends ? "Running" : "Terminated";
      return { instanceId: id, runtimeStatus, tags } as OrchestrationState;
    },
    async getHistory(id) {
      const { children = {}, history = [] } = hub[id]!;
      const known = Object.entries(children).filter(([, second]) => second <= seconds());
      const created = known.map(([child], index) => subOrchestrationCreated(index, "Child", child));
      return [episodeStarted(), startOf(id), ...created, ...history];
    },
  };
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  const terminate = async (id: string) => {
    expect(told.has(id)).toBe(false);
    told.set(id, seconds());
  };
  await terminateDescendants("root", { store, clock, terminate });
  told.delete("root");
  return { told: [...told.keys()].sort(), seconds: seconds() };
}

it("reads the children of an instance only when it has ended", async () => {
  const { told } = await terminateIn({
    root: { ends: 4, children: { early: 0, late: 3 } },
    early: { children: { grandchild: 5 } },
    late: {},
    grandchild: {},
  });

  expect(told).toEqual(["early", "grandchild", "late"]);
});

it("waits for a child whose start is on its way, and terminates the others meanwhile", async () => {
  const { told } = await terminateIn({
    root: { children: { slow: 0, quick: 0 } },
    slow: { appears: 8, children: { below: 0 } },
    quick: {},
    below: {},
  });

  expect(told).toEqual(["below", "quick", "slow"]);
});

it("leaves alone what answers nobody, what has answered, what has been told, and an earlier holder of a child's id", async () => {
  const twice = [subOrchestrationCreated(12, "Child", "child"), subOrchestrationCreated(13, "Child", "child")];
  const free = { ...subOrchestrationCreated(10, "Child", "free"), tags: { FireAndForget: "" } };
  const history = [...twice, free, subOrchestrationCreated(11, "Child", "done"), subOrchestrationCompleted(11)];
  const { told } = await terminateIn({
    root: { children: { child: 0, marked: 0, earlier: 0 }, history },
    child: {},
    marked: { tags: { FireAndForget: "" } },
    earlier: { isAnother: true },
    free: {},
    done: {},
  });

  expect(told).toEqual(["child"]);
});

it("does with what is known when nothing moves any more", async () => {
  const { told, seconds } = await terminateIn({
    root: { ends: Number.POSITIVE_INFINITY, children: { stuck: 0, gone: 0 } },
    stuck: { ends: Number.POSITIVE_INFINITY, children: { below: 0 } },
    gone: { appears: Number.POSITIVE_INFINITY },
    below: { ends: 0 },
  });

  expect(told).toEqual(["stuck"]);
  expect(seconds).toBeLessThan(15);
});
