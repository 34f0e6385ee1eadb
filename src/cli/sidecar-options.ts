import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import { isLoopback } from "../host/server/listen-address.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, readHubFlags } from "./hub-flags.ts";
import { readInteger } from "./read-integer.ts";

export interface SidecarOptions extends HubChoice {
  readonly host: string;
  readonly port: number;
  /** Files in PEM. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** App setting or environment variable that holds the token; a token itself would show in lists of processes. */
  readonly tokenSetting: string | undefined;
  readonly maxMessageBytes: number | undefined;
  readonly verbose: boolean;
}

/** What `durable sidecar` was asked for: options, the help text, or one line that says what was not understood. */
export type SidecarArguments =
  | { readonly kind: "options"; readonly options: SidecarOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

const mebibyte = 1024 * 1024;
const defaultPort = 4001;

/** Reads the arguments after `durable sidecar`. Touches nothing. */
export function parseSidecar(args: readonly string[], cwd: string): SidecarArguments {
  let parsed: ReturnType<typeof parseSidecarArgs>;
  try {
    parsed = parseSidecarArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable sidecar --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 0) {
    return mistake(`Unexpected argument '${positionals[0]}'. Try: durable sidecar --help`);
  }
  const port = values.port === undefined ? defaultPort : readInteger(values.port, 0, 65_535);
  if (port === null) return mistake(`--port must be a number from 0 to 65535, but is '${values.port}'`);
  const flags = readHubFlags(values, cwd);
  if (flags.kind === "mistake") return flags;
  const maxMessage = values["max-message"] === undefined ? undefined : readInteger(values["max-message"], 1, 1024);
  if (maxMessage === null) {
    return mistake(`--max-message must be a number of MiB from 1 to 1024, but is '${values["max-message"]}'`);
  }
  const { "tls-cert": certificate, "tls-key": key, "token-setting": tokenSetting, host = "127.0.0.1" } = values;
  if ((certificate === undefined) !== (key === undefined)) return mistake("--tls-cert and --tls-key need each other");
  const isOpen = values["no-auth"] === true || values.insecure === true;
  if (isOpen && tokenSetting !== undefined) {
    return mistake("--token-setting asks callers for a token, --no-auth for none: give one of them");
  }
  // A certificate says who answers, not who asks.
  if (!isLoopback(host) && tokenSetting === undefined && !isOpen) {
    return mistake(
      `--host ${host} lets other machines work on the task hub: add --token-setting (and --tls-cert with --tls-key, so that nobody overhears the token), or --no-auth`,
    );
  }
  return {
    kind: "options",
    options: {
      ...flags.choice,
      host,
      port,
      tls:
        certificate === undefined || key === undefined
          ? undefined
          : { certificateFile: resolve(cwd, certificate), keyFile: resolve(cwd, key) },
      tokenSetting,
      maxMessageBytes: maxMessage === undefined ? undefined : maxMessage * mebibyte,
      verbose: values.verbose ?? false,
    },
  };
}

function parseSidecarArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: "string", short: "p" },
      host: { type: "string" },
      ...hubFlags,
      "tls-cert": { type: "string" },
      "tls-key": { type: "string" },
      "token-setting": { type: "string" },
      "max-message": { type: "string" },
      "no-auth": { type: "boolean" },
      // What --no-auth was called before.
      insecure: { type: "boolean" },
      verbose: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function mistake(message: string): SidecarArguments {
  return { kind: "mistake", message };
}

export const sidecarHelp = `Usage: durable sidecar [options]

Serves a task hub over gRPC, as the Durable Task SDKs for JavaScript, Python, .NET, Java and Go expect it.
Their workers run the orchestrations, activities and entities; this process has their state.
Data is kept in .durable/azurite of the folder, unless AzureWebJobsStorage names a storage account.

Options:
  -p, --port <port>            Port to listen on; 0 takes any free one (default: 4001)
      --host <address>         Address to listen on (default: 127.0.0.1)
      --task-hub, --hub <name> Task hub (default: that of host.json, else TestHubName)
      --storage <storage>      'memory', which forgets all when it ends; 'embedded', which keeps it in the folder;
                               or the app setting that names a storage account
      --partitions <count>     Control queues of a hub that is made, 1 to 16 (default: 4)
      --script-root <folder>   Folder of host.json and local.settings.json, if there are any (default: this folder)
      --tls-cert <file>        Certificate chain, PEM
      --tls-key <file>         Its private key, PEM
      --token-setting <name>   App setting or environment variable with the bearer token that callers must show
      --max-message <MiB>      Largest message (default: 64)
      --no-auth                Callers need no token, whoever reaches the address
      --verbose                Show what the engine has to say
  -h, --help                   Show this text

Settings come from the environment, then from local.settings.json.
`;
