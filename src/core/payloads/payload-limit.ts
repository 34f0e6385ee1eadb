import { DurableError } from "../errors.ts";
import type { Tags } from "../history-event.ts";

/** Most bytes of a payload as UTF-8. Larger ones are files: keep them in a store of their own, and pass their names. */
export const defaultMaxPayloadBytes: number = 128 * 1024 * 1024;
/** What stands in a row itself has at most so many UTF-16 units. */
export const maxRowTextUnits = 32_768;

/** Why a text cannot be a payload; `undefined` when it can. */
export function describeOversize(text: string | undefined, what: string, maxBytes: number): string | undefined {
  // A UTF-16 unit is one to three bytes, so that most texts need not be counted.
  if (text === undefined || text.length * 3 <= maxBytes) return undefined;
  const bytes = text.length > maxBytes ? text.length : Buffer.byteLength(text, "utf8");
  if (bytes <= maxBytes) return undefined;
  const size = `${what} has ${bytes === text.length ? "at least " : ""}${bytes} bytes as JSON`;
  return `${size}; at most ${maxBytes} are allowed: keep it in a store of its own, and pass where it is`;
}

/** The same for tags of an instance, which stand in its row. */
export function describeOversizeTags(tags: Tags | undefined, what: string): string | undefined {
  if (tags === undefined) return undefined;
  // As rows have them: .NET escapes three characters that JSON leaves as they are.
  const length = JSON.stringify(tags).replace(/[\u0085\u2028\u2029]/g, "\\u....").length;
  if (length <= maxRowTextUnits) return undefined;
  return `${what} have ${length} characters as JSON; at most ${maxRowTextUnits} are allowed`;
}

/** @throws DurableError `InvalidPayload` */
export function assertPayload(text: string | undefined, what: string, maxBytes: number): void {
  refuse(describeOversize(text, what, maxBytes));
}

/** @throws DurableError `InvalidPayload` */
export function assertTags(tags: Tags | undefined): void {
  refuse(describeOversizeTags(tags, "the tags of an instance"));
}

/** Of a text that stands in a row. @throws DurableError `InvalidPayload` */
export function assertRowText(text: string | undefined, what: string): void {
  if (text === undefined || text.length <= maxRowTextUnits) return;
  refuse(`${what} has ${text.length} characters; at most ${maxRowTextUnits} are allowed`);
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new DurableError("InvalidPayload", reason);
}
