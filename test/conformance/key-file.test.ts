import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEventLog } from "../../src/core/event-log.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { openHostAccess } from "../../src/host/access/host-access.ts";
import { KeyFile } from "../../src/host/access/key-file.ts";

const isWindows = process.platform === "win32";
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-keys-"));
  path = join(folder, ".durable", "keys.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const listed = async () => (await readdir(join(folder, ".durable"))).sort();

describe("the keys of an app", () => {
  it("are made once, by whichever of many that begin together", async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => new KeyFile(folder).readOrMake()));

    expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
    for (const { keys } of made) expect(keys).toEqual(made[0]!.keys);
    expect(await listed()).toEqual([".gitignore", "keys.json"]);
    if (!isWindows) expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("are each rotated once, by several at a time", async () => {
    const file = new KeyFile(folder);
    const { keys } = await file.readOrMake();

    await Promise.all([file.rotate(["master"]), new KeyFile(folder).rotate(["default"])]);

    const now = await file.read();
    expect(now).toEqual({
      master: expect.not.stringContaining(keys.master!) as string,
      default: expect.not.stringContaining(keys.default!) as string,
      durabletask_extension: keys.durabletask_extension,
    });
    expect(await listed()).toEqual([".gitignore", "keys.json"]);
    if (!isWindows) expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("that are not there are not rotated, and damaged ones are left as they are", async () => {
    const file = new KeyFile(folder);
    expect(await file.rotate(["master"])).toBeUndefined();

    await mkdir(join(folder, ".durable"));
    await writeFile(path, '{ "master": "my secret" }');
    for (const use of [() => file.read(), () => file.readOrMake(), () => file.rotate(["master"])]) {
      await expect(use()).rejects.toThrow(`${path} cannot be used: the file has a key 'master'`);
      await expect(use()).rejects.not.toThrow("my secret");
    }
    expect(await readFile(path, "utf8")).toBe('{ "master": "my secret" }');
  });

  it("are made although a process was killed while it wrote them", async () => {
    await mkdir(join(folder, ".durable"));
    await writeFile(`${path}.new`, "{");
    const long = new Date(systemClock.now() - 60_000);
    await utimes(`${path}.new`, long, long);

    expect((await new KeyFile(folder).readOrMake()).isNew).toBe(true);
    expect(await listed()).toEqual([".gitignore", "keys.json"]);
  });

  it.skipIf(isWindows || process.getuid?.() === 0)(
    "that cannot be made say what to do, where rights hold (not on Windows, not for root)",
    async () => {
      await chmod(folder, 0o500);
      await expect(new KeyFile(folder).readOrMake()).rejects.toThrow(
        /cannot be written \(EACCES\).*DURABLE_MASTER_KEY/,
      );
      await chmod(folder, 0o700);
    },
  );

  it("that have no place say what to do", async () => {
    await writeFile(join(folder, ".durable"), "a file");
    await expect(new KeyFile(folder).readOrMake()).rejects.toThrow(/keys\.json cannot be .*DURABLE_MASTER_KEY/);
  });
});

it.skipIf(isWindows)("a host tells of keys that others may read (rights of Windows are no numbers)", async () => {
  await new KeyFile(folder).readOrMake();
  await chmod(path, 0o644);
  const lines: string[] = [];
  const events = createEventLog({ log: (_level, name) => lines.push(name) });

  await openHostAccess({ appFolder: folder, address: "0.0.0.0", auth: true, env: {}, clock: systemClock, events });

  expect(lines).toEqual(["KeysReadable"]);
});
