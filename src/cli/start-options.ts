import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";

export interface StartOptions {
  readonly appFolder: string;
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly functions: readonly string[] | undefined;
  readonly cors: string | undefined;
  readonly allowedHosts: string | undefined;
  readonly verbose: boolean;
  readonly timeoutMs: number | undefined;
  /** Stop when the process that started the host has ended. @defaultValue false */
  readonly endWithParent?: boolean | undefined;
}

/** What `durable start` was asked for: options, the help text, or one line that says what was not understood. */
export type StartArguments =
  | { readonly kind: "options"; readonly options: StartOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable start`. Touches nothing. */
export function parseStart(args: readonly string[], cwd: string): StartArguments {
  let parsed: ReturnType<typeof parseStartArgs>;
  try {
    parsed = parseStartArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable start --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 0 && values.functions === undefined) {
    return mistake(`Unexpected argument '${positionals[0]}'. Try: durable start --help`);
  }
  const port = values.port === undefined ? undefined : readInteger(values.port, 0, 65_535);
  if (port === null) return mistake(`--port must be a number from 0 to 65535, but is '${values.port}'`);
  const timeout = values.timeout === undefined ? undefined : readInteger(values.timeout, 1, 86_400);
  if (timeout === null) return mistake(`--timeout must be a number of seconds, at least 1, but is '${values.timeout}'`);
  return {
    kind: "options",
    options: {
      appFolder: resolve(cwd, values["script-root"] ?? "."),
      port,
      address: values.address,
      functions: values.functions === undefined ? undefined : listNames([...values.functions, ...positionals]),
      cors: values.cors,
      allowedHosts: values["allow-host"]?.join(","),
      verbose: values.verbose ?? false,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      endWithParent: values["end-with-parent"],
    },
  };
}

function parseStartArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: "string", short: "p" },
      address: { type: "string" },
      "script-root": { type: "string" },
      functions: { type: "string", multiple: true },
      cors: { type: "string" },
      "allow-host": { type: "string", multiple: true },
      verbose: { type: "boolean" },
      timeout: { type: "string", short: "t" },
      "end-with-parent": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

/** `--functions a b c`: names after the first are arguments of their own; commas separate too. */
function listNames(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter((name) => name !== "");
}

/** A whole number within limits; `null` for anything else. */
export function readInteger(text: string, least: number, most: number): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

function mistake(message: string): StartArguments {
  return { kind: "mistake", message };
}

export const startHelp = `Usage: durable start [options]

Runs the functions app of a folder (host.json, package.json with "main"), with its orchestrations.
Data is kept in .durable/azurite of that folder, unless AzureWebJobsStorage names a storage account.

Options:
  -p, --port <port>          Port to listen on; 0 takes any free one (default: 7071)
      --address <address>    Address to listen on (default: localhost, which is 127.0.0.1 and ::1)
      --script-root <folder> Folder of the app (default: this folder)
      --functions <names...> Serve only these functions
      --cors <origins>       Origins of pages that may call the functions, separated by commas; * for all
      --allow-host <names>   Host names, besides localhost, under which instances may be managed
      --verbose              Show what the host itself has to say
  -t, --timeout <seconds>    How long the app may take to load (default: 20)
      --end-with-parent      Stop when the process that started this one has ended, such as npx
  -h, --help                 Show this text

Settings come from the environment, then from local.settings.json.
`;
