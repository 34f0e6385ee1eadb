import type { LogLevel } from "../core/ports.ts";
import type { HostLogEntry } from "../host/host-log.ts";

export type LogFormat = "text" | "json";

export function isLogFormat(text: string): text is LogFormat {
  return text === "text" || text === "json";
}

/** The environment variable that asks for a format. */
export const logFormatSetting = "DURABLE_LOG_FORMAT";

/** The format that is asked for: by the command line, else by the environment, else text. */
export function resolveLogFormat(
  asked: LogFormat | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { readonly format: LogFormat; readonly problem?: string } {
  if (asked !== undefined) return { format: asked };
  const text = env[logFormatSetting]?.trim().toLowerCase() ?? "";
  if (text === "") return { format: "text" };
  if (isLogFormat(text)) return { format: text };
  return { format: "text", problem: `${logFormatSetting} must be text or json; the log is text` };
}

export type Color = "grey" | "red" | "yellow" | "green" | "cyan";

export type Paint = (color: Color, text: string) => string;

const colors: Readonly<Record<LogLevel, Color>> = {
  error: "red",
  warn: "yellow",
  info: "cyan",
  debug: "green",
  trace: "green",
};

/**
 * A line for people. Its level is its colour; without colours it is a word, but for `info`.
 *
 * ```text
 * [2026-01-01T00:00:00.000Z] a line
 * [2026-01-01T00:00:00.000Z WARN] a warning
 * ```
 *
 * @param paint @defaultValue no colours
 */
export function formatTextLine({ level, message }: HostLogEntry, time: Date, paint?: Paint): string {
  if (paint !== undefined) return `${paint("grey", `[${time.toISOString()}]`)} ${paint(colors[level], message)}`;
  const word = level === "info" ? "" : ` ${level.toUpperCase()}`;
  return `[${time.toISOString()}${word}] ${message}`;
}

/** A line for machines: one object, `{ time, level, category, event?, message, fields? }`. */
export function formatJsonLine({ level, category, event, message, text, fields }: HostLogEntry, time: Date): string {
  const hasFields = fields !== undefined && Object.keys(fields).length > 0;
  return JSON.stringify({
    time: time.toISOString(),
    level,
    category,
    event,
    message: text ?? message,
    fields: hasFields ? fields : undefined,
  });
}
