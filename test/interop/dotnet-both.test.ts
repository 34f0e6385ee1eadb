import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { repeatedAnswers } from "../support/hub-audit.ts";
import { buildDotnet } from "./dotnet-program.ts";
import { asksForPartitions } from "./parts.ts";
import { hello } from "./scenarios.ts";
import { type SharedHub, SharedStorage } from "./shared-hub.ts";
import type { Side } from "./sides.ts";
import { Stage } from "./stage.ts";

const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

const timeout = 900_000;
const count = 200;
const large = "é".repeat(20_000);
const waited = ["Hello before!", "Hello Oslo!"];

interface Kind {
  readonly orchestration: string;
  readonly input?: unknown;
  readonly output: unknown;
  /** Events that it waits for, once it runs. */
  readonly events?: readonly (readonly [value: unknown, suffix?: string])[];
}

const kinds: readonly Kind[] = [
  { orchestration: "Hello", output: hello },
  { orchestration: "FanOut", input: 10, output: 10 },
  { orchestration: "Parent", input: 1, output: hello },
  { orchestration: "WaitGo", output: waited, events: [["Oslo"]] },
  { orchestration: "Timer", input: 2, output: ["Hello before!", "Hello after!"] },
  { orchestration: "Loop", input: 2, output: [1, 2], events: [[1], [2]] },
  { orchestration: "Catching", output: "caught" },
  { orchestration: "Retrying", input: 1, output: "after 1" },
  { orchestration: "Echo", input: large, output: large },
  { orchestration: "ParentNamed", output: waited, events: [["Oslo", "-child"]] },
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

    const stages = await Promise.all(Array.from({ length: count }, (_, index) => begin(hub, sides, first, index)));
    const outcomes = await Promise.allSettled(
      stages.map((stage, index) => stage.hub.ended(stage.id).then(() => index)),
    );
    const wrong: unknown[] = outcomes.filter(({ status }) => status === "rejected");
    for (const [index, stage] of stages.entries()) {
      const { orchestration, output } = kindOf(index);
      const { runtimeStatus, output: text = "null" } = (await hub.ours.status(stage.id))!;
      let found: unknown = runtimeStatus === "Completed" ? JSON.parse(text) : text;
      // .NET sends a kept event again, behind later ones.
      if (orchestration === "Loop" && Array.isArray(found)) found = found.toSorted();
      if (JSON.stringify(found) !== JSON.stringify(output)) wrong.push([stage.id, runtimeStatus, text.slice(0, 200)]);
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

const kindOf = (index: number): Kind => kinds[index % kinds.length]!;

/** Started by the client of one side, told events by that of the other. */
async function begin(hub: SharedHub, sides: readonly Side[], first: string, index: number): Promise<Stage> {
  const { orchestration, input, events = [] } = kindOf(index);
  const instanceId = `${orchestration}-${first}-${index}`;
  const client = sides[index % 2]!;
  const other = sides[(index + 1) % 2]!;
  const stage = new Stage({ hub: hub.stored, client: other, other: client, instanceId, flags: storage.flags });
  await sleep(index * 30);
  await client.start(instanceId, orchestration, input === undefined ? undefined : JSON.stringify(input));
  for (const [value, suffix] of events) {
    // .NET drops an event for an instance that has not begun.
    await hub.stored.hasEvents(instanceId + (suffix ?? ""), "ExecutionStarted");
    await stage.raise("Go", value, suffix);
  }
  return stage;
}

/** Each has the same number of partitions. */
async function untilServedBy(hub: SharedHub, sides: readonly Side[]): Promise<void> {
  const expected = sides.flatMap(({ worker }) => new Array<string>(4 / sides.length).fill(worker)).sort();
  await vi.waitFor(async () => expect((await hub.stored.owners()).map(String).sort()).toEqual(expected), {
    timeout: 100_000,
    interval: 200,
  });
}
