import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { join, relative, sep } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { changedFiles, type Stamps } from "./changes.ts";

export interface SourceWatchOptions {
  /** Absolute; what is called by a relative path is relative to the first. */
  readonly folders: readonly string[];
  /** Whether changes of a file, or of all that is in a folder, mean nothing. @param path absolute */
  readonly isIgnored: (path: string, isFolder: boolean) => boolean;
  /** Looks every second instead of waiting to be told. */
  readonly poll: boolean;
  /** Told once when the system cannot tell of changes, and they are looked for instead. */
  readonly onPolling: (reason: string) => void;
}

export interface SourceChanges {
  /** Relative to the first folder, with slashes. */
  readonly files: readonly string[];
  /** When the first of them was noticed, by `performance.now()`. */
  readonly since: number;
}

/** Editors and compilers write several files at a time, or one in several steps. */
const quietMs = 60;
const pollMs = 1_000;

/**
 * Notices which files have changed.
 *
 * The system's notices only wake it: what has changed is what two looks at the folders say, so that notices that are
 * missing a name, come twice or mean nothing do no harm. Each folder has a watcher of its own, since a recursive one
 * would enter node_modules.
 */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #stamps: Stamps;
  #timer: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #wokenAt: number | undefined;
  #notice!: () => void;
  #noticed!: Promise<void>;

  constructor(options: SourceWatchOptions) {
    this.#options = options;
    this.#renewNotice();
    this.#stamps = this.#look();
    if (options.poll) this.#poll();
  }

  /** Resolves when something has changed that nobody has taken yet. */
  get changed(): Promise<void> {
    return this.#noticed;
  }

  /** What has changed since this was last called. */
  take(): SourceChanges {
    const changes = { files: [...this.#changed].sort(), since: this.#wokenAt ?? performance.now() };
    this.#changed.clear();
    this.#wokenAt = undefined;
    this.#renewNotice();
    return changes;
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#polling);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #renewNotice(): void {
    this.#noticed = new Promise((resolve) => {
      this.#notice = resolve;
    });
  }

  #wake(): void {
    this.#wokenAt ??= performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#compare(), quietMs);
  }

  #compare(): void {
    const stamps = this.#look();
    for (const path of changedFiles(this.#stamps, stamps)) this.#changed.add(path);
    this.#stamps = stamps;
    if (this.#changed.size > 0) this.#notice();
    else this.#wokenAt = undefined;
  }

  /** Reads all folders, and watches those that are there now. */
  #look(): Stamps {
    const stamps = new Map<string, string>();
    const folders = new Set<string>();
    for (const folder of this.#options.folders) this.#lookInto(folder, folders, stamps);
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) this.#watch(folder);
    return stamps;
  }

  #lookInto(folder: string, folders: Set<string>, stamps: Map<string, string>): void {
    if (folders.has(folder)) return;
    folders.add(folder);
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      const isFolder = entry.isDirectory();
      if (this.#options.isIgnored(path, isFolder)) continue;
      if (isFolder) this.#lookInto(path, folders, stamps);
      else {
        const stamp = stampOf(path);
        if (stamp !== undefined) stamps.set(this.#nameOf(path), stamp);
      }
    }
  }

  #nameOf(path: string): string {
    return relative(this.#options.folders[0]!, path).split(sep).join("/");
  }

  #watch(folder: string): void {
    if (this.#polling !== undefined || this.#options.poll || this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, () => this.#wake());
      watcher.on("error", (error) => {
        watcher.close();
        this.#watchers.delete(folder);
        // A folder that was removed is none any more; that is seen by looking.
        if (stampOf(folder) !== undefined) this.#fallBack(error);
        else this.#wake();
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      if (stampOf(folder) !== undefined) this.#fallBack(error);
    }
  }

  /** Systems have a limit of what can be watched, and some file systems tell nothing. */
  #fallBack(error: unknown): void {
    if (this.#polling !== undefined) return;
    this.#options.onPolling(messageOf(error));
    this.#poll();
  }

  #poll(): void {
    this.#polling = setInterval(() => {
      this.#wokenAt ??= performance.now();
      this.#compare();
    }, pollMs);
  }
}

/** Nothing for a folder that is gone by now, or may not be read. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function stampOf(path: string): string | undefined {
  try {
    const { mtimeMs, size } = statSync(path);
    return `${mtimeMs}:${size}`;
  } catch {
    return undefined;
  }
}
