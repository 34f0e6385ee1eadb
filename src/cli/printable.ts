/** Whoever wrote it must not move the cursor of whoever reads it: control and format characters become `\u` escapes. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (char) => {
    return Array.from({ length: char.length }, (_, index) => {
      return `\\u${char.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }).join("");
  });
}

/** One line of JSON. What is escaped can only stand in texts, so that it stays the same JSON. */
export function printableJson(value: unknown): string {
  return printable(JSON.stringify(value));
}

/** The beginning of a text that is too long to be shown whole. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const end = /[\ud800-\udbff]/.test(text[maxLength - 1]!) ? maxLength - 1 : maxLength;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}

/** The value of a JSON text, or the text itself: reasons are kept as they were given. */
export function readPayload(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Rows of cells below each other; the last cell of a row may be of any length. Widths only grow from page to page. */
export class Columns {
  readonly #widths: number[] = [];

  format(rows: readonly (readonly string[])[]): readonly string[] {
    for (const row of rows) {
      for (const [index, cell] of row.slice(0, -1).entries()) {
        this.#widths[index] = Math.max(this.#widths[index] ?? 0, cell.length);
      }
    }
    return rows.map((row) => {
      const cells = row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(this.#widths[index] ?? 0)));
      return cells.join("  ").trimEnd();
    });
  }
}
