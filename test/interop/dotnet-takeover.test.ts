import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repeatedAnswers } from "../support/hub-audit.ts";
import { buildDotnet } from "./dotnet-program.ts";
import { type SharedHub, SharedStorage } from "./shared-hub.ts";
import type { Side, TheirOptions } from "./sides.ts";
import { Stage } from "./stage.ts";
import { handOver, type Takeover, takeovers } from "./takeovers.ts";

const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

interface Direction {
  readonly first: "ours" | "theirs";
  readonly how: "killed" | "stopped";
  readonly theirs?: TheirOptions;
  /** @defaultValue all */
  readonly only?: RegExp;
}

const timeout = 900_000;
const atOnce = 3;
const failures = /fail|rewound/;
const directions: readonly Direction[] = [
  { first: "theirs", how: "killed" },
  { first: "ours", how: "killed" },
  { first: "theirs", how: "stopped" },
  { first: "ours", how: "stopped" },
  // Failures as functions in the process of the Functions host have them.
  { first: "theirs", how: "killed", theirs: { serializeExceptions: true }, only: failures },
  { first: "ours", how: "killed", theirs: { serializeExceptions: true }, only: failures },
  {
    first: "theirs",
    how: "stopped",
    theirs: { extendedSessions: true, encoding: "base64" },
    only: /waits|events|generation/,
  },
];

type Outcomes = ReadonlyMap<string, PromiseSettledResult<void>>;

const runs = new Map<Direction, Promise<Outcomes>>();
const hubs = new Map<Direction, SharedHub>();
let storage: SharedStorage;

describe.skipIf(path === undefined)(`half-done instances of DurableTask.AzureStorage and ours${because}`, () => {
  beforeAll(async () => {
    storage = await SharedStorage.start(path!);
    // Most of it is waiting for leases to run out: some go on at the same time.
    for (const [index, direction] of directions.entries()) {
      const before = index < atOnce ? undefined : runs.get(directions[index - atOnce]!);
      const run = Promise.allSettled([before]).then(() => begin(direction, index));
      run.catch(() => undefined);
      runs.set(direction, run);
    }
  });

  afterAll(() => storage.stop());

  describe.each(directions.map((direction) => ({ direction, title: titleOf(direction) })))(
    "$title",
    ({ direction }) => {
      it.each(chosenFor(direction))("$name", { timeout }, async ({ name }) => {
        const outcome = (await runs.get(direction)!).get(name)!;
        if (outcome.status === "rejected") throw outcome.reason;
      });

      it("no answer stands in a history twice, and the successor purges all", { timeout }, async () => {
        await runs.get(direction);
        const hub = hubs.get(direction)!;
        const successor = hub[direction.first === "ours" ? "theirs" : "ours"];
        expect(repeatedAnswers(await hub.stored.read())).toEqual([]);
        for (const { instanceId } of await successor.list("")) await successor.purge(instanceId);
        await successor.stopWorker();
        const { rows, histories, blobs } = await hub.stored.read();
        expect([...rows.keys(), ...histories.keys(), ...blobs]).toEqual([]);
      });
    },
  );

  it.each(["ours", "theirs"] as const)("an instance of %s comes back to whom it began with", async (first) => {
    const hub = storage.open();
    const [beginner, other] = [hub[first], hub[first === "ours" ? "theirs" : "ours"]];
    const id = "there-and-back";
    await beginner.startWorker();
    await beginner.start(id, "WaitGo");
    await hub.stored.hasEvents(id, "TaskCompleted");
    await beginner.stopWorker();
    await other.startWorker();
    await other.suspend(id, "pause");
    await hub.stored.hasStatus(id, "Suspended");
    await other.stopWorker();
    await beginner.startWorker();
    await beginner.raise(id, "Go", '"Oslo"');
    await beginner.resume(id, "go on");

    await hub.stored.ended(id);
    const output = JSON.stringify(["Hello before!", "Hello Oslo!"]);
    expect(await other.status(id)).toMatchObject({ runtimeStatus: "Completed", output });
    await beginner.stopWorker();
  });
});

async function begin(direction: Direction, index: number): Promise<Outcomes> {
  const { first, how } = direction;
  const hub = storage.open("base64", direction.theirs);
  hubs.set(direction, hub);
  const stageFor = (takeover: Takeover, client: Side) => {
    // Flags are of all hubs, and named by the instance.
    const instanceId = `${takeover.name.replace(/\W+/g, "-")}-${index}`;
    return new Stage({ hub: hub.stored, client, other: client, instanceId, flags: storage.flags });
  };
  const sides = first === "ours" ? [hub.ours, hub.theirs] : [hub.theirs, hub.ours];
  return await handOver({ first: sides[0]!, second: sides[1]!, how, stageFor }, chosenFor(direction));
}

function chosenFor({ only }: Direction): readonly Takeover[] {
  return only === undefined ? takeovers : takeovers.filter(({ name }) => only.test(name));
}

function titleOf({ first, how, theirs }: Direction): string {
  const [gone, successor] = first === "ours" ? ["ours", ".NET"] : [".NET", "ours"];
  const settings = theirs === undefined ? "" : ` (.NET with ${Object.keys(theirs).join(", ")})`;
  return `${gone} is ${how}, ${successor} goes on${settings}`;
}
