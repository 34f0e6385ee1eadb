import { resolve } from "node:path";
import type { HubChoice } from "./hub-access.ts";
import { readInteger } from "./read-integer.ts";

/** The options by which a command says which task hub is meant, for `parseArgs`. */
export const hubFlags = {
  "task-hub": { type: "string" },
  hub: { type: "string" },
  storage: { type: "string" },
  connection: { type: "string" },
  partitions: { type: "string" },
  "script-root": { type: "string" },
} as const;

export type HubFlagValues = { readonly [Name in keyof typeof hubFlags]?: string | undefined };

/** What was read of the hub's options: a choice, or one line that says what was not understood. */
export type HubFlags =
  | { readonly kind: "choice"; readonly choice: HubChoice }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the options of {@link hubFlags}. Touches nothing. */
export function readHubFlags(values: HubFlagValues, cwd: string): HubFlags {
  const { "task-hub": taskHub, hub, storage, connection, partitions, "script-root": scriptRoot } = values;
  if (taskHub !== undefined && hub !== undefined) return mistake("Give --task-hub or --hub, which mean the same");
  if (storage !== undefined && connection !== undefined) return mistake("Give --storage or --connection, not both");
  if ((storage ?? connection)?.includes("=") === true) {
    const flag = storage === undefined ? "--connection" : "--storage";
    return mistake(
      `${flag} takes the name of an app setting; a connection string itself would show in lists of processes: set it as AzureWebJobsStorage, or under a name of its own`,
    );
  }
  const partitionCount = partitions === undefined ? undefined : readInteger(partitions, 1, 16);
  if (partitionCount === null) return mistake(`--partitions must be a number from 1 to 16, but is '${partitions}'`);
  return {
    kind: "choice",
    choice: {
      appFolder: resolve(cwd, scriptRoot ?? "."),
      hubName: taskHub ?? hub,
      storage: storage ?? connection,
      partitionCount,
    },
  };
}

function mistake(message: string): HubFlags {
  return { kind: "mistake", message };
}

/** The lines of a help text on {@link hubFlags}. */
export const hubFlagsHelp = `      --task-hub, --hub <name> Task hub (default: that of host.json, else TestHubName)
      --connection <setting>   App setting that names the storage account
                               (default: that of host.json, else AzureWebJobsStorage, else the local store of the folder)
      --storage embedded       The local store of the folder, also when a storage account is set
      --partitions <count>     Control queues of the hub, 1 to 16 (default: that of host.json, else 4)
      --script-root <folder>   Folder of host.json and local.settings.json, if there are any (default: this folder)
  -h, --help                   Show this text

Settings come from the environment, then from local.settings.json. While 'durable start' runs in the folder with the
local store, its store is used; without it the store is started for the moment.
`;
