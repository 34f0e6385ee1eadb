import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import { type InspectOption, readInspect } from "./inspect-option.ts";
import { isLogFormat, type LogFormat } from "./log-line.ts";
import { readInteger } from "./read-integer.ts";

export interface StartOptions {
  readonly appFolder: string;
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly functions: readonly string[] | undefined;
  readonly cors: string | undefined;
  /** @defaultValue `Host.CORSCredentials` of local.settings.json */
  readonly corsCredentials?: boolean | undefined;
  readonly allowedHosts: string | undefined;
  /** Whether callers need keys. @defaultValue as the settings say, else on addresses other than loopback */
  readonly auth?: boolean | undefined;
  readonly verbose: boolean;
  readonly timeoutMs: number | undefined;
  /** Stop when the process that started the host has ended. @defaultValue false */
  readonly endWithParent?: boolean | undefined;
  /** `undefined`: as host.json says. */
  readonly replayCheck?: boolean | undefined;
  /** @defaultValue `DURABLE_LOG_FORMAT` of the environment, else text */
  readonly logFormat?: LogFormat | undefined;
  /** Where a debugger may connect. */
  readonly inspect?: InspectOption | undefined;
}

/** What `durable start` was asked for: options, the help text, or one line that says what was not understood. */
export type StartArguments =
  | { readonly kind: "options"; readonly options: StartOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable start`. Touches nothing. */
export function parseStart(args: readonly string[], cwd: string): StartArguments {
  const debugging = readInspect(args);
  if (debugging.kind === "mistake") return debugging;
  const { inspect, rest } = debugging;
  let parsed: ReturnType<typeof parseStartArgs>;
  try {
    parsed = parseStartArgs(rest);
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
  if (values["replay-check"] && values["no-replay-check"]) {
    return mistake("--replay-check and --no-replay-check cannot both be given");
  }
  if (values.auth && values["no-auth"]) return mistake("--auth and --no-auth cannot both be given");
  if (values.address !== undefined && values.host !== undefined) {
    return mistake("Give --address or --host, which mean the same");
  }
  const logFormat = values["log-format"];
  if (logFormat !== undefined && !isLogFormat(logFormat)) {
    return mistake(`--log-format must be text or json, but is '${logFormat}'`);
  }
  return {
    kind: "options",
    options: {
      appFolder: resolve(cwd, values["script-root"] ?? "."),
      port,
      address: values.address ?? values.host,
      functions: values.functions === undefined ? undefined : listNames([...values.functions, ...positionals]),
      cors: values.cors?.join(","),
      corsCredentials: values["cors-credentials"],
      allowedHosts: values["allow-host"]?.join(","),
      auth: values.auth ? true : values["no-auth"] ? false : undefined,
      verbose: values.verbose ?? false,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      endWithParent: values["end-with-parent"],
      ...(inspect !== undefined && { inspect }),
      replayCheck: values["replay-check"] ? true : values["no-replay-check"] ? false : undefined,
      logFormat,
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
      host: { type: "string" },
      "script-root": { type: "string" },
      functions: { type: "string", multiple: true },
      cors: { type: "string", multiple: true },
      "cors-credentials": { type: "boolean" },
      "allow-host": { type: "string", multiple: true },
      auth: { type: "boolean" },
      "no-auth": { type: "boolean" },
      verbose: { type: "boolean" },
      "log-format": { type: "string" },
      timeout: { type: "string", short: "t" },
      "end-with-parent": { type: "boolean" },
      "replay-check": { type: "boolean" },
      "no-replay-check": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

/** `--functions a b c`: names after the first are arguments of their own; commas separate too. */
function listNames(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter((name) => name !== "");
}

function mistake(message: string): StartArguments {
  return { kind: "mistake", message };
}

export const startHelp = `Usage: durable start [options]

Runs the functions app of a folder (host.json, package.json with "main"), with its orchestrations.
Data is kept in .durable/azurite of that folder, unless AzureWebJobsStorage names a storage account.

Options:
  -p, --port <port>          Port to listen on; 0 takes any free one (default: 7071)
      --address <address>    Address to listen on (default: localhost, which is 127.0.0.1 and ::1); or --host.
                             On others than loopback callers need keys, see 'durable keys'
      --script-root <folder> Folder of the app (default: this folder)
      --functions <names...> Serve only these functions
      --cors <origins>       Origins of pages that may call functions and manage instances, separated by commas;
                             * lets those of any origin call functions
      --cors-credentials     Pages of the listed origins may send cookies
      --allow-host <names>   Host names, besides localhost, under which instances may be managed
      --auth                 Callers need keys on the loopback address too
      --no-auth              Callers need no keys, whoever reaches the address
      --verbose              Show what the host itself has to say
      --log-format <format>  text, or json: one object a line (default: DURABLE_LOG_FORMAT, else text)
  -t, --timeout <seconds>    How long the app may take to load (default: 20)
      --end-with-parent      Stop when the process that started this one has ended, such as npx
      --inspect[=<host:port>] Let a debugger connect (default: 127.0.0.1:9229)
      --inspect-brk[=...]    Wait for the debugger, and stop before the first line of the app
      --replay-check         Replay each orchestration beside its run, and fail it when its code
                             decides otherwise there (default); --no-replay-check switches that off
  -h, --help                 Show this text

Settings come from the environment, then from local.settings.json.
`;
