import { createRequire } from "node:module";
import { messageOf } from "../../core/errors.ts";
import { releaseReceivedMessages } from "./release-messages.ts";
import { claimStore, releaseStore, type StoreEndpoints, serveStoreState } from "./store-record.ts";

/**
 * Entry of the process that runs Azurite for one host: `azurite-child.js <azurite main> <folder> <token>`.
 *
 * Azurite saves its tables and queues every five seconds and when it is asked to end, so it must never die with its
 * host. It runs in a process group of its own, out of reach of Ctrl+C, and watches the channel to its parent: when that
 * closes, for whatever reason, the data is saved and only then the process ends.
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
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});

  const controlPort = await serveStoreState(() => ({ token, hostConnected, endpoints }));
  if (!claimStore(folder, { token, pid: process.pid, hostPid: process.ppid, controlPort })) {
    tellParent({ kind: "taken" }, () => process.exit(0));
    return;
  }
  process.once("exit", () => releaseStore(folder, token));
  releaseReceivedMessages(folder);

  const urls = new Map<string, string>();
  const closed = new Set<string>();
  watchConsole((line) => {
    const listening = /^Azurite (\w+) service is successfully listening at (\S+)/.exec(line);
    if (listening !== null) urls.set(listening[1]!, listening[2]!);
    const ended = /^Azurite (\w+) service successfully closed/.exec(line);
    if (ended !== null) closed.add(ended[1]!);
  });

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
  process.once("SIGTERM", () => exitWhenClosed(closed));
  endpoints = { blob: urls.get("Blob")!, queue: urls.get("Queue")!, table: urls.get("Table")! };
  tellParent({ kind: "ready", blobUrl: endpoints.blob, queueUrl: endpoints.queue, tableUrl: endpoints.table });

  await parentGone;
  process.emit("SIGTERM", "SIGTERM");
}

async function exitWhenClosed(closed: ReadonlySet<string>): Promise<void> {
  setTimeout(() => process.exit(1), saveTimeoutMs).unref();
  await until(() => closed.size === services.length);
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
