import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatEmulatorConnectionString } from "../../backends/azure-storage/storage/connection-string.ts";
import { DurableError } from "../../core/errors.ts";
import type { AzuriteChildMessage } from "./azurite-child.ts";
import { createChildArguments, createChildEnvironment } from "./child-environment.ts";
import { waitForFreeFolder } from "./free-folder.ts";
import { assertStoreAccess, createStoreFolder } from "./store-access.ts";
import { readStoreKey } from "./store-key.ts";

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
  createStoreFolder(folder);

  for (let attempt = 0; attempt < 5; attempt++) {
    await waitForFreeFolder(folder, onWait);
    assertStoreAccess(folder);
    const child = spawnChild(azuriteMain, folder);
    const complaint = readComplaint(child);
    const message = await firstMessage(child, complaint);
    if (message.kind === "ready") return openStore(child, folder, message, complaint);
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

function spawnChild(azuriteMain: string, folder: string): ChildProcess {
  // The entry lies beside this file, compiled or not.
  const entry = import.meta.url.endsWith(".ts") ? "azurite-child.ts" : "azurite-child.js";
  const args = [fileURLToPath(new URL(entry, import.meta.url)), azuriteMain, folder, randomUUID()];
  return spawn(process.execPath, [...createChildArguments(azuriteMain), ...args], {
    detached: true,
    windowsHide: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // One way to compare names, on every system.
    env: { ...createChildEnvironment(process.env), LC_ALL: "C" },
  });
}

function firstMessage(child: ChildProcess, complaint: () => string | undefined): Promise<AzuriteChildMessage> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      reject(new DurableError("HostStartFailed", `Azurite did not start: ${complaint() ?? reason}`));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`no answer within ${startTimeoutMs / 1000} s`);
    }, startTimeoutMs);
    child.once("error", (error) => fail(error.message));
    void ended(child).then((how) => fail(`it ended with ${typeof how === "number" ? `exit code ${how}` : how}`));
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

/** Resolves to exit code or signal once a process is gone and what it has written is read. */
async function ended(child: ChildProcess): Promise<number | string | null> {
  const { stderr } = child;
  const read = new Promise<void>((resolve) => (stderr === null ? resolve() : stderr.once("close", resolve)));
  const how = await new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? code));
  });
  await read;
  return how;
}

/** Collects what a process has to complain of. Returns the line that says it, which in a stack is seldom the first. */
function readComplaint(child: ChildProcess): () => string | undefined {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-8000);
  });
  return () => pickComplaint(text);
}

/** Of the output of a process that failed, the line that names the error; else the first one. */
export function pickComplaint(text: string): string | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.find((line) => /Error/.test(line) && !line.startsWith("at ")) ?? lines.find((line) => line !== "");
}

function openStore(
  child: ChildProcess,
  folder: string,
  ready: Extract<AzuriteChildMessage, { kind: "ready" }>,
  complaint: () => string | undefined,
): AzuriteStore {
  let stopping = false;
  const exited = ended(child);
  const died = new Promise<string>((resolve) => {
    void exited.then((how) => {
      const detail = complaint();
      const end = detail === undefined ? "." : `: ${detail}`;
      if (!stopping) resolve(`The storage process (Azurite) ended unexpectedly (${how})${end}`);
    });
  });
  return {
    folder,
    died,
    connectionString: formatEmulatorConnectionString(
      { blob: ready.blobUrl, queue: ready.queueUrl, table: ready.tableUrl },
      readStoreKey(folder),
    ),
    async stop() {
      stopping = true;
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
