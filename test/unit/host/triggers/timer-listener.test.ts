import { beforeEach, expect, it } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import type { TypedData } from "../../../../src/host/app/typed-data.ts";
import type { TimerTrigger } from "../../../../src/host/triggers/local-trigger.ts";
import { findTimeZone } from "../../../../src/host/triggers/schedule/time-zone.ts";
import { parseSchedule } from "../../../../src/host/triggers/schedule/timer-schedule.ts";
import { LeaseLock, noLock, type SingletonLock } from "../../../../src/host/triggers/singleton-lock.ts";
import { TimerListener } from "../../../../src/host/triggers/timer-listener.ts";
import { parseStatus } from "../../../../src/host/triggers/timer-status.ts";
import type { TriggerBlob } from "../../../../src/host/triggers/trigger-storage.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

const utc = findTimeZone("UTC")!;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let clock: SteppedClock;
let lines: string[];
/** The times of the calls, with what they were told. */
let calls: string[];

beforeEach(() => {
  clock = new SteppedClock();
  lines = [];
  calls = [];
});

const events = createEventLog({ log: (level, name, text) => lines.push(`${level} ${name} ${text}`) });

/** A blob with a lease, and storage that may be away. */
class MemoryBlob implements TriggerBlob {
  text: string | undefined;
  isAway = false;
  #owner: { readonly id: string; until: number } | undefined;

  async read() {
    this.#assertThere();
    return this.text;
  }
  async write(text: string) {
    this.#assertThere();
    this.text = text;
  }
  async acquireLease(id: string, seconds: number) {
    this.#assertThere();
    if (this.#owner !== undefined && this.#owner.until > clock.now() && this.#owner.id !== id) return false;
    this.#owner = { id, until: clock.now() + seconds * 1000 };
    return true;
  }
  async renewLease(id: string) {
    this.#assertThere();
    if (this.#owner?.id !== id) return false;
    this.#owner.until = clock.now() + 15_000;
    return true;
  }
  async releaseLease(id: string) {
    if (this.#owner?.id === id) this.#owner = undefined;
  }
  #assertThere() {
    if (this.isAway) throw new Error("storage is away");
  }
}

function listen(
  text: string,
  options: {
    readonly monitor?: TriggerBlob;
    readonly lock?: SingletonLock;
    readonly runOnStartup?: boolean;
    readonly name?: string;
    readonly call?: () => Promise<void>;
  } = {},
) {
  const { monitor, lock = noLock, runOnStartup = false, name = "", call = async () => {} } = options;
  const trigger: TimerTrigger = {
    kind: "timer",
    text,
    schedule: parseSchedule(text, utc),
    runOnStartup,
    useMonitor: monitor !== undefined,
  };
  const listener = new TimerListener({
    functionName: "tick",
    trigger,
    zone: utc,
    lock,
    monitor,
    clock,
    events,
    call: async (input: TypedData) => {
      const { IsPastDue } = JSON.parse(input.json!) as { IsPastDue: boolean };
      calls.push(`${name}${new Date(clock.now()).toISOString().slice(5, 19)}${IsPastDue ? " past due" : ""}`);
      await call();
    },
  });
  listener.start();
  return listener;
}

let ids = 0;
const random = { guid: () => `lease-${ids++}`, number: () => 0.5 };

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** Lets time pass as sleepers ask for it. */
async function pass(ms: number) {
  const end = clock.now() + ms;
  await settle();
  while ((clock.nextWakeAt ?? Number.POSITIVE_INFINITY) <= end) {
    clock.advance(clock.nextWakeAt! - clock.now());
    await settle();
  }
  clock.advance(end - clock.now());
  await settle();
}

it("a function is called when its schedule says so, and not at the start", async () => {
  listen("0 */20 * * * *");
  await pass(hourMs);

  expect(calls).toEqual(["01-01T00:20:00", "01-01T00:40:00", "01-01T01:00:00"]);
});

it("one that runs at the start goes by its schedule afterwards", async () => {
  listen("0 */30 * * * *", { runOnStartup: true });
  await pass(hourMs);

  expect(calls).toEqual(["01-01T00:00:00", "01-01T00:30:00", "01-01T01:00:00"]);
});

it("a time that is farther away than a timer of Node can be comes", async () => {
  listen("0 0 0 27 * *");
  await pass(27 * 24 * hourMs);

  expect(calls).toEqual(["01-27T00:00:00"]);
});

it("a call that takes longer than the schedule is followed by one, and never overlapped", async () => {
  let running = 0;
  let most = 0;
  listen("*/5 * * * * *", {
    call: async () => {
      most = Math.max(most, ++running);
      await clock.sleep(12_000);
      running--;
    },
  });
  await pass(minuteMs);

  expect(most).toBe(1);
  expect(calls).toEqual(["05", "17", "29", "41", "53"].map((second) => `01-01T00:00:${second}`));
});

it("a failure ends nothing", async () => {
  listen("0 * * * * *", { call: () => Promise.reject(new Error("boom")) });
  await pass(3 * minuteMs);

  expect(calls).toHaveLength(3);
});

it("what was missed while no host ran is made up for once, and said to be", async () => {
  const monitor = new MemoryBlob();
  const first = listen("0 0 * * * *", { monitor });
  await pass(90 * minuteMs);
  await first.close();
  await pass(5 * hourMs);
  listen("0 0 * * * *", { monitor });
  await pass(hourMs);

  expect(calls).toEqual(["01-01T01:00:00", "01-01T06:30:00 past due", "01-01T07:00:00"]);
  expect(JSON.parse(monitor.text!)).toEqual({
    Last: "2026-01-01T07:00:00+00:00",
    Next: "2026-01-01T08:00:00+00:00",
    LastUpdated: "2026-01-01T07:00:00+00:00",
  });
});

it("a function that has never been called misses nothing before the first start of its host, and all after it", async () => {
  const monitor = new MemoryBlob();
  const first = listen("0 0 0 * * *", { monitor });
  await pass(hourMs);
  await first.close();
  expect(parseStatus(monitor.text!)).toMatchObject({ last: undefined, next: Date.UTC(2026, 0, 2) });
  await pass(3 * 24 * hourMs);
  listen("0 0 0 * * *", { monitor });
  await pass(1);

  expect(calls).toEqual(["01-04T01:00:00 past due"]);
});

it("a schedule that was changed has missed nothing", async () => {
  const monitor = new MemoryBlob();
  const first = listen("0 0 * * * *", { monitor });
  await pass(90 * minuteMs);
  await first.close();
  await pass(5 * hourMs);
  listen("0 15 * * * *", { monitor });
  await pass(hourMs);

  expect(calls).toEqual(["01-01T01:00:00", "01-01T07:15:00"]);
});

it("of two hosts on one storage one calls, and the other takes over when it stops", async () => {
  const [monitor, leased] = [new MemoryBlob(), new MemoryBlob()];
  const lock = () => new LeaseLock({ blob: leased, clock, random, onWait: (reason) => lines.push(reason) });
  const first = listen("0 */10 * * * *", { monitor, lock: lock(), name: "first " });
  await pass(1);
  listen("0 */10 * * * *", { monitor, lock: lock(), name: "second " });
  await pass(25 * minuteMs);
  await first.close();
  await pass(10 * minuteMs);

  expect(calls).toEqual(["first 01-01T00:10:00", "first 01-01T00:20:00", "second 01-01T00:30:00"]);
  expect(lines).toEqual(["another host has it"]);
});

it("a host that has lost its lock calls no more until it has it again, and then makes up for what it has missed", async () => {
  const [monitor, leased] = [new MemoryBlob(), new MemoryBlob()];
  const lock = new LeaseLock({ blob: leased, clock, random: random, onWait: () => {} });
  listen("0 */10 * * * *", { monitor, lock });
  await pass(15 * minuteMs);
  leased.isAway = true;
  await pass(10 * minuteMs);
  expect(calls).toEqual(["01-01T00:10:00"]);
  leased.isAway = false;
  await pass(10 * minuteMs);

  expect(calls).toEqual(["01-01T00:10:00", expect.stringMatching(/^01-01T00:25:0\d past due$/), "01-01T00:30:00"]);
});

it("storage that is away at the start is waited for, and told once", async () => {
  const monitor = new MemoryBlob();
  monitor.isAway = true;
  listen("0 */10 * * * *", { monitor });
  await pass(5 * minuteMs);
  monitor.isAway = false;
  await pass(10 * minuteMs);

  expect(calls).toEqual(["01-01T00:10:00"]);
  expect(lines).toEqual(["warn TriggerWaits the timer waits for its storage: storage is away"]);
});

it("a status that cannot be kept is told, and the schedule goes on", async () => {
  const monitor = new MemoryBlob();
  listen("0 */10 * * * *", { monitor });
  await pass(minuteMs);
  monitor.isAway = true;
  await pass(20 * minuteMs);

  expect(calls).toHaveLength(2);
  expect(lines[0]).toContain("warn ScheduleNotKept the status of its schedule could not be kept");
});

it("a stop calls nothing any more, and waits for the status of the last call", async () => {
  const monitor = new MemoryBlob();
  const listener = listen("0 */10 * * * *", { monitor, call: () => clock.sleep(minuteMs) });
  await pass(10 * minuteMs + 1);
  const closed = listener.close();
  await pass(hourMs);
  await closed;

  expect(calls).toEqual(["01-01T00:10:00"]);
  expect(parseStatus(monitor.text!)!.next).toBe(Date.UTC(2026, 0, 1, 0, 20));
});
