import { beforeEach, describe, expect, it } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import { hostIdOf } from "../../../../src/host/triggers/host-id.ts";
import { readLocalTrigger } from "../../../../src/host/triggers/local-trigger.ts";
import { decodeMessage, poisonQueueOf } from "../../../../src/host/triggers/queue-message.ts";
import { writeQueueOutputs } from "../../../../src/host/triggers/queue-outputs.ts";
import { readQueueSettings } from "../../../../src/host/triggers/queue-settings.ts";
import { findTimeZone } from "../../../../src/host/triggers/schedule/time-zone.ts";
import { TriggerHost } from "../../../../src/host/triggers/trigger-host.ts";
import type { TriggerStorages } from "../../../../src/host/triggers/trigger-storage.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

const utc = findTimeZone("UTC")!;
const now = Date.UTC(2026, 0, 1);

describe("a trigger of the local host", () => {
  const read = (binding: object, env = {}) =>
    readLocalTrigger({ name: "t", binding: binding as { type: string } }, env, utc, now);

  it("is read with its settings", () => {
    expect(
      read({ type: "timerTrigger", schedule: "%EVERY%", runOnStartup: "True" }, { EVERY: "0 */5 * * * *" }),
    ).toMatchObject({ kind: "timer", text: "0 */5 * * * *", runOnStartup: true, useMonitor: true });
    expect(read({ type: "TimerTrigger", schedule: "*/5 * * * * *", useMonitor: true })).toMatchObject({
      useMonitor: false,
    });
    expect(read({ type: "queueTrigger", queueName: "in-%NAME%", connection: "MyAccount" }, { NAME: "box" })).toEqual({
      kind: "queue",
      queueName: "in-box",
      connectionName: "MyAccount",
    });
    expect(read({ type: "queueTrigger", queueName: "inbox" })).toMatchObject({ connectionName: "AzureWebJobsStorage" });
    expect(read({ type: "serviceBusTrigger", queueName: "inbox" })).toBeUndefined();
  });

  it.each([
    [{ type: "timerTrigger" }, "its trigger needs the text 'schedule'"],
    [{ type: "timerTrigger", schedule: "%NOPE%" }, "'schedule': '%NOPE%' does not resolve to a value"],
    [{ type: "timerTrigger", schedule: "0 * * * * *", runOnStartup: "maybe" }, "'runOnStartup' of its trigger must be"],
    [{ type: "queueTrigger", queueName: "In_Box" }, "'queueName' must be 3 to 63 lower-case letters"],
  ])("that says %j is refused", (binding, message) => {
    expect(() => read(binding)).toThrow(message);
  });
});

describe("the settings of queues", () => {
  const read = (queues: object) =>
    readQueueSettings({ version: "2.0", extensions: { queues } } as never, { processorCount: 2 });

  it("have the defaults of the Functions host on a machine of a developer", () => {
    expect(readQueueSettings({ version: "2.0" }, { processorCount: 2 })).toEqual({
      batchSize: 16,
      newBatchThreshold: 16,
      maxPollingIntervalMs: 2_000,
      visibilityTimeoutMs: 0,
      maxDequeueCount: 5,
      messageEncoding: "base64",
    });
  });

  it("are read from host.json, ignoring case, and from texts of the environment", () => {
    expect(
      read({ BatchSize: "1", maxPollingInterval: "00:00:10", visibilityTimeout: "00:01:00", messageEncoding: "None" }),
    ).toMatchObject({
      batchSize: 1,
      newBatchThreshold: 0,
      maxPollingIntervalMs: 10_000,
      visibilityTimeoutMs: 60_000,
      messageEncoding: "none",
    });
  });

  it.each([
    [{ batchSize: 33 }, "extensions.queues.batchSize must be a whole number from 1 to 32, but is 33"],
    [{ maxDequeueCount: 0 }, "extensions.queues.maxDequeueCount must be a whole number of at least 1"],
    [
      { maxPollingInterval: "00:00:00.05" },
      "extensions.queues.maxPollingInterval must be a length of time from 100 ms",
    ],
    [{ messageEncoding: "utf8" }, "extensions.queues.messageEncoding must be base64 or none"],
  ])("that are %j are refused", (queues, message) => {
    expect(() => read(queues)).toThrow(message);
  });
});

it("messages are decoded strictly", () => {
  expect(decodeMessage("aMOp", "base64")).toBe("hé");
  expect(decodeMessage("", "base64")).toBe("");
  expect(decodeMessage("abc", "base64")).toBeUndefined();
  expect(decodeMessage("ab cd!", "base64")).toBeUndefined();
});

it("poison queues have no poison queue, nor have names that are too long", () => {
  expect(poisonQueueOf("orders")).toBe("orders-poison");
  expect(poisonQueueOf("orders-poison")).toBeUndefined();
  expect(poisonQueueOf("a".repeat(57))).toBeUndefined();
});

it("a host is called by a setting, else by its machine and folder", () => {
  expect(hostIdOf({ AzureFunctionsWebHost__hostid: "Shared" }, "box", "/app")).toBe("shared");
  expect(hostIdOf({}, "My-Box.local", "/app")).toMatch(/^myboxlocal-\d+$/);
  expect(hostIdOf({}, "box", "/app")).not.toBe(hostIdOf({}, "box", "/other"));
  expect(hostIdOf({}, "a".repeat(40), "/app")).toHaveLength(32);
});

describe("what a function gives to a queue output", () => {
  let sent: string[];
  const storages: TriggerStorages = {
    failed: new Promise(() => {}),
    async open(connectionName) {
      const queue = (name: string) => ({
        name,
        send: async (text: string) => {
          sent.push(`${connectionName} ${name} ${Buffer.from(text, "base64")}`);
        },
      });
      return { isOwn: true, queue, blob: () => ({}) } as never;
    },
    async close() {},
  };
  const write = (bindings: object, response: object) =>
    writeQueueOutputs({ metadata: { name: "f", functionId: "f", bindings } } as never, response as never, {
      storages,
      messageEncoding: "base64",
      env: { OUT: "box" },
      onSent: (_connection, queue) => sent.push(`looked at ${queue}`),
    });

  beforeEach(() => {
    sent = [];
  });

  it("is sent, of a list each item", async () => {
    const binding = { type: "queue", direction: "out", queueName: "out-%OUT%", connection: "MyAccount" };
    await write({ out: binding }, { outputData: [{ name: "out", data: { json: '[{"a":1},"b"]' } }] });
    await write({ $return: binding }, { returnValue: { string: "text" } });
    await write({ $return: binding }, { returnValue: { int: 7 } });
    await write({ $return: binding, other: { type: "blob", direction: "out" } }, { returnValue: null });

    expect(sent).toEqual([
      'MyAccount out-box {"a":1}',
      "MyAccount out-box b",
      "looked at out-box",
      "MyAccount out-box text",
      "looked at out-box",
      "MyAccount out-box 7",
      "looked at out-box",
    ]);
  });

  it("that names no queue is a failure of the call", async () => {
    const given = { returnValue: { string: "x" } };

    await expect(write({ $return: { type: "queue", direction: "out" } }, given)).rejects.toThrow(
      "needs the text 'queueName'",
    );
  });
});

describe("the time zone of schedules", () => {
  const lines: string[] = [];
  const open = (env: Record<string, string>) =>
    new TriggerHost({
      hostJson: { version: "2.0" },
      env,
      appFolder: "/app",
      machine: { name: "box", processorCount: 2 },
      openStorages: () => Promise.reject(new Error("not asked for")),
      clock: new SteppedClock(),
      random: { guid: () => "", number: () => 0 },
      events: createEventLog({ log: (_level, _name, text) => lines.push(text) }),
    }).read({ name: "t", binding: { type: "timerTrigger", schedule: "0 0 9 * * *" } });

  it.each([
    ["Europe/Berlin", "08:00"],
    ["W. Europe Standard Time", "08:00"],
    ["tokyo standard time", "00:00"],
  ])("WEBSITE_TIME_ZONE may be %s", (zone, time) => {
    const trigger = open({ WEBSITE_TIME_ZONE: zone });

    const next = trigger?.kind === "timer" ? trigger.schedule.next(now) : undefined;
    expect(new Date(next!).toISOString().slice(11, 16)).toBe(time);
    expect(lines).toEqual([]);
  });

  it("that nobody knows is told", () => {
    open({ WEBSITE_TIME_ZONE: "Middle Earth Standard Time" });

    expect(lines[0]).toMatch(/WEBSITE_TIME_ZONE is 'Middle Earth Standard Time', which is no time zone here/);
  });
});
