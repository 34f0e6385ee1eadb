import { describe, expect, it } from "vitest";
import { fromHistoryRow } from "../../../src/backends/azure-storage/codec/history-row.ts";
import type { TableRow } from "../../../src/backends/azure-storage/storage/table-row.ts";
import type { ExecutionStarted, HistoryEvent } from "../../../src/core/history-event.ts";
import { answerIn } from "../../../src/engine/answers.ts";
import { type Style, styles } from "../../../src/testing/behaviours/styles.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { checkpoint } from "../../../src/testing/work-items.ts";
import { createScenarioRegistry, type Flags } from "../../interop/scenario-app.ts";
import { type Snapshot, snapshots, withoutLaterColumns } from "../../support/recordings.ts";

// Histories that the genuine library has written, each cut before every one of its episodes: our engine has what comes
// before in its store, and the messages that were on their way, and must come to the end that was recorded.

interface History {
  readonly title: string;
  readonly events: readonly HistoryEvent[];
  readonly started: ExecutionStarted;
  /** Places of its episodes at which a worker may have stopped. */
  readonly cuts: readonly number[];
}

const histories = readHistories((row) => row);
const histories1x = readHistories(withoutLaterColumns);

function readHistories(asWritten: (row: TableRow) => TableRow): readonly History[] {
  return snapshots.flatMap((snapshot) => readHistory(snapshot, asWritten));
}

function readHistory({ title, recording, history }: Snapshot, asWritten: (row: TableRow) => TableRow): History[] {
  // Its large payloads were purged before they were recorded. What uses entities has tests of its own.
  if (recording.file === "large-60k" || recording.file.startsWith("entity-")) return [];
  // The worker refused its version, and ran none of its code.
  if (recording.file === "version-fail") return [];
  const events = history.map((row) => fromHistoryRow(asWritten(row)));
  const started = events.find((event): event is ExecutionStarted => event.type === "ExecutionStarted");
  if (started === undefined || endOf(events) === undefined) return [];
  const rewound = events.findLastIndex(isUndone);
  const cuts = events.flatMap(({ type }, index) => (type === "OrchestratorStarted" && index > rewound ? [index] : []));
  return [{ title, events, started, cuts }];
}

function endOf(events: readonly HistoryEvent[]) {
  const end = events.findLast(({ type }) => type === "ExecutionCompleted");
  return end?.type === "ExecutionCompleted" ? end : undefined;
}

function isUndone(event: HistoryEvent): boolean {
  return event.type === "GenericEvent" && event.data?.startsWith("Rewound: ") === true;
}

it("there are histories of all kinds", () => {
  expect(histories.length).toBeGreaterThan(45);
  expect(histories.flatMap(({ cuts }) => cuts).length).toBeGreaterThan(100);
  expect(new Set(histories.map(({ started }) => started.name)).size).toBeGreaterThan(20);
});

describe.each(styles)("histories of .NET go on here (%s)", (style) => {
  it.each(histories)("$title", (history) => expectRecordedEnd(style, history));
});

describe("histories whose rows lack the columns of later versions go on here", () => {
  // What nobody waits for is known by a tag.
  it.each(histories1x.filter(({ started }) => started.name !== "Detached"))("$title", async (history) => {
    await expectRecordedEnd("generator", history);
  });
});

async function expectRecordedEnd(style: Style, { events, started, cuts }: History): Promise<void> {
  for (const cut of cuts) {
    const end = endOf(events)!;
    const output = await runFrom(style, started, events, cut);

    // Which words a failure is told in, and which escapes a text is written with, is up to whoever writes it.
    const [, reason] = /(no luck|flag is set|thrown by the orchestrator)/.exec(end.result ?? "") ?? [];
    const expected = started.name === "Catching" ? "caught" : (reason ?? readOutput(end.result));
    const isFailure = end.orchestrationStatus === "Failed";
    const shown = isFailure ? output.output?.match(reason!)?.[0] : readOutput(output.output);
    expect([output.runtimeStatus, shown], `from event ${cut}`).toEqual([end.orchestrationStatus, expected]);
  }
}

/** The reason of a termination is no JSON. */
function readOutput(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return text;
  }
}

async function runFrom(style: Style, started: ExecutionStarted, events: readonly HistoryEvent[], cut: number) {
  await using hub = new VirtualHub();
  hub.clock.advance(events[cut]!.timestamp.getTime() - hub.clock.now());
  const past = events.slice(0, cut);
  const { instanceId } = started.orchestrationInstance;
  await hub.backend.createInstance({ event: started, replaces: undefined });
  if (past.length > 0) await store(hub, past, started);
  for (const event of onTheirWay(past, events.slice(cut))) {
    await hub.backend.sendMessage({ message: { event, target: started.orchestrationInstance } });
  }
  await hub.startWorker({ registries: [createScenarioRegistry(flagsAfter(past, events), style)] });
  const startsChild = started.name === "ParentNamed" && !past.some(({ type }) => /^SubOrch/.test(type));
  if (startsChild) {
    const child = `${instanceId}-child`;
    await hub.runUntil(async () => (await hub.client.getInstance(child)) !== undefined);
    await hub.client.raiseEvent(child, "Go", '"Rome"');
  }
  return await hub.runUntilEnded(instanceId);
}

/** As a worker that stopped has left it. */
async function store(hub: VirtualHub, past: readonly HistoryEvent[], { orchestrationInstance }: ExecutionStarted) {
  const workItem = (await hub.backend.fetchOrchestrationWorkItem(new AbortController().signal))!;
  await hub.backend.completeOrchestrationWorkItem(checkpoint(workItem, orchestrationInstance.executionId, past));
}

/** Messages in the queue at the cut: answers to what was asked for by then, and what comes from outside. */
function onTheirWay(past: readonly HistoryEvent[], rest: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const asked = new Set(past.filter((event) => !isUndone(event)).map(({ eventId }) => eventId));
  return rest.filter((event) => {
    const answer = answerIn(event);
    if (answer !== undefined) return asked.has(answer.id);
    if (event.type === "GenericEvent") return !isUndone(event);
    return /^(?:EventRaised|ExecutionSuspended|ExecutionResumed|ExecutionTerminated)$/.test(event.type);
  });
}

/** What the activities met: a flag that was set until the rewind, and attempts that were made before the cut. */
function flagsAfter(past: readonly HistoryEvent[], events: readonly HistoryEvent[]): Flags {
  let attempts = past.filter((event) => event.type === "TaskScheduled" && event.name === "Flaky").length;
  const isBroken = endOf(events)?.orchestrationStatus === "Failed";
  return { isSet: () => isBroken, count: () => attempts++ };
}
