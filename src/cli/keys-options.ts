import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import { type KeyName, keyNames } from "../host/access/key-set.ts";

export interface KeysOptions {
  readonly appFolder: string;
  /** Show the keys themselves. */
  readonly show: boolean;
  /** Keys to replace; empty to change nothing. */
  readonly rotate: readonly KeyName[];
  readonly json: boolean;
}

/** What `durable keys` was asked for: options, the help text, or one line that says what was not understood. */
export type KeysArguments =
  | { readonly kind: "options"; readonly options: KeysOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable keys`. Touches nothing. */
export function parseKeys(args: readonly string[], cwd: string): KeysArguments {
  let parsed: ReturnType<typeof parseKeysArgs>;
  try {
    parsed = parseKeysArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable keys --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  const [verb, ...names] = positionals;
  if (verb !== undefined && verb !== "rotate") {
    return mistake(`'durable keys' takes rotate, but got '${verb}'. Try: durable keys --help`);
  }
  const unknown = names.find((name) => !isKeyName(name));
  if (unknown !== undefined) return mistake(`There is no key '${unknown}': keys are ${keyNames.join(", ")}`);
  return {
    kind: "options",
    options: {
      appFolder: resolve(cwd, values["script-root"] ?? "."),
      show: values.show ?? false,
      rotate: verb === undefined ? [] : names.length === 0 ? keyNames : names.filter(isKeyName),
      json: values.json ?? false,
    },
  };
}

function parseKeysArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      show: { type: "boolean" },
      json: { type: "boolean" },
      "script-root": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function isKeyName(name: string): name is KeyName {
  return keyNames.some((known) => known === name);
}

function mistake(message: string): KeysArguments {
  return { kind: "mistake", message };
}

export const keysHelp = `Usage: durable keys [--show]
       durable keys rotate [name...]

Lists the keys that callers of an app need where 'durable start' listens on an address other than loopback. The first
such start makes them, in .durable/keys.json of the app's folder, which only its owner may read.

  default                the functions of the level 'function'
  durabletask_extension  the management API: all instances of the task hub
  master                 everything, and alone the functions of the level 'admin' and /admin

A caller sends one as the header x-functions-key, or as the query parameter code. 'rotate' makes new keys, of the names
that are given, else all: a running host takes the new ones at once and the old ones no more. Links to instances are
signed with durabletask_extension, and become void with it, unless DURABLE_LINK_KEY is set.

Options:
      --show                 Show the keys themselves
      --json                 One JSON object a line
      --script-root <folder> Folder of the app (default: this folder)
  -h, --help                 Show this text

DURABLE_MASTER_KEY, DURABLE_SYSTEM_KEY (durabletask_extension) and DURABLE_FUNCTION_KEY (default), from the environment or
local.settings.json, take the place of the file: for containers. They change with a restart.
`;
