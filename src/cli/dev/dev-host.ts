import { readFileSync } from "node:fs";
import { DurableError } from "../../core/errors.ts";
import type { AzuriteStore } from "../../hosting/azurite/azurite-store.ts";
import { borrowLocalStores } from "../../hosting/local-stores.ts";
import { runStart, type StartSession } from "../start-command.ts";
import { createTerminal } from "../terminal.ts";
import { type FromDevHost, readDevMessage, type ToDevHost } from "./dev-channel.ts";

/**
 * Entry of the process in which `durable dev` runs an app: `durable start` on the embedded store of another process.
 *
 * It loads what a start needs, and starts when it is told. It obeys its channel only, not Ctrl+C, which the whole group
 * of processes gets; and it ends with whoever is at the other end of the channel.
 */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
// A start reads them when it comes to it; until it is asked for there is time to do so.
void import("../../hosting/azure-storage-engine.ts").catch(() => {});
void import("../../hosting/storage-account.ts").catch(() => {});
void import("../../backends/azure-storage/azure-storage-task-hub.ts").catch(() => {});

/** What a stop for a restart leaves to calls and activities. */
const graceMs = 500;

let resolveAsked: (value: undefined) => void;
const asked = new Promise<undefined>((resolve) => {
  resolveAsked = resolve;
});
let reportStoreDeath: (message: string) => void;
const storeDied = new Promise<string>((resolve) => {
  reportStoreDeath = resolve;
});
let answerStore: (message: Extract<ToDevHost, { durable: "store" | "noStore" }>) => void = () => {};

borrowLocalStores(async (folder): Promise<AzuriteStore> => {
  const answered = new Promise<Extract<ToDevHost, { durable: "store" | "noStore" }>>((resolve) => {
    answerStore = resolve;
  });
  tell({ durable: "wantsStore" });
  const answer = await answered;
  if (answer.durable === "noStore") throw new DurableError("HostStartFailed", answer.message);
  return {
    connectionString: answer.connectionString,
    folder: answer.folder ?? folder,
    died: storeDied,
    stop: async () => {},
  };
});

process.once("disconnect", () => resolveAsked(undefined));
process.on("message", (received) => {
  const message = readDevMessage<ToDevHost>(received);
  switch (message?.durable) {
    case "start":
      void start(message);
      break;
    case "store":
    case "noStore":
      answerStore(message);
      break;
    case "storeDied":
      reportStoreDeath(message.message);
      break;
    case "stop":
      resolveAsked(undefined);
      break;
    case undefined:
      break;
  }
});

async function start({ options, main, shown }: Extract<ToDevHost, { durable: "start" }>): Promise<void> {
  const session: StartSession = {
    asked,
    main,
    shown,
    graceMs,
    onReady: ({ origin }, shown) => tell({ durable: "ready", port: Number(new URL(origin).port || 80), shown }),
  };
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  const code = await runStart(
    options,
    JSON.parse(manifest) as { name: string; version: string },
    createTerminal(),
    session,
  );
  // User code may have left timers and sockets behind; the process ends all the same.
  tell({ durable: "stopped" }, () => process.exit(code));
}

function tell(message: FromDevHost, then: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => then());
  else then();
}
