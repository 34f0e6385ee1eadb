import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";

export interface PackOptions {
  readonly appFolder: string;
  readonly json: boolean;
}

/** What `durable pack` was asked for: options, the help text, or one line that says what was not understood. */
export type PackArguments =
  | { readonly kind: "options"; readonly options: PackOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable pack`. Touches nothing. */
export function parsePack(args: readonly string[], cwd: string): PackArguments {
  let parsed: ReturnType<typeof parsePackArgs>;
  try {
    parsed = parsePackArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable pack --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 1) return mistake(`Unexpected argument '${positionals[1]}'. Try: durable pack --help`);
  if (values.check !== true) {
    return mistake(
      "'durable pack' only checks a folder; deployment is the business of func, az and docker. Add --check",
    );
  }
  return {
    kind: "options",
    options: { appFolder: resolve(cwd, positionals[0] ?? "."), json: values.json ?? false },
  };
}

function parsePackArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { check: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
}

function mistake(message: string): PackArguments {
  return { kind: "mistake", message };
}

export const packHelp = `Usage: durable pack --check [folder] [options]

Checks a functions app as it would be deployed from a folder (default: this one): host.json, the files that "main"
names, packages, what is left out and what should be. Changes nothing and asks nothing of Azure.
Exits with 1 if something is wrong.

Options:
      --check  Check; there is nothing else yet
      --json   Print the findings as JSON
  -h, --help   Show this text
`;
