import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, hubFlagsHelp, readHubFlags } from "./hub-flags.ts";

const actions = ["ls", "show", "requeue", "drop"] as const;
export type QuarantineAction = (typeof actions)[number];

export interface QuarantineOptions extends HubChoice {
  readonly action: QuarantineAction;
  /** Of messages; empty for `ls`, and for all of them. */
  readonly ids: readonly string[];
  readonly json: boolean;
}

/** What `durable quarantine` was asked for: options, the help text, or one line that says what was not understood. */
export type QuarantineArguments =
  | { readonly kind: "options"; readonly options: QuarantineOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable quarantine`. Touches nothing. */
export function parseQuarantine(args: readonly string[], cwd: string): QuarantineArguments {
  let parsed: ReturnType<typeof parseQuarantineArgs>;
  try {
    parsed = parseQuarantineArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable quarantine --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  const [first, ...ids] = positionals;
  const action = actions.find((known) => known === first);
  if (action === undefined) {
    const given = first === undefined ? "needs one of" : `has no '${first}', but`;
    return mistake(`'durable quarantine' ${given} ls, show, requeue and drop. Try: durable quarantine --help`);
  }
  const problem = describeIdProblem(action, ids, values.all ?? false);
  if (problem !== undefined) return mistake(problem);
  const flags = readHubFlags(values, cwd);
  if (flags.kind === "mistake") return flags;
  return {
    kind: "options",
    options: {
      action,
      ids,
      json: values.json ?? false,
      ...flags.choice,
    },
  };
}

function describeIdProblem(action: QuarantineAction, ids: readonly string[], all: boolean): string | undefined {
  if (action === "ls") return ids.length > 0 || all ? "'durable quarantine ls' lists all; it takes no id" : undefined;
  if (action === "show") {
    return ids.length === 1 && !all ? undefined : "'durable quarantine show' takes the id of one message";
  }
  if (all) return ids.length === 0 ? undefined : `'durable quarantine ${action}' takes ids or --all, not both`;
  return ids.length > 0 ? undefined : `'durable quarantine ${action}' needs the ids of messages, or --all`;
}

function parseQuarantineArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      all: { type: "boolean" },
      json: { type: "boolean" },
      ...hubFlags,
      help: { type: "boolean", short: "h" },
    },
  });
}

function mistake(message: string): QuarantineArguments {
  return { kind: "mistake", message };
}

export const quarantineHelp: string = `Usage: durable quarantine ls [options]
       durable quarantine show <id> [options]
       durable quarantine requeue <id...> | --all [options]
       durable quarantine drop <id...> | --all [options]

Messages of a task hub that no worker could read, or that made no sense in their queue, are put aside, so that they
hold nobody up and are not lost. This lists them with the reason, shows one with its text (which may hold data of
users), puts messages back into their queue, and deletes messages for good.
Exits with 1 if there is no message of that id.

Options:
      --all                    All messages that are there
      --json                   Print JSON
${hubFlagsHelp}`;
