import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { QueueSASPermissions, QueueServiceClient, SASProtocol } from "@azure/storage-queue";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emulator } from "../../src/backends/azure-storage/storage/storage-connection.ts";
import { findRunningStore } from "../../src/hosting/azurite/running-store.ts";
import { readStoreRecord } from "../../src/hosting/azurite/store-record.ts";
import { endWithParent } from "../support/end-with-parent.ts";

// Folders of other users, other containers and file systems that cannot be written: works, or one line that says why.

const azuriteStoreUrl = pathToFileURL(resolve("dist/hosting/azurite/azurite-store.js")).href;
const plainUser = 65_534;
const asPlainUser = ["setpriv", `--reuid=${plainUser}`, `--regid=${plainUser}`, "--clear-groups"];
const canChangeUser = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0;
const canUnshare = spawnSync("unshare", ["-pf", "--mount-proc", "true"]).status === 0;
const canMount = spawnSync("unshare", ["-m", "true"]).status === 0;

let root: string;
let app: string;
const storeFolder = () => join(app, ".durable", "azurite");
const recordPath = () => join(storeFolder(), "in-use.json");
const started = new Set<ChildProcess>();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "durable-access-"));
  chmodSync(root, 0o755);
  app = join(root, "app");
  mkdirSync(app);
});

afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  started.clear();
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

const holder = `
process.stdin.resume();
const { startAzuriteStore } = await import(${JSON.stringify(azuriteStoreUrl)});
const startedAt = performance.now();
const say = (text) => process.stdout.write(text + "\\n");
let store;
const end = async () => { await store?.stop(); process.exit(0); };
process.on("SIGTERM", end);
process.stdin.on("close", end);
try {
  store = await startAzuriteStore({ appFolder: process.argv[1], onWait: (text) => say("waits: " + text) });
  say("ready");
  store.died.then((text) => say("died: " + text));
} catch (error) {
  say("failed: " + error.code + ": " + error.message);
  say("cpu: " + process.cpuUsage().user / 1000 / (performance.now() - startedAt));
  process.exit(1);
}
`;

interface Holder {
  readonly child: ChildProcess;
  output(): string;
  /** Waits for a line. */
  said(text: string | RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

/** A process that opens the store, through a command such as `setpriv`. */
function openStore(...through: readonly string[]): Holder {
  const [command, ...args] = [...through, process.execPath, "--input-type=module", "-e", holder, app];
  const child = spawn(command!, args, { stdio: ["pipe", "pipe", "pipe"], cwd: resolve(".") });
  started.add(child);
  let text = "";
  const read = (chunk: Buffer) => {
    text += chunk.toString();
  };
  child.stdout!.on("data", read);
  child.stderr!.on("data", read);
  const ended = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  return {
    child,
    ended,
    output: () => text,
    said: async (what) => {
      await expect.poll(() => text, { timeout: 60_000, interval: 50 }).toMatch(what);
    },
  };
}

function giveTo(user: number, ...paths: readonly string[]): void {
  for (const path of paths) chownSync(path, user, user);
}

async function readKeyMode(): Promise<number | undefined> {
  const { mode } = await stat(join(storeFolder(), "account-key"));
  return process.platform === "win32" ? undefined : mode & 0o777;
}

/** A record of processes that are gone. */
function leaveRecord(): void {
  mkdirSync(storeFolder(), { recursive: true });
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(recordPath(), JSON.stringify({ token: "t", pid: gone, hostPid: gone, controlPort: 4000 }));
}

describe.skipIf(!canChangeUser)("a plain user in a folder of root (skipped where users cannot be changed)", () => {
  it("is told of a record of a dead process that cannot be removed, after a while and without a busy loop", async () => {
    leaveRecord();

    const store = openStore(...asPlainUser);

    expect(await store.ended).toBe(1);
    expect(store.output()).toMatch(
      /^failed: HostStartFailed: .*in-use\.json cannot be removed \(EACCES; it belongs to root, this is user 65534\).*\n/,
    );
    expect(Number(/cpu: (\S+)/.exec(store.output())![1])).toBeLessThan(0.7);
  });

  it("can end the start at any time meanwhile", async () => {
    leaveRecord();
    const main = [process.execPath, ...endWithParent, resolve("dist/cli/main.js"), "start", "-p", "0"];
    writeFileSync(join(app, "host.json"), '{ "version": "2.0" }');
    writeFileSync(join(app, "package.json"), '{ "main": "app.mjs" }');
    const library = pathToFileURL(resolve("dist/index.js")).href;
    writeFileSync(
      join(app, "app.mjs"),
      `import { DFApp } from "${library}";\nconst app = new DFApp();\napp.orchestration("none", function* () {});\nconsole.log("loaded");`,
    );
    const child = spawn(asPlainUser[0]!, [...asPlainUser.slice(1), ...main], { cwd: app, stdio: "pipe" });
    started.add(child);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await expect.poll(() => text).toContain("loaded");
    child.kill("SIGINT");

    const code = await new Promise((done) => child.once("exit", done));

    expect(code).toBe(0);
    expect(text).toContain("Stopping.");
  });

  it("is told of a folder that it cannot write, and of a record that it cannot read", async () => {
    const first = openStore(...asPlainUser);
    expect(await first.ended).toBe(1);
    expect(first.output()).toMatch(
      /^failed: HostStartFailed: .*\.durable\S* cannot be created \(EACCES; .* belongs to root/,
    );

    leaveRecord();
    chmodSync(recordPath(), 0o600);
    giveTo(plainUser, app, join(app, ".durable"), storeFolder());
    const second = openStore(...asPlainUser);
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(
      /^failed: HostStartFailed: .*in-use\.json cannot be read \(EACCES; it belongs to root/,
    );
  });

  it("is told of data files that an earlier run as root has left, before the first request", async () => {
    const root = openStore();
    await root.said(/^ready/m);
    root.child.kill("SIGTERM");
    await root.ended;
    giveTo(plainUser, app, join(app, ".durable"), storeFolder());

    const store = openStore(...asPlainUser);

    expect(await store.ended).toBe(1);
    expect(store.output()).toMatch(
      /^failed: HostStartFailed: .*__(?:queue|blob)storage__ cannot be written \(EACCES; it belongs to root, this is user 65534\)/,
    );
    expect(existsSync(recordPath())).toBe(false);
  });

  it("takes over a folder of its own in which only the databases are of root", async () => {
    const root = openStore();
    await root.said(/^ready/m);
    root.child.kill("SIGTERM");
    await root.ended;
    giveTo(plainUser, app, join(app, ".durable"), storeFolder());
    for (const name of ["__queuestorage__", "__blobstorage__"]) giveTo(plainUser, join(storeFolder(), name));

    const store = openStore(...asPlainUser);

    await store.said(/^ready/m);
    store.child.kill("SIGTERM");
    expect(await store.ended).toBe(0);
  });
});

it.skipIf(!canMount)("is told of a file system that is read-only (skipped where nothing can be mounted)", async () => {
  mkdirSync(storeFolder(), { recursive: true });
  const mount = `mount --bind '${app}' '${app}' && mount -o remount,ro,bind '${app}' && exec "$@"`;

  const store = openStore("unshare", "-m", "sh", "-c", mount, "sh");

  expect(await store.ended).toBe(1);
  expect(store.output()).toMatch(/^failed: HostStartFailed: .* \(EROFS; .*The file system is read-only/);
});

describe.skipIf(!canUnshare)(
  "hosts in two containers (skipped where processes cannot have a namespace of their own)",
  () => {
    const inContainer = ["unshare", "-pf", "--kill-child", "--mount-proc"];
    const inNetwork = [
      "unshare",
      "-pfn",
      "--kill-child",
      "--mount-proc",
      "sh",
      "-c",
      'ip link set lo up 2>/dev/null; exec "$@"',
      "sh",
    ];

    it("do not share a folder, by the port of the store where they have one network", async () => {
      const first = openStore();
      await first.said(/^ready/m);

      const second = openStore(...inContainer);

      expect(await second.ended).toBe(1);
      expect(second.output()).toMatch(
        /failed: HostStartFailed: Another host \(process \d+ of '\S+', in another machine or container\) is using .*If it is certainly gone, delete \S+in-use\.json\./,
      );
      expect(first.output()).toBe("ready\n");
    });

    it("do not share a folder, by the heartbeat where the network is another", async () => {
      const first = openStore();
      await first.said(/^ready/m);

      const second = openStore(...inNetwork);

      expect(await second.ended).toBe(1);
      expect(second.output()).toMatch(/failed: HostStartFailed: Another host .* in another machine or container/);
      expect(first.output()).toBe("ready\n");
    });

    it("follow one another after a kill, once the heartbeat has stood still", async () => {
      const first = openStore(...inNetwork);
      await first.said(/^ready/m);
      first.child.kill("SIGKILL");
      await first.ended;
      const left = readStoreRecord(storeFolder())!;

      const second = openStore(...inNetwork);

      await second.said(/^ready/m);
      // The system may have given the number of the one namespace to the other: then the first is certainly gone.
      if (left.place!.processIds !== readStoreRecord(storeFolder())!.place!.processIds) {
        expect(second.output()).toMatch(/^waits: Looking whether a host of another machine or container still uses/);
      }
    });
  },
);

it("takes no signatures by the key of emulators, which every page in a browser knows", async () => {
  const store = openStore();
  await store.said(/^ready/m);
  const running = await findRunningStore(app);
  const { connectionString } = running!;
  const wellKnown = connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${emulator.accountKey}`);
  /** A simple request: no page has to ask before it sends one. */
  const post = async (by: string) => {
    const queue = QueueServiceClient.fromConnectionString(by).getQueueClient("hub-control-00");
    const url = queue.generateSasUrl({
      permissions: QueueSASPermissions.parse("a"),
      expiresOn: new Date(Date.now() + 60_000),
      protocol: SASProtocol.HttpsAndHttp,
    });
    const body = "<QueueMessage><MessageText>e30=</MessageText></QueueMessage>";
    return (await fetch(url.replace("hub-control-00", "hub-control-00/messages"), { method: "POST", body })).status;
  };
  await QueueServiceClient.fromConnectionString(connectionString).createQueue("hub-control-00");

  expect([await post(wellKnown), await post(connectionString)]).toEqual([403, 201]);
  expect(await readKeyMode()).toBe(process.platform === "win32" ? undefined : 0o600);
  store.child.kill("SIGTERM");
  await store.ended;
  expect(readdirSync(storeFolder())).not.toContain("account-key");
});

it("ends a store whose record was given to another, and says so", async () => {
  const store = openStore();
  await store.said(/^ready/m);
  const { heartbeat } = readStoreRecord(storeFolder())!;
  await expect.poll(() => readStoreRecord(storeFolder())!.heartbeat).toBeGreaterThan(heartbeat!);

  rmSync(recordPath());

  await store.said(
    /^died: The storage process \(Azurite\) ended unexpectedly \(SIGKILL\): .*in-use\.json was removed or replaced/m,
  );
});

it("waits for a record that is just being written, and takes one that stays unreadable for a leftover", async () => {
  mkdirSync(storeFolder(), { recursive: true });
  writeFileSync(recordPath(), "");
  const store = openStore();
  await sleep(1_000);
  expect(store.output()).not.toContain("ready");

  await store.said(/^ready/m);
});
