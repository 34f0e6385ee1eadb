import { describe, expect, it } from "vitest";
import { fromHistoryRow, sentinelRowKey, toHistoryRow } from "../../../src/backends/azure-storage/codec/history-row.ts";
import { decodeQueueText, type MessageData } from "../../../src/backends/azure-storage/codec/message-data.ts";
import type { EdmValue, TableRow } from "../../../src/backends/azure-storage/storage/table-row.ts";
import type { EventRaised } from "../../../src/core/history-event.ts";
import {
  deliveryTimeOf,
  formatAnswer,
  formatRelease,
  formatRequest,
  formatRequestEvent,
  isAnswerEvent,
  readAnswer,
  readRelease,
  readRequest,
} from "../../../src/entities/entity-message.ts";
import { finishEntityBatch, planEntityBatch } from "../../../src/entities/entity-scheduler.ts";
import { toOutgoingMessage } from "../../../src/entities/outbox.ts";
import {
  formatEntityStatus,
  formatSchedulerState,
  noSchedulerState,
  parseSchedulerState,
} from "../../../src/entities/scheduler-state.ts";
import recordings from "../../fixtures/dtfx/entities.json" with { type: "json" };

// What the genuine library has written: see the note in the file.

const messages = Object.entries(recordings.messages).flatMap(([scenario, texts]) =>
  texts.map((text, index) => {
    const queued = decodeQueueText(text);
    if (queued.kind !== "message") throw new Error(`${scenario} ${index} is no message`);
    return { title: `${scenario} ${index}`, data: queued.data };
  }),
);

const raised = messages.flatMap(({ title, data }) =>
  data.message.event.type === "EventRaised" ? [{ title, data, event: data.message.event }] : [],
);

function rowsOf(rows: readonly { PartitionKey: string; RowKey: string; columns: object }[]): readonly TableRow[] {
  return rows.map(({ PartitionKey, RowKey, columns }) => ({
    partitionKey: PartitionKey,
    rowKey: RowKey,
    columns: new Map(Object.entries(columns) as [string, EdmValue][]),
  }));
}
const historyRows = rowsOf(recordings.rows.history).filter(({ rowKey }) => rowKey !== sentinelRowKey);
const instanceRows = rowsOf(recordings.rows.instances);
const textIn = ({ columns }: TableRow, name: string) => columns.get(name)?.value as string;

/** The body as this package would have written it. */
function rewritten({ name, input }: EventRaised): string | undefined {
  if (name === "release") return formatRelease(readRelease(input)!);
  return isAnswerEvent({ name, input }) ? formatAnswer(readAnswer(input)!) : formatRequest(readRequest(input)!);
}

describe("what .NET has sent", () => {
  it("is all there: operations, signals, delayed ones, locks, releases, answers", () => {
    const kinds = raised.map(({ event: { name } }) => (name.length === 36 ? "answer" : name.split("@")[0]!));
    expect(messages).toHaveLength(28);
    expect([...new Set(kinds)].sort()).toEqual(["answer", "op", "release"]);
  });

  it.each(raised)("is written as it was read: $title", ({ event }) => {
    expect(rewritten(event)).toBe(event.input);
  });

  it("to an entity at a time has the name that we would give it, and the time of its delivery in it", () => {
    const delayed = raised.filter(({ event }) => event.name.startsWith("op@"));
    expect(delayed).toHaveLength(2);
    for (const { data, event } of delayed) {
      const request = readRequest(event.input)!;
      expect(formatRequestEvent(request, event.timestamp.getTime()).name).toBe(event.name);
      expect(deliveryTimeOf(data.message.target.instanceId, event.name)).toEqual(request.dueAt);
    }
  });
});

describe("the rows of entities", () => {
  it.each(instanceRows.map((row) => ({ row, id: row.partitionKey })))("hold a state and a status: $id", ({ row }) => {
    const text = textIn(row, "Input");
    const scheduler = parseSchedulerState(text)!;
    expect(formatSchedulerState(scheduler)).toBe(text);
    expect(formatEntityStatus(scheduler)).toBe(textIn(row, "CustomStatus"));
  });

  it("hold a history of three events, whose columns are ours", () => {
    expect(historyRows).toHaveLength(3 * instanceRows.length);
    for (const row of historyRows) {
      const event = fromHistoryRow(row);
      const key = { ...row, executionId: textIn(row, "ExecutionId") };
      const written = toHistoryRow(event, key, { storeTaskInputs: false }).columns;
      const withoutTime = (columns: TableRow["columns"]) =>
        [...columns].flatMap(([name, { value }]) => (name === "_Timestamp" ? [] : `${name}: ${value}`)).sort();
      expect(withoutTime(written)).toEqual(withoutTime(row.columns));
      if (event.type !== "ExecutionStarted") continue;
      expect(formatSchedulerState(parseSchedulerState(event.input)!)).toBe(event.input);
    }
  });
});

describe("an entity that receives what .NET's has received", () => {
  const receivedBy = (scenario: string, instanceId: string) =>
    raised
      .filter(({ title, data }) => title.startsWith(scenario) && data.message.target.instanceId === instanceId)
      .map(({ event }) => event);

  /** Each in a batch of its own. */
  function run(instanceId: string, events: readonly EventRaised[], now: Date, results: readonly string[]) {
    const open = [...results];
    let scheduler = noSchedulerState;
    for (const event of events) {
      const plan = planEntityBatch(instanceId, scheduler, [event], { now, maxOperations: 100 });
      expect(plan.refused).toEqual([]);
      const ran = open.splice(0, plan.steps.filter(({ kind }) => kind === "operation").length);
      const outcomes = ran.map((result) => ({ kind: "completed", result, actions: [] }) as const);
      scheduler = finishEntityBatch(instanceId, plan, { outcomes, state: ran.at(-1) ?? scheduler.state }, now);
    }
    return scheduler;
  }
  const stateOf = (instanceId: string) =>
    JSON.parse(textIn(instanceRows.find(({ partitionKey }) => partitionKey === instanceId)!, "Input"));
  /** Without what is ours. */
  function asDotnetHasIt(scheduler: ReturnType<typeof run>) {
    return JSON.parse(formatSchedulerState({ ...scheduler, outbox: [], releasedLocks: [] }), (key, value) =>
      key === "Recent" ? undefined : value,
    );
  }

  it("gives the answers of .NET, and comes to its state: signal and call", () => {
    const events = receivedBy("entity-user", "@counter@k1");
    const scheduler = run("@counter@k1", events, new Date("2026-11-26T10:23:08.8Z"), ["5", "12"]);
    expect(asDotnetHasIt(scheduler)).toEqual(stateOf("@counter@k1"));
    const [answer] = scheduler.outbox.flatMap(({ entries }) => entries);
    const recorded = raised.find(({ event }) => event.name === answer!.name)!;
    expect(answer).toMatchObject({ ...recorded.data.message.target, input: recorded.event.input });
  });

  it("gives the answers of .NET, and comes to its state: lock, call and release", () => {
    const events = receivedBy("entity-user", "@account@bk1");
    const scheduler = run("@account@bk1", events, new Date("2026-11-26T10:23:09.8Z"), ["2"]);
    expect(asDotnetHasIt(scheduler)).toEqual(stateOf("@account@bk1"));
    const entries = scheduler.outbox.flatMap((owed) => owed.entries);
    // .NET does not say what it grants.
    const answers = entries.map(({ input }) => input?.replace(/,"lockset":.*\]/, ""));
    expect(answers).toEqual(['{"result":"Lock Acquisition Completed"}', '{"result":"2"}']);
  });

  it("passes a lock request on as .NET does, but for its time", () => {
    const [request] = receivedBy("entity-user", "@account@ak1");
    const scheduler = run("@account@ak1", [request!], new Date("2026-11-26T10:23:09.7558695Z"), []);
    const [sent] = scheduler.outbox.flatMap(({ entries }) => entries);
    const [recorded] = receivedBy("entity-user", "@account@bk1");
    expect(sent?.input).toBe(recorded?.input?.replace("09.7558695Z", "09.755Z"));
  });

  it("starts an orchestration as .NET does", () => {
    const { message } = messages.find(
      ({ title, data }) => title.startsWith("entity-actions") && data.message.event.type === "ExecutionStarted",
    )!.data satisfies MessageData;
    const { event, target } = message;
    if (event.type !== "ExecutionStarted") throw new Error("no start");
    const entry = {
      kind: "start",
      instanceId: target.instanceId,
      executionId: target.executionId!,
      name: "Echo",
      version: undefined,
      input: '"by entity"',
      scheduledTime: undefined,
    } as const;
    const { instanceId, executionId = "" } = event.parentInstance!.orchestrationInstance;
    const sender = { instanceId, executionId };
    const sent = toOutgoingMessage(entry, sender, event.timestamp, { FireAndForget: "" });
    expect(sent).toEqual({ message: { target, event: { ...event, version: "", parentInstance: expect.anything() } } });
    expect(sent.message.event).toMatchObject({ parentInstance: { ...event.parentInstance, version: "" } });
  });
});
