import { applyEntries, type JournalEntry, type StoredCollection, type StoredDatabase } from "./journal-entry.ts";
import { JournalFiles } from "./journal-files.ts";

/**
 * Has every database that LokiJS opens in this process keep a journal, so that what Azurite acknowledges outlives it.
 *
 *  J1. What was changed is in a journal before an answer leaves (`flush`): no kill takes anything acknowledged.
 *  J2. What is changed without a pause is one group, and is found whole or not at all, as the transactions of a table.
 *  J3. A database file names the first journal that it does not have; older ones go when the file is there.
 *  J4. A file that names none was saved by an Azurite without journals, and those that lie about are older than it.
 *
 * A write costs what was changed in it. Writing the database out before each answer costs all that is stored.
 */

/** As much of LokiJS 1.5 as is used here. */
export interface LokiClass {
  readonly prototype: LokiDatabase;
  readonly Collection: { readonly prototype: LokiCollection };
}

interface LokiDatabase extends StoredDatabase {
  readonly filename: string;
  addCollection(name: string, ...options: unknown[]): LokiCollection;
  getCollection(name: string): LokiCollection | null;
  removeCollection(name: string): void;
  loadJSONObject(database: StoredDatabase, ...options: unknown[]): void;
  saveDatabaseInternal(done: (error?: unknown) => void): void;
  serializeReplacer(key: string, value: unknown): unknown;
}

interface LokiCollection extends StoredCollection {
  get(id: number): StoredCollection["data"][number] | null;
  add(document: { $loki?: number }): unknown;
  update(document: unknown): unknown;
  remove(document: unknown): unknown;
  removeBatchByPositions(positions: readonly number[]): unknown;
  clear(...options: unknown[]): void;
  ensureAllIndexes(force: boolean): void;
}

/** @param loaded may change a database that was read, before anybody uses it */
export interface LokiJournalOptions {
  readonly loaded: (path: string, database: StoredDatabase) => void;
  /** A journal could not be written: nothing may be acknowledged any more. */
  readonly failed: (error: unknown) => void;
}

/** How long a change that no answer follows may wait. */
const idleFlushMs = 50;

/** What is to be written of one database. */
class DatabaseJournal {
  readonly files: JournalFiles;
  isLoading = false;
  #structure: JournalEntry[] = [];
  readonly #touched = new Map<LokiCollection, Set<number>>();

  constructor(database: LokiDatabase) {
    this.files = new JournalFiles(database.filename);
  }

  touch(collection: LokiCollection, ids: readonly (number | undefined)[]): void {
    const touched = this.#touched.get(collection) ?? new Set();
    this.#touched.set(collection, touched);
    for (const id of ids) if (id !== undefined) touched.add(id);
  }

  define(collection: LokiCollection, database: LokiDatabase): void {
    this.#touched.delete(collection);
    const empty = JSON.stringify({ ...collection, data: [], idIndex: null }, database.serializeReplacer);
    this.#structure.push({ kind: "define", collection: JSON.parse(empty) as StoredCollection });
  }

  drop(collection: LokiCollection): void {
    this.#touched.delete(collection);
    this.#structure.push({ kind: "drop", name: collection.name });
  }

  flush(): void {
    const entries = this.#structure;
    for (const [collection, ids] of this.#touched) {
      const put: StoredCollection["data"] = [];
      const removed: number[] = [];
      for (const id of ids) {
        const document = collection.get(id);
        if (document === null) removed.push(id);
        else put.push(document);
      }
      if (ids.size > 0) entries.push({ kind: "change", name: collection.name, put, removed });
    }
    this.#touched.clear();
    this.#structure = [];
    if (entries.length > 0) this.files.append(entries);
  }
}

/**
 * Returns `flush`, to be called before any answer leaves; `undefined`, and nothing is changed, when this LokiJS is not of
 * the form that is known.
 */
export function keepJournals(loki: LokiClass, options: LokiJournalOptions): (() => void) | undefined {
  if (!isKnownForm(loki)) return undefined;
  const journals = new WeakMap<LokiDatabase, DatabaseJournal>();
  const owners = new WeakMap<LokiCollection, DatabaseJournal>();
  const changed = new Set<DatabaseJournal>();
  let timer: NodeJS.Timeout | undefined;

  const journalOf = (database: LokiDatabase): DatabaseJournal => {
    const journal = journals.get(database) ?? new DatabaseJournal(database);
    journals.set(database, journal);
    return journal;
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    try {
      for (const journal of changed) {
        changed.delete(journal);
        journal.flush();
      }
    } catch (error) {
      options.failed(error);
    }
  };
  const note = (journal: DatabaseJournal | undefined, what: (journal: DatabaseJournal) => void): void => {
    if (journal === undefined || journal.isLoading) return;
    what(journal);
    changed.add(journal);
    timer ??= setTimeout(flush, idleFlushMs).unref();
  };

  const database = loki.prototype;
  const { addCollection, removeCollection, loadJSONObject, saveDatabaseInternal } = database;
  database.addCollection = function (name, ...rest) {
    const isNew = !(this as unknown as { collections: LokiCollection[] }).collections.some((one) => one.name === name);
    const collection = addCollection.call(this, name, ...rest);
    owners.set(collection, journalOf(this));
    if (isNew) note(journalOf(this), (journal) => journal.define(collection, this));
    return collection;
  };
  database.removeCollection = function (name) {
    const collection = this.getCollection(name);
    if (collection !== null) {
      note(journalOf(this), (journal) => journal.drop(collection));
      owners.delete(collection);
    }
    removeCollection.call(this, name);
  };
  database.loadJSONObject = function (stored, ...rest) {
    const journal = journalOf(this);
    const from = stored.journal;
    const entries = typeof from === "number" ? journal.files.read(from) : []; // J4
    if (typeof from === "number") journal.files.beginAt(from);
    const others = applyEntries(stored, entries);
    options.loaded(this.filename, stored);
    journal.isLoading = true;
    loadJSONObject.call(this, stored, ...rest);
    journal.isLoading = false;
    for (const name of others) this.getCollection(name)?.ensureAllIndexes(true);
  };
  database.saveDatabaseInternal = function (done) {
    flush();
    const { files } = journalOf(this);
    const first = files.rotate();
    this.journal = first; // J3
    saveDatabaseInternal.call(this, (error) => {
      if (!error) files.removeBefore(first);
      done?.(error);
    });
  };
  watchCollections(loki.Collection.prototype, (collection, ids) =>
    note(owners.get(collection), (journal) => journal.touch(collection, ids)),
  );
  return flush;
}

function watchCollections(
  collection: LokiCollection,
  touch: (collection: LokiCollection, ids: readonly (number | undefined)[]) => void,
): void {
  const { add, update, remove, removeBatchByPositions, clear } = collection;
  collection.add = function (document) {
    const result = add.call(this, document);
    touch(this, [document.$loki]);
    return result;
  };
  collection.update = function (document) {
    const result = update.call(this, document);
    // Of several each comes here by itself.
    if (!Array.isArray(document)) touch(this, [idOf(document)]);
    return result;
  };
  collection.remove = function (document) {
    if (!Array.isArray(document)) touch(this, [idOf(document)]);
    return remove.call(this, document);
  };
  collection.removeBatchByPositions = function (positions) {
    touch(
      this,
      positions.map((position) => this.data[position]?.$loki),
    );
    return removeBatchByPositions.call(this, positions);
  };
  collection.clear = function (...rest) {
    touch(
      this,
      this.data.map((document) => document.$loki),
    );
    clear.call(this, ...rest);
  };
}

function idOf(document: unknown): number | undefined {
  return typeof document === "number" ? document : (document as { $loki?: number } | null)?.$loki;
}

function isKnownForm(loki: LokiClass): boolean {
  const onDatabase = [
    "addCollection",
    "removeCollection",
    "loadJSONObject",
    "saveDatabaseInternal",
    "serializeReplacer",
  ];
  const onCollection = ["get", "add", "update", "remove", "removeBatchByPositions", "clear", "ensureAllIndexes"];
  return hasMethods(loki?.prototype, onDatabase) && hasMethods(loki.Collection?.prototype, onCollection);
}

function hasMethods(object: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof (object as Record<string, unknown> | undefined)?.[name] === "function");
}
