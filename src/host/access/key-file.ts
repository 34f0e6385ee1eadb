import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DurableError } from "../../core/errors.ts";
import { systemClock } from "../../core/system-ports.ts";
import { formatKeySet, type KeyName, type KeySet, makeKeySet, parseKeySet } from "./key-set.ts";

const ownerOnly = 0o600;
const othersMask = 0o077;
const lockPauseMs = 20;
/** Whoever holds the lock longer was killed: it is held for two writes. */
const staleLockMs = 10_000;

/**
 * The keys of an app, in `.durable/keys.json` of its folder. Only its owner may read it; on Windows it has the rights of
 * the folder.
 *
 * Each version takes the place of the last one in one step, and whoever writes holds `keys.json.new`: processes that begin
 * together make one set of keys, and none ever reads a half.
 */
export class KeyFile {
  readonly path: string;
  readonly #folder: string;
  readonly #next: string;

  constructor(appFolder: string) {
    this.path = join(appFolder, ".durable", "keys.json");
    this.#folder = dirname(this.path);
    this.#next = `${this.path}.new`;
  }

  /**
   * `undefined` when there is none.
   *
   * @throws DurableError `HostStartFailed` for a file that cannot be read or understood; it is left as it is
   */
  async read(): Promise<KeySet | undefined> {
    const text = await readFile(this.path, "utf8").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.#failure("cannot be read", error);
    });
    if (text === undefined) return undefined;
    const parsed = parseKeySet(text);
    if ("keys" in parsed) return parsed.keys;
    throw new DurableError(
      "HostStartFailed",
      `The keys of the host in ${this.path} cannot be used: the file ${parsed.problem}. ` +
        "Put it back from a copy, or delete it: the next start makes new keys",
    );
  }

  /** @throws DurableError `HostStartFailed` */
  async readOrMake(): Promise<{ readonly keys: KeySet; readonly isNew: boolean }> {
    const found = await this.read();
    if (found !== undefined) return { keys: found, isNew: false };
    return await this.#whileLocked(async (write) => {
      const made = await this.read();
      if (made !== undefined) return { keys: made, isNew: false };
      const keys = makeKeySet(makeKey);
      await write(keys);
      return { keys, isNew: true };
    });
  }

  /** Replaces some keys. Resolves to all of them; `undefined` when there are none. @throws DurableError `HostStartFailed` */
  async rotate(names: readonly KeyName[]): Promise<KeySet | undefined> {
    if ((await this.read()) === undefined) return undefined;
    return await this.#whileLocked(async (write) => {
      const old = await this.read();
      if (old === undefined) return undefined;
      const keys = { ...old, ...Object.fromEntries(names.map((name) => [name, makeKey()])) };
      await write(keys);
      return keys;
    });
  }

  /** Another text for each version of the file; `undefined` when there is none. */
  async version(): Promise<string | undefined> {
    const found = await stat(this.path, { bigint: true }).catch(() => undefined);
    return found && `${found.ino} ${found.mtimeNs} ${found.size}`;
  }

  /** Always `false` on Windows, where the rights of a file are no such numbers. */
  async isOpenToOthers(): Promise<boolean> {
    if (process.platform === "win32") return false;
    const found = await stat(this.path).catch(() => undefined);
    return found !== undefined && (found.mode & othersMask) !== 0;
  }

  async #whileLocked<T>(change: (write: (keys: KeySet) => Promise<void>) => Promise<T>): Promise<T> {
    try {
      await this.#makeFolder();
      const file = await this.#lock();
      let isWritten = false;
      try {
        return await change(async (keys) => {
          await file.writeFile(formatKeySet(keys));
          await file.sync();
          await file.close();
          await rename(this.#next, this.path);
          isWritten = true;
        });
      } finally {
        if (!isWritten) {
          await file.close().catch(() => {});
          await unlink(this.#next).catch(() => {});
        }
      }
    } catch (error) {
      throw error instanceof DurableError ? error : this.#failure("cannot be written", error);
    }
  }

  async #makeFolder(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    // The folder has nothing for a repository, whether or not that of the app says so.
    await writeFile(join(this.#folder, ".gitignore"), "*\n", { flag: "wx" }).catch(() => {});
  }

  async #lock() {
    for (;;) {
      try {
        return await open(this.#next, "wx", ownerOnly);
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const held = await stat(this.#next).catch(() => undefined);
      if (held !== undefined && systemClock.now() - held.mtimeMs > staleLockMs) {
        await unlink(this.#next).catch(() => {});
      } else await systemClock.sleep(lockPauseMs);
    }
  }

  #failure(what: string, cause: unknown): DurableError {
    return new DurableError(
      "HostStartFailed",
      `The keys of the host in ${this.path} ${what} (${codeOf(cause)}). Give the folder .durable to the user who runs the ` +
        "host, or name the keys by the settings DURABLE_MASTER_KEY, DURABLE_SYSTEM_KEY and DURABLE_FUNCTION_KEY",
      { cause },
    );
  }
}

/** 256 bits, in letters that a URL and a shell take as they are. */
function makeKey(): string {
  return randomBytes(32).toString("base64url");
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "failed";
}
