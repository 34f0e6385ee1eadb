import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import { readInteger } from "./read-integer.ts";

export interface OpenApiCommandOptions {
  readonly appFolder: string;
  /** Absolute; standard output when absent. */
  readonly output: string | undefined;
  readonly functions: readonly string[] | undefined;
  readonly timeoutMs: number | undefined;
  readonly verbose: boolean;
}

/** What `durable openapi` was asked for: options, the help text, or one line that says what was not understood. */
export type OpenApiArguments =
  | { readonly kind: "options"; readonly options: OpenApiCommandOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable openapi`. Touches nothing. */
export function parseOpenApi(args: readonly string[], cwd: string): OpenApiArguments {
  let parsed: ReturnType<typeof parseOpenApiArgs>;
  try {
    parsed = parseOpenApiArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable openapi --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 0) return mistake(`Unexpected argument '${positionals[0]}'. Try: durable openapi --help`);
  if (values.app !== undefined && values["script-root"] !== undefined) {
    return mistake("--app and --script-root are two names of one option: give one of them");
  }
  if (values.output === "") return mistake("--output must name a file");
  if (values.format !== undefined && values.format !== "json") {
    return mistake(`--format must be json, but is '${values.format}'`);
  }
  const timeout = values.timeout === undefined ? undefined : readInteger(values.timeout, 1, 86_400);
  if (timeout === null) return mistake(`--timeout must be a number of seconds, at least 1, but is '${values.timeout}'`);
  return {
    kind: "options",
    options: {
      appFolder: resolve(cwd, values.app ?? values["script-root"] ?? "."),
      output: values.output === undefined ? undefined : resolve(cwd, values.output),
      functions: values.functions?.flatMap((text) => text.split(/[\s,]+/)).filter((name) => name !== ""),
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      verbose: values.verbose ?? false,
    },
  };
}

function parseOpenApiArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      app: { type: "string" },
      "script-root": { type: "string" },
      output: { type: "string", short: "o" },
      format: { type: "string" },
      functions: { type: "string", multiple: true },
      timeout: { type: "string", short: "t" },
      verbose: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function mistake(message: string): OpenApiArguments {
  return { kind: "mistake", message };
}

export const openApiHelp = `Usage: durable openapi [options]

Prints an OpenAPI 3.1 document of the app in a folder: its HTTP functions, and the management API with what schemas
tell of inputs, outputs, events and states. The app is loaded and nothing is run: no engine, no storage, no server.
What the app itself prints goes to standard error. A running host serves the same document at
/runtime/webhooks/durabletask/openapi.json

Options:
      --app <folder>         Folder of the app (default: this folder); --script-root does the same
  -o, --output <file>        Write it there (default: standard output)
      --format <format>      json, which is all there is
      --functions <names>    Describe only these functions, separated by commas
  -t, --timeout <seconds>    How long the app may take to load (default: 20)
      --verbose              Show what the host itself has to say, and the causes of errors
  -h, --help                 Show this text

Settings come from the environment, then from local.settings.json.
Exits with 1 when the app cannot be loaded or the file cannot be written.
`;
