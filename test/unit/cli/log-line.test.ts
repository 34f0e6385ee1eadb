import { expect, it } from "vitest";
import { formatJsonLine, formatTextLine, resolveLogFormat } from "../../../src/cli/log-line.ts";
import { createEventSink, type HostLogEntry } from "../../../src/host/host-log.ts";

const time = new Date("2026-01-01T00:00:00Z");
const entryOf = (level: HostLogEntry["level"], message = "x"): HostLogEntry => ({ level, category: "Host", message });

it("without colours a level is a word, but for the plain one", () => {
  const lines = (["error", "warn", "info", "debug", "trace"] as const).map((level) =>
    formatTextLine(entryOf(level), time),
  );

  expect(lines).toEqual([
    "[2026-01-01T00:00:00.000Z ERROR] x",
    "[2026-01-01T00:00:00.000Z WARN] x",
    "[2026-01-01T00:00:00.000Z] x",
    "[2026-01-01T00:00:00.000Z DEBUG] x",
    "[2026-01-01T00:00:00.000Z TRACE] x",
  ]);
});

it("with colours a level is its colour", () => {
  const paint = (color: string, text: string) => `<${color}>${text}</>`;

  expect(formatTextLine(entryOf("warn"), time, paint)).toBe("<grey>[2026-01-01T00:00:00.000Z]</> <yellow>x</>");
});

it("for machines an event is one object in one line, its fields apart from its text", () => {
  const lines: string[] = [];
  const sink = createEventSink((entry) => lines.push(formatJsonLine(entry, time)));
  sink.log("error", "OrchestrationFailed", "'x' failed: Error: a\n    at f (x.ts:1:2)", {
    instanceId: "i",
    taskHub: "H",
  });
  sink.log("info", "ActivityExecuted", "'pay' completed", { functionName: "pay", durationMs: 5 });
  lines.push(formatJsonLine({ level: "warn", category: "Function.f.User", message: "two\nlines" }, time));

  expect(lines.every((line) => !line.includes("\n"))).toBe(true);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: "2026-01-01T00:00:00.000Z",
      level: "error",
      category: "Durable.OrchestrationFailed",
      event: "OrchestrationFailed",
      message: "'x' failed: Error: a\n    at f (x.ts:1:2)",
      fields: { instanceId: "i", taskHub: "H" },
    },
    {
      time: "2026-01-01T00:00:00.000Z",
      level: "info",
      category: "Function.pay",
      event: "ActivityExecuted",
      message: "'pay' completed",
      fields: { functionName: "pay", durationMs: 5 },
    },
    { time: "2026-01-01T00:00:00.000Z", level: "warn", category: "Function.f.User", message: "two\nlines" },
  ]);
});

it.each([
  [undefined, {}, { format: "text" }],
  [undefined, { DURABLE_LOG_FORMAT: " JSON " }, { format: "json" }],
  ["text", { DURABLE_LOG_FORMAT: "json" }, { format: "text" }],
  ["json", { DURABLE_LOG_FORMAT: "xml" }, { format: "json" }],
  [undefined, { DURABLE_LOG_FORMAT: "xml" }, { format: "text", problem: expect.stringContaining("text or json") }],
] as const)("the format of %s and %o is known", (asked, env, expected) => {
  expect(resolveLogFormat(asked, env)).toEqual(expected);
});
