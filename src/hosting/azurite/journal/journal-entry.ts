/**
 * What a journal says of one database of Azurite, and how it is read back into the database.
 *
 * Azurite keeps its tables, queues and the names of its blobs in LokiJS: in memory, written out whole every five
 * seconds. A journal has what was changed since the last of these files. Its entries say what a document is now, never
 * what was done to it, so that reading one twice, or over a database that has some of it already, gives the same.
 */

/** As much of a database file as a journal changes. */
export interface StoredDatabase {
  /** Number of the first journal that is not in the file. A file without it was saved by an Azurite without journals. */
  journal?: unknown;
  collections?: StoredCollection[];
}

export interface StoredCollection {
  readonly name: string;
  data: StoredDocument[];
  /** Largest id that was ever given to a document. */
  maxId?: number;
}

export interface StoredDocument {
  /** Id, unique in its collection; a collection is sorted by it. */
  readonly $loki: number;
}

export type JournalEntry =
  /** A collection without documents; one of that name before it is gone. */
  | { readonly kind: "define"; readonly collection: StoredCollection }
  | { readonly kind: "drop"; readonly name: string }
  | {
      readonly kind: "change";
      readonly name: string;
      readonly put: readonly StoredDocument[];
      readonly removed: readonly number[];
    };

/** One line for all that was changed together: of a group that was cut off nothing is taken. */
export function formatGroup(entries: readonly JournalEntry[]): string {
  return `${JSON.stringify(entries)}\n`;
}

/** The entries of a journal, up to the first line that is not whole. */
export function parseJournal(text: string): readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  const lines = text.split("\n");
  // What follows the last line end was cut off.
  for (const line of lines.slice(0, -1)) {
    try {
      entries.push(...(JSON.parse(line) as JournalEntry[]));
    } catch {
      break;
    }
  }
  return entries;
}

/** Changes the database in place. Returns the names of the collections whose documents are others now. */
export function applyEntries(database: StoredDatabase, entries: readonly JournalEntry[]): ReadonlySet<string> {
  const collections = new Map((database.collections ?? []).map((collection) => [collection.name, collection]));
  const documents = new Map<string, Map<number, StoredDocument>>();
  for (const entry of entries) {
    if (entry.kind === "define") {
      collections.set(entry.collection.name, entry.collection);
      documents.set(entry.collection.name, new Map());
    } else if (entry.kind === "drop") {
      collections.delete(entry.name);
      documents.delete(entry.name);
    } else {
      const collection = collections.get(entry.name);
      if (collection === undefined) continue;
      const found = documents.get(entry.name) ?? new Map(collection.data.map((document) => [document.$loki, document]));
      documents.set(entry.name, found);
      for (const document of entry.put) found.set(document.$loki, document);
      for (const id of entry.removed) found.delete(id);
    }
  }
  database.collections = [...collections.values()];
  for (const [name, found] of documents) {
    const collection = collections.get(name)!;
    collection.data = [...found.values()].sort((left, right) => left.$loki - right.$loki);
    collection.maxId = Math.max(collection.maxId ?? 0, collection.data.at(-1)?.$loki ?? 0);
  }
  return new Set(documents.keys());
}
