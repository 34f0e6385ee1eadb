import { describe, expect, it } from "vitest";
import { fromHistoryRow } from "../../../src/backends/azure-storage/codec/history-row.ts";
import { describeHistory, type HistoryLine } from "../../../src/management/history-lines.ts";
import { snapshots } from "../../support/recordings.ts";

function linesOf(title: string): readonly HistoryLine[] {
  const { history } = snapshots.find((each) => each.title === title)!;
  return describeHistory(history.map(fromHistoryRow));
}

/** Without times and payloads. */
function summarize(lines: readonly HistoryLine[]): readonly string[] {
  return lines.map(({ kind, name, instanceId, outcome }) => {
    return [kind, name, instanceId, outcome].filter((part) => part !== undefined).join(" ");
  });
}

describe("histories that .NET has written", () => {
  it("are lines, a call and its answer in one", () => {
    expect(summarize(linesOf("rewound: rewound completed"))).toEqual([
      "started Rewindable",
      "activity SayHello completed",
      "undone TaskScheduled",
      "undone TaskFailed",
      "undone ExecutionCompleted",
      "rewound",
      "activity FailIfFlag completed",
      "activity SayHello completed",
      "ended Completed",
    ]);
    expect(summarize(linesOf("parent-named: parent-named running"))).toEqual(
      ["started Parent", "sub-orchestration WaitGo parent-named-child"].map(
        (line) => expect.stringMatching(line.replace("Parent", "\\w+")) as unknown as string,
      ),
    );
  });

  it("tell where their events are in the history", () => {
    const { history } = snapshots.find(({ title }) => title === "rewound: rewound failed")!;
    const events = history.map(fromHistoryRow);

    for (const { event, answerEvent, kind, taskId } of describeHistory(events)) {
      if (kind === "started") expect(events[event]!.type).toBe("ExecutionStarted");
      if (kind !== "activity") continue;
      expect(events[event]).toMatchObject({ type: "TaskScheduled", eventId: taskId });
      expect(events[answerEvent!]).toMatchObject({ taskScheduledId: taskId });
    }
  });

  it("tell durations, due times, and why something has failed", () => {
    const timer = linesOf("timer: timer waiting").find(({ kind }) => kind === "timer")!;
    const failed = linesOf("rewound: rewound failed");
    const activity = failed.find(({ name }) => name === "FailIfFlag")!;

    expect(timer).toMatchObject({ fireAt: new Date("2026-11-26T10:19:48.369Z") });
    expect(timer.outcome).toBeUndefined();
    expect(activity.answeredAt!.getTime() - activity.time.getTime()).toBe(5);
    expect(activity).toMatchObject({ outcome: "failed", failure: { errorMessage: "flag is set" } });
    expect(failed.at(-1)).toMatchObject({ kind: "ended", outcome: "Failed", failure: expect.anything() });
  });

  it("name entities, their operations and locks", () => {
    const lines = snapshots
      .filter(({ recording, instanceId }) => recording.file.startsWith("entity-") && !instanceId.startsWith("@"))
      .flatMap(({ history }) => describeHistory(history.map(fromHistoryRow)));

    const kinds = new Set(lines.map(({ kind }) => kind));
    expect([...kinds]).toEqual(expect.arrayContaining(["entity call", "entity signal", "lock", "release"]));
    for (const line of lines.filter(({ kind }) => kind === "entity call" || kind === "lock")) {
      expect(line.name).toMatch(/^@/);
      expect(line.outcome).toMatch(/^(completed|failed)$/);
    }
    // The answers are in the lines of their questions.
    expect(lines.filter(({ kind, name }) => kind === "event raised" && /^[0-9a-f-]{36}$/.test(name ?? ""))).toEqual([]);
  });

  it("lose no event but the marks between episodes", () => {
    for (const { title, history } of snapshots) {
      const events = history.map(fromHistoryRow).filter(({ type }) => !/^Orchestrator(Started|Completed)$/.test(type));
      const lines = describeHistory(events);
      const answers = lines.filter(({ answeredAt }) => answeredAt !== undefined).length;
      expect(lines.length + answers, title).toBe(events.length);
    }
  });
});
