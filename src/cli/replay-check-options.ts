import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, hubFlagsHelp, readHubFlags } from "./hub-flags.ts";

export interface ReplayCheckOptions extends HubChoice {
  /** A file or folder, in place of the hub. */
  readonly histories: string | undefined;
  readonly json: boolean;
}

/** What `durable replay-check` was asked for: options, the help text, or one line that says what was not understood. */
export type ReplayCheckArguments =
  | { readonly kind: "options"; readonly options: ReplayCheckOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable replay-check`. Touches nothing. */
export function parseReplayCheck(args: readonly string[], cwd: string): ReplayCheckArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        histories: { type: "string" },
        json: { type: "boolean" },
        ...hubFlags,
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return { kind: "help" };
    const flags = readHubFlags(values, cwd);
    if (flags.kind === "mistake") return flags;
    const { histories, json = false } = values;
    const { hubName, storage, partitionCount } = flags.choice;
    if (histories !== undefined && [hubName, storage, partitionCount].some((choice) => choice !== undefined)) {
      return mistake("Give --histories, or options that say which task hub is meant, not both");
    }
    const path = histories === undefined ? undefined : resolve(cwd, histories);
    return { kind: "options", options: { ...flags.choice, histories: path, json } };
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable replay-check --help`);
  }
}

function mistake(message: string): ReplayCheckArguments {
  return { kind: "mistake", message };
}

export const replayCheckHelp: string = `Usage: durable replay-check --histories <file or folder> [options]
       durable replay-check [options]

Replays histories with the code of the app in this folder, as it is built now, and names the instances that could not go
on with it, with the place where history and code part. A gate for deployments: exits with 1 if there are any. Nothing
runs and nothing is written: no activity, no message, no status.
Histories come from what 'durable history --all' has written, or else from the instances of a task hub that are under
way.

Options:
      --histories <path>       A file of 'durable history --all', or a folder of such files (.json, .jsonl, .ndjson)
      --json                   Print one JSON object
${hubFlagsHelp}`;
