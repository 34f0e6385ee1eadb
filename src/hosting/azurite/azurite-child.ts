import { ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Worker } from "node:worker_threads";
import { emulator } from "../../backends/azure-storage/storage/storage-connection.ts";
import { messageOf } from "../../core/errors.ts";
import { keepJournals, type LokiClass } from "./journal/loki-journal.ts";
import { makeVisible, queueDatabaseName, releaseReceivedMessages } from "./release-messages.ts";
import { type StoreEndpoints, serveStoreState } from "./store-control.ts";
import type { HeartbeatData } from "./store-heartbeat.ts";
import { createStoreKey, removeStoreKey } from "./store-key.ts";
import { readStorePlace } from "./store-place.ts";
import { claimStore, holdsStore, releaseStore } from "./store-record.ts";

/**
 * Entry of the process that runs Azurite for one host: `azurite-child.js <azurite main> <folder> <token>`.
 *
 * Azurite saves its tables and queues every five seconds and when it is asked to end. What it acknowledges in between is
 * in journals before the answer leaves, so that even a kill of this process loses nothing. Still it does not die with
 * its host: it runs in a process group of its own, out of reach of Ctrl+C, and watches the channel to its parent; when
 * that closes, for whatever reason, the data is saved and only then the process ends.
 */

/** Sent to the parent, once. */
export type AzuriteChildMessage =
  | { readonly kind: "ready"; readonly blobUrl: string; readonly queueUrl: string; readonly tableUrl: string }
  | { readonly kind: "taken" };

const services = ["Blob", "Queue", "Table"] as const;
const saveTimeoutMs = 120_000;

async function runAzurite(azuriteMain: string, folder: string, token: string): Promise<void> {
  let hostConnected = process.connected;
  let endpoints: StoreEndpoints | undefined;
  const parentGone = new Promise<void>((resolve) => {
    if (!process.connected) resolve();
    process.once("disconnect", resolve);
  }).then(() => {
    hostConnected = false;
  });
  // With the parent gone, its ends of the output pipes are too.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  process.on("SIGINT", () => {});
  const asked = new Promise<void>((resolve) => {
    if (process.platform === "win32") {
      // A console that closes: Windows leaves seconds to end.
      for (const signal of ["SIGHUP", "SIGBREAK"] as const) process.once(signal, () => resolve());
    } else process.on("SIGHUP", () => {});
  });

  const controlPort = await serveStoreState(() => ({ token, hostConnected, endpoints }));
  const record = { token, pid: process.pid, hostPid: process.ppid, controlPort, place: readStorePlace() };
  if (!claimStore(folder, record)) {
    tellParent({ kind: "taken" }, () => process.exit(0));
    return;
  }
  process.once("exit", () => {
    if (holdsStore(folder, token)) removeStoreKey(folder);
    releaseStore(folder, token);
  });
  const heartbeat = startHeartbeat({ folder, token });
  // Azurite lower-cases table names by the locale, and the Turkish one has an i of its own.
  String.prototype.toLocaleLowerCase = String.prototype.toLowerCase;
  if (!acknowledgeOnlyWhatIsKept(azuriteMain)) releaseReceivedMessages(folder);

  const urls = new Map<string, string>();
  const closed = new Set<string>();
  watchConsole((line) => {
    const listening = /^Azurite (\w+) service is successfully listening at (\S+)/.exec(line);
    if (listening !== null) urls.set(listening[1]!, listening[2]!);
    const ended = /^Azurite (\w+) service successfully closed/.exec(line);
    if (ended !== null) closed.add(ended[1]!);
  });

  process.env["AZURITE_ACCOUNTS"] = `${emulator.accountName}:${createStoreKey(folder)}`;
  process.argv = [
    process.argv[0]!,
    azuriteMain,
    ...["--location", folder, "--silent", "--disableTelemetry", "--skipApiVersionCheck"],
    ...services.flatMap((service) => [
      `--${service.toLowerCase()}Host`,
      "127.0.0.1",
      `--${service.toLowerCase()}Port`,
      "0",
    ]),
  ];
  createRequire(azuriteMain)(azuriteMain);

  // Azurite takes SIGTERM as the wish to end only from here on; before, nothing can have been written.
  await until(() => urls.size === services.length && process.listenerCount("SIGTERM") > 0);
  process.once("SIGTERM", () => exitWhenClosed(closed, heartbeat));
  endpoints = { blob: urls.get("Blob")!, queue: urls.get("Queue")!, table: urls.get("Table")! };
  tellParent({ kind: "ready", blobUrl: endpoints.blob, queueUrl: endpoints.queue, tableUrl: endpoints.table });

  await Promise.race([parentGone, asked]);
  process.emit("SIGTERM", "SIGTERM");
}

/** Renews the record from a thread of its own, for as long as the process lives. */
function startHeartbeat(workerData: HeartbeatData): Worker {
  // The entry lies beside this file, compiled or not.
  const entry = import.meta.url.endsWith(".ts") ? "store-heartbeat.ts" : "store-heartbeat.js";
  const thread = new Worker(new URL(entry, import.meta.url), { workerData, stdout: false, stderr: false });
  thread.unref();
  thread.on("error", (error) => console.error(messageOf(error)));
  return thread;
}

/** `false` when this Azurite keeps its data in another way: then the last seconds are lost when this process is killed. */
function acknowledgeOnlyWhatIsKept(azuriteMain: string): boolean {
  const loki = createRequire(azuriteMain)("lokijs") as LokiClass;
  const flush = keepJournals(loki, {
    loaded: (path, database) => {
      if (basename(path) === queueDatabaseName) makeVisible(database, Date.now());
    },
    failed: (error) => {
      console.error(`Error: what was stored could not be kept: ${messageOf(error)}`);
      process.exit(1);
    },
  });
  if (flush === undefined) return false;
  for (const name of ["write", "end", "flushHeaders"] as const) {
    const original = ServerResponse.prototype[name] as (...args: unknown[]) => unknown;
    Object.defineProperty(ServerResponse.prototype, name, {
      configurable: true,
      writable: true,
      value(this: ServerResponse, ...args: unknown[]): unknown {
        flush();
        return Reflect.apply(original, this, args);
      },
    });
  }
  return true;
}

async function exitWhenClosed(closed: ReadonlySet<string>, heartbeat: Worker): Promise<void> {
  setTimeout(() => process.exit(1), saveTimeoutMs).unref();
  await until(() => closed.size === services.length);
  // It has the record open, which keeps Windows from removing it.
  await heartbeat.terminate();
  process.exit(0);
}

function tellParent(message: AzuriteChildMessage, then: () => void = () => {}): void {
  if (process.connected) process.send?.(message, () => then());
  else then();
}

function watchConsole(see: (line: string) => void): void {
  console.log = (...args: unknown[]) => {
    see(args.map(String).join(" "));
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const [azuriteMain, folder, token] = process.argv.slice(2);
runAzurite(azuriteMain!, folder!, token!).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exit(1);
});
