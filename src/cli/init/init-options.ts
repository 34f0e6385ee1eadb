import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../../core/errors.ts";

export interface InitOptions {
  /** Absolute; made if it is not there. */
  readonly folder: string;
  readonly language: "typescript" | "javascript";
  /** What package.json says of this package: a range, or the absolute path of a tarball. @defaultValue this version */
  readonly package: string | undefined;
  /** Write over files that are there. */
  readonly force: boolean;
}

/** What `durable init` was asked for: options, the help text, or one line that says what was not understood. */
export type InitArguments =
  | { readonly kind: "options"; readonly options: InitOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable init`. Touches nothing. */
export function parseInit(args: readonly string[], cwd: string): InitArguments {
  let parsed: ReturnType<typeof parseInitArgs>;
  try {
    parsed = parseInitArgs(args);
  } catch (error) {
    return { kind: "mistake", message: `${messageOf(error).split(/[.\n]/)[0]}. Try: durable init --help` };
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 1) {
    return { kind: "mistake", message: `Unexpected argument '${positionals[1]}'. Try: durable init --help` };
  }
  const given = values.package;
  return {
    kind: "options",
    options: {
      folder: resolve(cwd, positionals[0] ?? "."),
      language: values.javascript ? "javascript" : "typescript",
      package: given !== undefined && /\.t(?:ar\.)?gz$/.test(given) ? resolve(cwd, given) : given,
      force: values.force ?? false,
    },
  };
}

function parseInitArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      javascript: { type: "boolean" },
      package: { type: "string" },
      force: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

export const initHelp = `Usage: durable init [folder] [options]

Writes a functions app into a folder (default: this one): an orchestration with an activity, an HTTP function that starts
it, a test, and what it takes to build, run, debug and test them. Files that are there are never written over: when some
are in the way, they are listed and nothing is written. A package.json as npm makes it and a .gitignore are completed.

Options:
      --javascript           JavaScript, which needs no build
      --package <spec>       What to install as durable-functions-ts: a version, or the path of a tarball
      --force                Write over files that are in the way
  -h, --help                 Show this text
`;
