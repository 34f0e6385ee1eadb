import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, hubFlagsHelp, readHubFlags } from "./hub-flags.ts";
import { type InspectOption, readInspect } from "./inspect-option.ts";
import { readInteger } from "./read-integer.ts";

export interface ReplayOptions extends HubChoice {
  /** A file or folder, in place of the hub. */
  readonly histories: string | undefined;
  /** Which instance; needed for a hub, and where there are several. */
  readonly instanceId: string | undefined;
  /** Where a debugger may connect. The replay waits for it. */
  readonly inspect: InspectOption | undefined;
  readonly timeoutMs: number | undefined;
}

/** What `durable replay` was asked for: options, the help text, or one line that says what was not understood. */
export type ReplayArguments =
  | { readonly kind: "options"; readonly options: ReplayOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable replay`. Touches nothing. */
export function parseReplay(args: readonly string[], cwd: string): ReplayArguments {
  const debugging = readInspect(args);
  if (debugging.kind === "mistake") return debugging;
  let parsed: ReturnType<typeof parseReplayArgs>;
  try {
    parsed = parseReplayArgs(debugging.rest);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable replay --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 1) return mistake(`Unexpected argument '${positionals[1]}'. Try: durable replay --help`);
  const flags = readHubFlags(values, cwd);
  if (flags.kind === "mistake") return flags;
  const timeout = values.timeout === undefined ? undefined : readInteger(values.timeout, 1, 86_400);
  if (timeout === null) return mistake(`--timeout must be a number of seconds, at least 1, but is '${values.timeout}'`);
  const { hubName, storage, partitionCount } = flags.choice;
  const [file] = positionals;
  if (file !== undefined && [hubName, storage, partitionCount].some((choice) => choice !== undefined)) {
    return mistake("Give a file, or options that say which task hub is meant, not both");
  }
  if (file === undefined && values.instance === undefined) {
    return mistake(
      "Name a file of 'durable history --all', or an instance of the task hub: durable replay --instance order-7",
    );
  }
  return {
    kind: "options",
    options: {
      ...flags.choice,
      histories: file === undefined ? undefined : resolve(cwd, file),
      instanceId: values.instance,
      inspect: debugging.inspect,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    },
  };
}

function parseReplayArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      instance: { type: "string" },
      timeout: { type: "string", short: "t" },
      ...hubFlags,
      help: { type: "boolean", short: "h" },
    },
  });
}

function mistake(message: string): ReplayArguments {
  return { kind: "mistake", message };
}

export const replayHelp: string = `Usage: durable replay <file> [options]
       durable replay --instance <id> [options]

Replays one recorded instance with the code of the app in this folder, as it is built now, and shows what the
orchestrator did: each call with what history has as its answer, and the line of the code that asked for it; then what it
waits for, how it has ended, or where it differs from its history. Under a debugger it goes through the orchestrator step
by step. Nothing runs and nothing is written: no activity, no message, no status. The orchestrator runs once, and so does
what it prints and logs.
It shows data of the instance: inputs, results and messages of errors.

The history comes from a file that 'durable history --all' has written, or without one from a task hub.

Options:
      --instance <id>          The instance, where a file holds several
      --inspect[=<host:port>]  Wait for a debugger (default: 127.0.0.1:9229; port 0 takes any free one)
      --inspect-brk[=...]      The same, and stop at the first line of the orchestrator
  -t, --timeout <seconds>      How long the app may take to load (default: 20; with a debugger no limit)
${hubFlagsHelp}Exits with 1 when the code differs from the history, or when there is nothing to replay.
`;
