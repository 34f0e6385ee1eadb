import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, hubFlagsHelp, readHubFlags } from "./hub-flags.ts";

export interface HubDeleteOptions extends HubChoice {
  readonly hubName: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** What `durable hub` was asked for: options, the help text, or one line that says what was not understood. */
export type HubArguments =
  | { readonly kind: "delete"; readonly options: HubDeleteOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable hub`. Touches nothing. */
export function parseHub(args: readonly string[], cwd: string): HubArguments {
  let parsed: ReturnType<typeof parseHubArgs>;
  try {
    parsed = parseHubArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable hub --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  const [action, unexpected] = positionals;
  if (action !== "delete") {
    return mistake(
      action === undefined
        ? "Say what to do: durable hub delete"
        : `Unknown action '${action}'. Try: durable hub --help`,
    );
  }
  if (unexpected !== undefined) return mistake(`Unexpected argument '${unexpected}'. Try: durable hub --help`);
  const hubName = values["task-hub"] ?? values.hub;
  if (!hubName) return mistake("Name the task hub to delete: durable hub delete --task-hub <name> --yes");
  if (values.yes !== true) {
    return mistake(`This deletes task hub '${hubName}' with all its instances and entities for good: add --yes`);
  }
  const flags = readHubFlags(values, cwd);
  if (flags.kind === "mistake") return flags;
  return {
    kind: "delete",
    options: { ...flags.choice, hubName, force: values.force ?? false, json: values.json ?? false },
  };
}

function parseHubArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...hubFlags,
      yes: { type: "boolean" },
      force: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function mistake(message: string): HubArguments {
  return { kind: "mistake", message };
}

export const hubHelp: string = `Usage: durable hub delete --task-hub <name> --yes [options]

Deletes a task hub: its queues, tables and blobs, with all instances and entities. While workers hold it this is refused.

Options:
      --yes                    Really
      --force                  Also while workers hold it: what they work on is lost
      --json                   Answer with one JSON object
${hubFlagsHelp}`;
