import { expect, it } from "vitest";
import type { OrchestrationState } from "../../../src/core/orchestration-state.ts";
import { type ToldChange, waitForInstance } from "../../../src/core/wait-for-instance.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An instance, how often it is looked at, and a process that works on it or not. */
function setUp(isLocal: boolean) {
  const clock = new SteppedClock();
  let [status, looks, isUnderWay] = ["Running", 0, isLocal];
  let tell: (change: ToldChange) => void = () => {};
  const read = async (ended?: OrchestrationState) => {
    if (ended !== undefined) return ended;
    looks++;
    return { runtimeStatus: status } as OrchestrationState;
  };
  const local = {
    isUnderWay: () => isUnderWay,
    waitForChange: (_: string, ms: number, signal?: AbortSignal) =>
      Promise.race([
        new Promise<ToldChange>((resolve) => (tell = resolve)),
        clock.sleep(ms, signal).then(() => undefined),
      ]),
  };
  const change = async (to: string, told: ToldChange = {}) => {
    status = to;
    isUnderWay = isLocal && to === "Running";
    tell(told);
    await turn();
  };
  const wait = (options = {}) => waitForInstance("i", "ended", options, { read, clock, local });
  const advance = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await turn();
      clock.advance(Math.min(clock.nextWakeAt ?? end, end) - clock.now());
    }
    await turn();
  };
  return { wait, change, advance, looks: () => looks, takeOver: () => (isUnderWay = false) };
}

it("an instance of this process is looked at once: when it has ended", async () => {
  const { wait, change, advance, looks } = setUp(true);
  const waiting = wait();
  await advance(1000);
  await change("Running");
  expect(looks()).toBe(0);

  await change("Completed");

  expect(await waiting).toMatchObject({ runtimeStatus: "Completed" });
  expect(looks()).toBe(1);
});

it("an instance whose end is told whole is not looked at", async () => {
  const { wait, change, looks } = setUp(true);
  const waiting = wait();
  const ended = { runtimeStatus: "Completed", output: "1" } as OrchestrationState;
  await turn();

  await change("Completed", { ended });

  expect(await waiting).toBe(ended);
  expect(looks()).toBe(0);
});

it("should another worker take the instance over, it is looked at again within seconds", async () => {
  const { wait, change, advance, takeOver, looks } = setUp(true);
  const waiting = wait();
  await turn();
  takeOver();
  await advance(7000);
  expect(looks()).toBeGreaterThan(1);

  await change("Completed");
  await advance(1000);

  expect(await waiting).toMatchObject({ runtimeStatus: "Completed" });
});

it("an instance of another process is looked at ever less often", async () => {
  const { wait, advance, change, looks } = setUp(false);
  const waiting = wait();
  await advance(10_000);
  const soFar = looks();
  await advance(10_000);

  expect(soFar).toBeLessThan(60);
  expect(looks() - soFar).toBeLessThanOrEqual(11);
  await change("Completed");
  await advance(1000);
  await waiting;
});

it("a wait of no time looks once, also at an instance of this process", async () => {
  const { wait, looks } = setUp(true);

  await expect(wait({ timeoutMs: 0 })).rejects.toMatchObject({ code: "TaskTimeout" });

  expect(looks()).toBe(1);
});

it("a wait that is aborted ends", async () => {
  const { wait } = setUp(true);
  const stop = new AbortController();
  const waiting = wait({ signal: stop.signal });
  await turn();
  stop.abort();

  await expect(waiting).rejects.toMatchObject({ code: "Aborted" });
});
