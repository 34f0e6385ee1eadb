import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { mapConcurrently } from "../../src/core/map-concurrently.ts";
import { repeatedAnswers } from "../support/hub-audit.ts";
import { buildDotnet } from "./dotnet-program.ts";
import { asksForPartitions } from "./parts.ts";
import { hello } from "./scenarios.ts";
import { type SharedHub, SharedStorage } from "./shared-hub.ts";
import type { Side } from "./sides.ts";
import { hasEnded } from "./stored-hub.ts";

const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

const timeout = 900_000;
const count = 200;
/** A busy machine is slow, not wrong. */
const standstillMs = 150_000;
/** ASCII: the emulator breaks a character of a row of .NET that comes in two pieces. */
const large = "e".repeat(40_000);
const waited = ["Hello before!", "Hello Oslo!"];

interface Kind {
  readonly orchestration: string;
  readonly input?: unknown;
  readonly output: unknown;
  /** Events that it waits for, or its child with this suffix. */
  readonly events?: readonly unknown[];
  readonly suffix?: string;
}

const kinds: readonly Kind[] = [
  { orchestration: "Hello", output: hello },
  { orchestration: "FanOut", input: 10, output: 10 },
  { orchestration: "Parent", input: 1, output: hello },
  { orchestration: "WaitGo", output: waited, events: ["Oslo"] },
  { orchestration: "Timer", input: 2, output: ["Hello before!", "Hello after!"] },
  { orchestration: "Loop", input: 2, output: [1, 2], events: [1, 2] },
  { orchestration: "Catching", output: "caught" },
  { orchestration: "Retrying", input: 1, output: "after 1" },
  { orchestration: "Echo", input: large, output: large },
  { orchestration: "ParentNamed", output: waited, events: ["Oslo"], suffix: "-child" },
];

let storage: SharedStorage;

/** Who was there first. The second one asks for its share; ours does only where it can. */
const orders = (["ours", "theirs"] as const).filter((first) => first === "ours" || asksForPartitions);

describe.skipIf(path === undefined)(`DurableTask.AzureStorage and ours at work on one hub${because}`, () => {
  beforeAll(async () => {
    storage = await SharedStorage.start(path!);
  });

  afterAll(() => storage.stop());

  it.each(orders)(`${count} instances, of which none is lost: %s first, then the other`, { timeout }, async (first) => {
    const hub = storage.open();
    const sides = first === "ours" ? [hub.ours, hub.theirs] : [hub.theirs, hub.ours];
    await sides[0]!.startWorker();
    await untilServedBy(hub, sides.slice(0, 1));
    await sides[1]!.startWorker();
    await untilServedBy(hub, sides);

    const started = await mapConcurrently([...Array(count).keys()], 8, (index) => start(sides, first, index));
    await untilEnded(hub, sides, started);
    const wrong: unknown[] = [];
    for (const { instanceId, kind } of started) {
      const { runtimeStatus, output: text = "null" } = (await hub.ours.status(instanceId))!;
      let found: unknown = runtimeStatus === "Completed" ? JSON.parse(text) : text;
      // .NET sends a kept event again, behind later ones.
      if (kind.orchestration === "Loop" && Array.isArray(found)) found = found.toSorted();
      if (JSON.stringify(found) !== JSON.stringify(kind.output))
        wrong.push([instanceId, runtimeStatus, text.slice(0, 200)]);
    }

    expect(wrong).toEqual([]);
    expect(repeatedAnswers(await hub.stored.read())).toEqual([]);
    await untilServedBy(hub, sides);

    await sides[1]!.stopWorker();
    await untilServedBy(hub, sides.slice(0, 1));
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        await sides[1]!.start(`afterwards-${index}`, "Hello");
        expect(await hub.stored.ended(`afterwards-${index}`)).toMatchObject({ RuntimeStatus: "Completed" });
      }),
    );
    const [purger] = sides;
    for (const { instanceId } of await purger!.list("")) await purger!.purge(instanceId);
    await purger!.stopWorker();
    const { rows, histories, blobs } = await hub.stored.read();
    expect([...rows.keys(), ...histories.keys(), ...blobs]).toEqual([]);
  });
});

interface Started {
  readonly instanceId: string;
  readonly kind: Kind;
  /** Whose client tells it events; that of the other side has started it. */
  readonly teller: Side;
}

async function start(sides: readonly Side[], first: string, index: number): Promise<Started> {
  const kind = kinds[index % kinds.length]!;
  const instanceId = `${kind.orchestration}-${first}-${index}`;
  const input = kind.input === undefined ? undefined : JSON.stringify(kind.input);
  await sides[index % 2]!.start(instanceId, kind.orchestration, input);
  return { instanceId, kind, teller: sides[(index + 1) % 2]! };
}

/** One look at all of them a second, so that the emulator serves the workers. */
async function untilEnded(hub: SharedHub, sides: readonly Side[], started: readonly Started[]): Promise<void> {
  const untold = new Set(started.filter(({ kind }) => kind.events !== undefined));
  let open: readonly string[] = [];
  let changedAt = performance.now();
  while (performance.now() - changedAt < standstillMs) {
    const rows = await hub.stored.rows();
    // .NET drops an event for an instance that has not begun.
    const ready = [...untold].filter(({ instanceId, kind }) => {
      const status = rows.get(instanceId + (kind.suffix ?? ""))?.["RuntimeStatus"];
      return status !== undefined && status !== "Pending";
    });
    await mapConcurrently(ready, 4, async ({ instanceId, kind, teller }) => {
      const target = instanceId + (kind.suffix ?? "");
      for (const value of kind.events!) await teller.raise(target, "Go", JSON.stringify(value));
    });
    for (const told of ready) untold.delete(told);
    const stillOpen = started.flatMap(({ instanceId }) => (hasEnded(rows.get(instanceId)) ? [] : instanceId));
    if (stillOpen.length === 0) return;
    if (stillOpen.length !== open.length || ready.length > 0) changedAt = performance.now();
    open = stillOpen;
    await sleep(1000);
  }
  throw new Error(
    `do not end: ${open.join(", ")}; partitions: ${await hub.stored.owners()} of ${sides.map(({ worker }) => worker)}`,
  );
}

/** Each has the same number of partitions. */
async function untilServedBy(hub: SharedHub, sides: readonly Side[]): Promise<void> {
  const expected = sides.flatMap(({ worker }) => new Array<string>(4 / sides.length).fill(worker)).sort();
  await vi.waitFor(async () => expect((await hub.stored.owners()).map(String).sort()).toEqual(expected), {
    timeout: 100_000,
    interval: 200,
  });
}
