import { describe, expect, it } from "vitest";
import {
  applyEntries,
  formatGroup,
  type JournalEntry,
  parseJournal,
  type StoredDatabase,
} from "../../../src/hosting/azurite/journal/journal-entry.ts";
import { forSeeds, SeededRandom } from "../../support/seeded-random.ts";

const put = (name: string, ...ids: number[]): JournalEntry => ({
  kind: "change",
  name,
  put: ids.map(($loki) => ({ $loki, value: `new ${$loki}` })),
  removed: [],
});
const remove = (name: string, ...removed: number[]): JournalEntry => ({ kind: "change", name, put: [], removed });
const define = (name: string): JournalEntry => ({ kind: "define", collection: { name, data: [], maxId: 0 } });
const database = (): StoredDatabase => ({
  collections: [{ name: "rows", data: [{ $loki: 1 }, { $loki: 3 }], maxId: 4 }],
});
const idsOf = (stored: StoredDatabase) =>
  Object.fromEntries((stored.collections ?? []).map(({ name, data }) => [name, data.map(({ $loki }) => $loki)]));

describe("a journal", () => {
  it("is read up to the first line that was cut off", () => {
    const whole = formatGroup([put("rows", 5)]) + formatGroup([remove("rows", 1), define("more")]);

    expect(parseJournal(whole)).toHaveLength(3);
    for (let length = 0; length < whole.length; length++) {
      expect([0, 1]).toContain(parseJournal(whole.slice(0, length)).length);
    }
    expect(parseJournal(`${formatGroup([put("rows", 5)])}\0\0\0\n${formatGroup([put("rows", 6)])}`)).toHaveLength(1);
  });

  it("puts documents in their place, and no id is given twice", () => {
    const stored = database();

    expect(applyEntries(stored, [put("rows", 2, 7), remove("rows", 3)])).toEqual(new Set(["rows"]));

    expect(idsOf(stored)).toEqual({ rows: [1, 2, 7] });
    expect(stored.collections![0]!.maxId).toBe(7);
  });

  it("has collections come, go and come again", () => {
    const stored = database();

    applyEntries(stored, [
      define("more"),
      put("more", 1),
      { kind: "drop", name: "rows" },
      define("rows"),
      put("rows", 9),
    ]);
    applyEntries(stored, [{ kind: "drop", name: "more" }, put("more", 1)]);

    expect(idsOf(stored)).toEqual({ rows: [9] });
  });

  it("gives the same when it is read over a database that has some of it already", async () => {
    await forSeeds(100, (seed) => {
      const random = new SeededRandom(seed);
      const entries = Array.from({ length: 30 }, (): JournalEntry => {
        const name = `c${Math.floor(random.next() * 3)}`;
        const id = 1 + Math.floor(random.next() * 5);
        const kind = random.next();
        if (kind < 0.1) return define(name);
        if (kind < 0.15) return { kind: "drop", name };
        return kind < 0.7 ? put(name, id) : remove(name, id);
      });
      const all: StoredDatabase = {};
      applyEntries(all, structuredClone(entries));
      const twice: StoredDatabase = {};
      applyEntries(twice, structuredClone(entries));
      applyEntries(twice, structuredClone(entries));

      expect(idsOf(twice)).toEqual(idsOf(all));
    });
  });
});
