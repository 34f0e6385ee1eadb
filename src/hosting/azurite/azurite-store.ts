import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { formatEmulatorConnectionString } from "../../backends/azure-storage/storage/connection-string.ts";
import { DurableError } from "../../core/errors.ts";
import type { AzuriteChildMessage } from "./azurite-child.ts";
import type { StoreRecord } from "./store-record.ts";
import { askStoreState, clearStaleRecord, readStoreRecord } from "./store-record.ts";

/** The storage account that comes with the local host: Azurite in a process of its own, data in the app folder. */
export interface AzuriteStore {
  readonly connectionString: string;
  readonly folder: string;
  /** Resolves when the storage process ended although nobody called `stop`. */
  readonly died: Promise<string>;
  /** Has everything saved and waits for it. */
  stop(): Promise<void>;
}

export interface AzuriteStoreOptions {
  readonly appFolder: string;
  /** Called when a start has to wait for the process of an earlier host. */
  readonly onWait: (message: string) => void;
}

/** How long a host may still seem alive to its storage process after it was killed. */
const goneHostGraceMs = 2_000;
const savingTimeoutMs = 60_000;
const startTimeoutMs = 30_000;

/**
 * Starts the store in `<appFolder>/.durable/azurite`. One host at a time uses a folder; the storage process of a killed
 * one saves its data first, and this waits for it.
 *
 * @throws DurableError `HostStartFailed` when Azurite is not installed, does not start, or a running host has the folder
 */
export async function startAzuriteStore(options: AzuriteStoreOptions): Promise<AzuriteStore> {
  const { appFolder, onWait } = options;
  const folder = join(appFolder, ".durable", "azurite");
  const azuriteMain = findAzurite(appFolder);
  mkdirSync(folder, { recursive: true });

  for (let attempt = 0; attempt < 5; attempt++) {
    await waitForFreeFolder(folder, onWait);
    const child = spawnChild(azuriteMain, folder);
    const message = await firstMessage(child);
    if (message.kind === "ready") return openStore(child, folder, message);
  }
  throw new DurableError("HostStartFailed", `Other hosts keep taking the storage folder ${folder}.`);
}

function findAzurite(appFolder: string): string {
  for (const from of [join(appFolder, "package.json"), import.meta.url]) {
    try {
      return createRequire(from).resolve("azurite/dist/src/azurite.js");
    } catch {
      // Not there; the next place may have it.
    }
  }
  throw new DurableError(
    "HostStartFailed",
    "Durable functions need a storage account: run `npm i -D azurite@3.35` for a local one, or set AzureWebJobsStorage.",
  );
}

async function waitForFreeFolder(folder: string, onWait: (message: string) => void): Promise<void> {
  const startedAt = performance.now();
  let hasSaidSo = false;
  for (;;) {
    const record = readStoreRecord(folder);
    if (record === undefined) return;
    const state = await askStoreState(record, savingTimeoutMs);
    if (state === "gone") {
      // Its last act is to remove the record, so look again before calling what is left stale.
      if (readStoreRecord(folder)?.token === record.token) clearStaleRecord(folder, record);
      continue;
    }
    const waitedMs = performance.now() - startedAt;
    const hostConnected = state !== "silent" && state.hostConnected;
    if (hostConnected && waitedMs > goneHostGraceMs) throw folderInUse(folder, record);
    if (waitedMs > savingTimeoutMs) {
      throw new DurableError(
        "HostStartFailed",
        `The storage process ${record.pid} of an earlier host has not finished saving ${folder} after ${savingTimeoutMs / 1000} s.`,
      );
    }
    if (!hasSaidSo && !hostConnected && waitedMs > 500) {
      onWait("Waiting for the storage process of the previous host to save its data.");
      hasSaidSo = true;
    }
    await sleep(25);
  }
}

function folderInUse(folder: string, record: StoreRecord): DurableError {
  return new DurableError(
    "HostStartFailed",
    `Another host (process ${record.hostPid}) is using the storage folder ${folder}. Stop it first, or set AzureWebJobsStorage.`,
  );
}

function spawnChild(azuriteMain: string, folder: string): ChildProcess {
  // The entry lies beside this file, compiled or not.
  const entry = import.meta.url.endsWith(".ts") ? "azurite-child.ts" : "azurite-child.js";
  // Neither a debugger's options nor other account names are meant for this process, and it reports to no watch mode.
  const {
    NODE_OPTIONS: _options,
    AZURITE_ACCOUNTS: _accounts,
    WATCH_REPORT_DEPENDENCIES: _watch,
    ...env
  } = process.env;
  return spawn(process.execPath, [fileURLToPath(new URL(entry, import.meta.url)), azuriteMain, folder, randomUUID()], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // Azurite lower-cases table names by the locale, and the Turkish one has an i of its own.
    env: { ...env, LC_ALL: "C" },
  });
}

function firstMessage(child: ChildProcess): Promise<AzuriteChildMessage> {
  return new Promise((resolve, reject) => {
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    const fail = (reason: string) => {
      clearTimeout(timer);
      const detail = complaint.trim().split("\n")[0];
      reject(new DurableError("HostStartFailed", `Azurite did not start: ${detail || reason}`));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`no answer within ${startTimeoutMs / 1000} s`);
    }, startTimeoutMs);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`it ended with exit code ${code}`));
    child.on("message", function take(message) {
      // The channel also carries what Node and its loaders have to say to each other.
      if (!isChildMessage(message)) return;
      child.off("message", take);
      clearTimeout(timer);
      resolve(message);
    });
  });
}

function isChildMessage(message: unknown): message is AzuriteChildMessage {
  const kind = typeof message === "object" && message !== null ? (message as { kind?: unknown }).kind : undefined;
  return kind === "ready" || kind === "taken";
}

function openStore(
  child: ChildProcess,
  folder: string,
  ready: Extract<AzuriteChildMessage, { kind: "ready" }>,
): AzuriteStore {
  let stopping = false;
  const exited = new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? code));
  });
  const died = new Promise<string>((resolve) => {
    void exited.then((how) => {
      if (!stopping) resolve(`The storage process (Azurite) ended unexpectedly (${how}).`);
    });
  });
  return {
    folder,
    died,
    connectionString: formatEmulatorConnectionString({
      blob: ready.blobUrl,
      queue: ready.queueUrl,
      table: ready.tableUrl,
    }),
    async stop() {
      stopping = true;
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
