import { describe, expect, it } from "vitest";
import { createRequest } from "../../../src/entities/entity-message.ts";
import type { OutboxEntry } from "../../../src/entities/outbox.ts";
import {
  formatEntityStatus,
  formatSchedulerState,
  noSchedulerState,
  parseSchedulerState,
  readEntityState,
  readEntityStatus,
  type SchedulerState,
} from "../../../src/entities/scheduler-state.ts";

const id = "38785649-4a9b-55a3-585a-2b1c539f095e";
const queued =
  `{"op":"add","input":"7","id":"${id}","parent":"p","parentExecution":"e","Timestamp":"2026-11-26T10:23:08.0591285",` +
  '"Predecessor":"2026-11-26T10:23:08.0591284Z","IsLockRequest":false,"createTrace":false}';

const roundTrip = (text: string) => formatSchedulerState(parseSchedulerState(text)!);

describe("the scheduler state", () => {
  it.each([
    '{"sorter":{}}',
    '{"state":"11","sorter":{}}',
    `{"state":"{\\"a\\":1}","queue":[${queued}],"lockedBy":"p","sorter":{}}`,
    '{"exists":true,"state":"5","sorter":{}}',
    '{"state":"5","sorter":{},"lockId":"a","releasedLocks":["b","c"]}',
    '{"state":"5","sorter":{},"later":{"a":[1,null]}}',
    `{"sorter":{"ReceivedFromInstance":{"p":{"Last":"2026-11-26T10:23:08.0591285","ExecutionId":"e","Buffered":{"2026-11-26T10:23:08.0591285":${queued}}}},"ReceiveHorizon":"2026-11-26T09:53:08.0591284Z"}}`,
  ])("is written as it was read: %s", (text) => {
    expect(roundTrip(text)).toBe(text);
  });

  it("does without the mark that a message of .NET to itself is on its way", () => {
    expect(roundTrip('{"suspended":true,"sorter":{}}')).toBe('{"sorter":{}}');
  });

  it("tells the in-process extension whether the entity exists", () => {
    const scheduler = parseSchedulerState('{"exists":false,"state":"5","sorter":{}}')!;
    expect(scheduler.state).toBeUndefined();
    expect(formatSchedulerState({ ...scheduler, state: "6" })).toBe('{"exists":true,"state":"6","sorter":{}}');
    const exists = parseSchedulerState('{"exists":true,"state":"5","sorter":{}}')!;
    expect(formatSchedulerState({ ...exists, state: undefined })).toBe('{"exists":false,"sorter":{}}');
  });

  it("keeps what a checkpoint sends", () => {
    const entries: readonly OutboxEntry[] = [
      { kind: "event", instanceId: "p", executionId: "e", name: id, input: '{"result":"1"}', deliverAt: undefined },
      { kind: "event", instanceId: "@a@b", executionId: undefined, name: "op", input: "x", deliverAt: new Date(7) },
      { kind: "event", instanceId: "@a@b", executionId: undefined, name: "c", input: undefined, deliverAt: undefined },
      {
        kind: "start",
        instanceId: "i",
        executionId: "e",
        name: "n",
        version: "1",
        input: "x",
        scheduledTime: new Date(Date.UTC(2030, 0)),
      },
      {
        kind: "start",
        instanceId: "i",
        executionId: "e",
        name: "n",
        version: undefined,
        input: undefined,
        scheduledTime: undefined,
      },
    ];
    const scheduler: SchedulerState = { ...noSchedulerState, outbox: [{ madeAt: new Date(5), entries }] };
    expect(parseSchedulerState(formatSchedulerState(scheduler))?.outbox).toEqual(scheduler.outbox);
  });

  it.each([undefined, ""])("is an empty one at first: %j", (text) => {
    expect(parseSchedulerState(text)).toEqual(noSchedulerState);
  });

  it.each(["5", "[]", '"x"', "null", "{", "[".repeat(100_000)])("is not made of %.20s", (text) => {
    expect(parseSchedulerState(text)).toBeUndefined();
  });

  it("takes members of a wrong type for absent", () => {
    const wrong = {
      state: 5,
      queue: { a: 1 },
      lockedBy: ["p"],
      sorter: "x",
      lockId: 7,
      releasedLocks: "all",
      outbox: {},
    };
    expect(roundTrip(JSON.stringify(wrong))).toBe('{"sorter":{}}');
    const within = {
      queue: [5, null, [], {}],
      releasedLocks: [5, "a"],
      outbox: [
        5,
        { madeAt: "x", entries: [] },
        { madeAt: "2026-01-01T00:00:00Z", entries: 5 },
        {
          madeAt: "2026-01-01T00:00:00Z",
          entries: [null, { kind: "start", instanceId: "i", name: "n" }, { kind: "event", name: "n" }, { kind: "x" }],
        },
      ],
    };
    expect(parseSchedulerState(JSON.stringify(within))).toMatchObject({
      queue: [],
      releasedLocks: ["a"],
      outbox: [{ entries: [] }],
    });
  });

  it("changes nobody's prototype, and loses what is nested too deeply to be written again", () => {
    expect(roundTrip('{"sorter":{},"__proto__":{"state":"5"}}')).toBe('{"sorter":{},"__proto__":{"state":"5"}}');
    expect(roundTrip(`{"sorter":{},"deep":${"[".repeat(30_000)}${"]".repeat(30_000)}}`)).toBe('{"sorter":{}}');
  });
});

describe("the status of an entity", () => {
  it("leaves out what is at its default", () => {
    expect(formatEntityStatus(noSchedulerState)).toBe("{}");
    const queue = [createRequest({ id, operation: "a" })];
    const text = formatEntityStatus({ ...noSchedulerState, state: "1", queue, lockedBy: "p" });
    expect(text).toBe('{"entityExists":true,"queueSize":1,"lockedBy":"p"}');
    expect(readEntityStatus(text)).toEqual({ exists: true, queueSize: 1, lockedBy: "p" });
  });

  it.each([undefined, "", "{}", "[]", '{"entityExists":"true","queueSize":"1","lockedBy":5}'])(
    "of the form %j tells nothing",
    (text) => {
      expect(readEntityStatus(text)).toEqual({ exists: false, queueSize: 0, lockedBy: undefined });
    },
  );

  it("stands beside the state", () => {
    expect(readEntityState('{"state":"5","sorter":{}}')).toBe("5");
    expect(readEntityState('{"exists":false,"state":"5"}')).toBeUndefined();
    expect(readEntityState('{"state":5}')).toBeUndefined();
    expect(readEntityState(undefined)).toBeUndefined();
  });
});
