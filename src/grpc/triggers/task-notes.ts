import type { AttemptInfo } from "../../core/task-tags.ts";

/**
 * What an activity has to know beside its input travels as tags, and the extension keeps those to itself. So it goes in
 * the input, around the one that was given, where there is anything to tell.
 */
const notesKey = "durable.task";
const inputKey = "input";

/** The JSON text as it is sent. Without notes it stays as it is, unless it looks as if it had some. */
export function wrapInput(input: string | undefined, { attempt, timeoutMs }: AttemptInfo): string | undefined {
  const isPlain = attempt === 1 && timeoutMs === undefined;
  if (isPlain && !looksWrapped(input)) return input;
  const notes = JSON.stringify({ attempt, timeoutMs });
  return `{"${notesKey}":${notes}${input === undefined ? "" : `,"${inputKey}":${input}`}}`;
}

/** The value that was meant, and the notes. */
export function unwrapInput(value: unknown): { readonly input: unknown } & AttemptInfo {
  if (!isWrapped(value)) return { input: value, attempt: 1, timeoutMs: undefined };
  const { attempt, timeoutMs } = (value[notesKey] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    input: value[inputKey],
    attempt: isPositive(attempt) ? attempt : 1,
    timeoutMs: isPositive(timeoutMs) ? timeoutMs : undefined,
  };
}

function looksWrapped(input: string | undefined): boolean {
  if (input === undefined || !input.includes(`"${notesKey}"`)) return false;
  try {
    return isWrapped(JSON.parse(input));
  } catch {
    return false;
  }
}

function isWrapped(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, notesKey)) return false;
  return Object.keys(value).every((key) => key === notesKey || key === inputKey);
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}
