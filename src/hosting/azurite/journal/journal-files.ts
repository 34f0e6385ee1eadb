import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { formatGroup, type JournalEntry, parseJournal } from "./journal-entry.ts";

/**
 * The journals of one database, `<database>.journal.<number>` beside it. Each time the database is written out, a new
 * one is begun, and those before go once the file is there.
 */
export class JournalFiles {
  readonly #folder: string;
  readonly #prefix: string;
  #number: number;
  #file: number | undefined;

  constructor(databasePath: string) {
    this.#folder = dirname(databasePath);
    this.#prefix = `${basename(databasePath)}.journal.`;
    // Never one that is there: its last line may have been cut off.
    this.#number = Math.max(0, ...this.#numbers()) + 1;
  }

  /** Written when it returns, so that the death of this process takes nothing of it. @throws the error of the system */
  append(entries: readonly JournalEntry[]): void {
    this.#file ??= openSync(this.#pathOf(this.#number), "a");
    writeFileSync(this.#file, formatGroup(entries));
  }

  /** Begins another journal. Returns its number: a database that is written out now has all that came before. */
  rotate(): number {
    if (this.#file !== undefined) {
      closeSync(this.#file);
      this.#file = undefined;
      this.#number++;
    }
    return this.#number;
  }

  /** The next journal is at least this one, whatever files there are. */
  beginAt(number: number): void {
    if (this.#file === undefined) this.#number = Math.max(this.#number, number);
  }

  read(from: number): readonly JournalEntry[] {
    const numbers = this.#numbers().filter((number) => number >= from);
    return numbers.flatMap((number) => parseJournal(readFileSync(this.#pathOf(number), "utf8")));
  }

  removeBefore(number: number): void {
    for (const found of this.#numbers()) {
      if (found < number) rmSync(this.#pathOf(found), { force: true, maxRetries: 3 });
    }
  }

  /** Of the journals that there are, in their order. */
  #numbers(): number[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      return [];
    }
    const numbers = names
      .filter((name) => name.startsWith(this.#prefix))
      .map((name) => Number(name.slice(this.#prefix.length)));
    return numbers.filter(Number.isSafeInteger).sort((left, right) => left - right);
  }

  #pathOf(number: number): string {
    return join(this.#folder, `${this.#prefix}${number}`);
  }
}
