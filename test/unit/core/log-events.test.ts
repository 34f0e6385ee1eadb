import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createEventLog, type EventLog } from "../../../src/core/event-log.ts";
import { type LogEvent, logEvents, standardActions } from "../../../src/core/log-events.ts";
import { logFields } from "../../../src/core/log-fields.ts";
import type { LogSink } from "../../../src/core/ports.ts";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts") && path !== "core/log-events.ts" && !path.startsWith("core/log-catalogue/"))
  .map((path) => ({ path, text: readFileSync(`src/${path}`, "utf8") }));
const catalogue: readonly (readonly [string, LogEvent])[] = Object.entries(logEvents);

/** The writer itself. */
const writesToSinks = /^core\/event-log/;

it("an event is written at the level of the catalogue, with the fields of its writer and its own", () => {
  const written: unknown[][] = [];
  const sink: LogSink = { log: (...entry) => written.push(entry) };
  const events = createEventLog(sink, { taskHub: "Hub" });

  events.write("ActivityFailed", "it failed", { instanceId: "a", attempt: undefined });
  events.write("PartitionClaimed", "took it", { queue: "hub-control-00" });

  expect(written).toEqual([
    ["warn", "ActivityFailed", "it failed", { taskHub: "Hub", instanceId: "a" }],
    ["info", "PartitionClaimed", "took it", { taskHub: "Hub", queue: "hub-control-00" }],
  ]);
});

it("names and fields are checked by the compiler", () => {
  const neverRun = (events: EventLog) => {
    events.write("MessageDiscarded", "x", { instanceId: "a", messageId: "m", deliveryCount: 1 });
    // @ts-expect-error there is no such event
    events.write("Nonsense", "x", {});
    // @ts-expect-error the queue is missing
    events.write("PartitionClaimed", "x", {});
    // @ts-expect-error a partition goes by its queue
    events.write("PartitionClaimed", "x", { queue: "q", partition: "q" });
    // @ts-expect-error a count is a number
    events.write("FunctionCallsCutOff", "x", { count: "1" });
  };
  expect(neverRun).toBeTypeOf("function");
});

it("every event of the catalogue is written somewhere", () => {
  const unwritten = catalogue
    .map(([name]) => name)
    .filter((name) => !sources.some(({ text }) => text.includes(`"${name}"`)));

  expect(unwritten).toEqual([]);
});

it("every event that is logged is in the catalogue, and at its level", () => {
  const wrong: string[] = [];
  for (const { path, text } of sources) {
    for (const [, level, name] of text.matchAll(/\(\s*"(trace|debug|info|warn|error)",\s*"([A-Z]\w+)"/g)) {
      if (logEvents[name as keyof typeof logEvents]?.level !== level) wrong.push(`${path}: ${level} ${name}`);
    }
    if (!writesToSinks.test(path) && /\b(?:log|sink)\.log\(\s*["'`]/.test(text)) wrong.push(`${path} writes by hand`);
  }

  expect(wrong).toEqual([]);
});

it("every field is used, and every event says what to do", () => {
  const used = new Set(catalogue.flatMap(([, event]) => [...event.fields, ...(event.optionalFields ?? [])]));

  expect(Object.keys(logFields).filter((name) => !used.has(name as never))).toEqual(["taskHub", "workerId"]);
  for (const [name, { meaning, action }] of catalogue) {
    expect([name, meaning, standardActions[action] ?? action]).toEqual([
      name,
      expect.stringMatching(/\.$/),
      expect.stringMatching(/\.$/),
    ]);
  }
});

it("LOGS.md is made of the catalogue", async () => {
  const section = (area: LogEvent["area"]) =>
    catalogue
      .filter(([, event]) => event.area === area)
      .map(([name, { level, fields, optionalFields = [], meaning, action }]) => {
        const shown = [...fields, ...optionalFields.map((field) => `${field}?`)].map((field) => `\`${field}\``);
        return `| \`${name}\` | ${level} | ${shown.join(", ")} | ${meaning} | ${standardActions[action] ?? action} |`;
      });
  const header = ["| Event | Level | Fields | What it means | What to do |", "| --- | --- | --- | --- | --- |"];
  const page = [
    "# Log events",
    "",
    "<!-- Made of src/core/log-catalogue by test/unit/core/log-events.test.ts: npx vitest -u --project unit test/unit/core/log-events.test.ts -->",
    "",
    "What the engine and the local host have to say to whoever runs them. Names and fields are stable across releases. Payloads and keys are never logged; messages of errors that user code throws are.",
    "",
    "A line reads `OrchestrationFailed: 'order' failed: Error: no stock (taskHub=Shop, instanceId=42)`, and with `--log-format json` it is an object with `time`, `level`, `category`, `event`, `message` and `fields`. Its category, for `logging.logLevel` of host.json, is `Durable.OrchestrationFailed` or `Host.FunctionInvalid`; lines from `warn` up are shown, all from `info` up with `--verbose`.",
    "",
    'The life of functions has the category of the function, `Function.<functionName>`, and is shown from `info` up: `"Function": "Warning"` hushes it for all of them, `"Function.order": "Warning"` for one. Each of its events has a name for itself as well: `"Durable.ActivityExecuting": "None"`. Calls of HTTP functions and lines of user code are no events; their category is `Function.<name>` and `Function.<name>.User`.',
    "",
    "## Durable: the engine, its storage and the management API",
    "",
    "Where they are known, every line has `taskHub` and `workerId` besides its own fields.",
    "",
    ...header,
    ...section("Durable"),
    "",
    "## Function: the life of orchestrations and activities",
    "",
    "Once for each thing that happens, never for a replay. In a `startWorker` of your own, the default log shows them from `warn` up.",
    "",
    ...header,
    ...section("Function"),
    "",
    "## Host: the local host",
    "",
    ...header,
    ...section("Host"),
    "",
    "## Fields",
    "",
    "| Field | What it holds |",
    "| --- | --- |",
    ...Object.entries(logFields).map(([name, { meaning }]) => `| \`${name}\` | ${meaning} |`),
    "",
  ].join("\n");

  await expect(page).toMatchFileSnapshot("../../../LOGS.md");
});
