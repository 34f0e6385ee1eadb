import { findNearName } from "../core/option-names.ts";
import { type DevOptions, devHelp, parseDev } from "./dev/dev-options.ts";
import { type HubDeleteOptions, hubHelp, parseHub } from "./hub-options.ts";
import { type InitOptions, initHelp, parseInit } from "./init/init-options.ts";
import { instanceHelp } from "./instance-help.ts";
import { type InstanceOptions, type InstanceVerb, namesOrchestration, parseInstances } from "./instance-options.ts";
import { type KeysOptions, keysHelp, parseKeys } from "./keys-options.ts";
import { type OpenApiCommandOptions, openApiHelp, parseOpenApi } from "./openapi-options.ts";
import { type PackOptions, packHelp, parsePack } from "./pack-options.ts";
import { type PurgeCommandOptions, parsePurge, purgeHelp } from "./purge-options.ts";
import { parseQuarantine, type QuarantineOptions, quarantineHelp } from "./quarantine-options.ts";
import { parseReplayCheck, type ReplayCheckOptions, replayCheckHelp } from "./replay-check-options.ts";
import { parseReplay, type ReplayOptions, replayHelp } from "./replay-options.ts";
import { parseSidecar, type SidecarOptions, sidecarHelp } from "./sidecar-options.ts";
import { parseStart, type StartOptions, startHelp } from "./start-options.ts";

/** What the user asked for on the command line. */
export type Command =
  | { readonly kind: "help"; readonly topic: "durable" | VerbName }
  | { readonly kind: "version" }
  | { readonly kind: "init"; readonly options: InitOptions }
  | { readonly kind: "start"; readonly options: StartOptions }
  | { readonly kind: "dev"; readonly options: DevOptions }
  | { readonly kind: "sidecar"; readonly options: SidecarOptions }
  | { readonly kind: "openapi"; readonly options: OpenApiCommandOptions }
  | { readonly kind: "pack"; readonly options: PackOptions }
  | { readonly kind: "keys"; readonly options: KeysOptions }
  | { readonly kind: "replay"; readonly options: ReplayOptions }
  | { readonly kind: "replay-check"; readonly options: ReplayCheckOptions }
  | { readonly kind: "quarantine"; readonly options: QuarantineOptions }
  | { readonly kind: "instances"; readonly options: InstanceOptions }
  | { readonly kind: "purge"; readonly options: PurgeCommandOptions }
  | { readonly kind: "hub delete"; readonly options: HubDeleteOptions }
  /** Not understood; one line that says what. */
  | { readonly kind: "mistake"; readonly message: string };

interface Verb {
  /** One line, for the list of verbs. */
  readonly summary: string;
  /** One more, for the verb with a name. */
  readonly withName?: string;
  readonly help: string;
  /** Reads the arguments after the verb. Touches nothing. */
  parse(args: readonly string[], cwd: string): Command;
}

type VerbName =
  | InstanceVerb
  | "init"
  | "dev"
  | "sidecar"
  | "openapi"
  | "keys"
  | "pack"
  | "replay"
  | "replay-check"
  | "purge"
  | "quarantine"
  | "hub";

/** The verbs of `durable`, in the order in which they are listed. */
const verbs: Readonly<Record<VerbName, Verb>> = {
  init: {
    summary: "Write a new app, with an orchestration and its test",
    help: initHelp,
    parse(args, cwd) {
      const read = parseInit(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "init" };
      return read.kind === "options" ? { kind: "init", options: read.options } : read;
    },
  },
  start: {
    summary: "Run the functions app in this folder, with its orchestrations",
    withName: instanceHelp.start.summary,
    help: `${startHelp}\n${instanceHelp.start.help}`,
    parse(args, cwd) {
      if (namesOrchestration(args)) return instanceVerb("start").parse(args, cwd);
      const read = parseStart(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "start" };
      return read.kind === "options" ? { kind: "start", options: read.options } : read;
    },
  },
  dev: {
    summary: "Run it as start does, anew whenever a file changes",
    help: devHelp,
    parse(args, cwd) {
      const read = parseDev(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "dev" };
      return read.kind === "options" ? { kind: "dev", options: read.options } : read;
    },
  },
  sidecar: {
    summary: "Serve a task hub over gRPC, to workers and clients in any language",
    help: sidecarHelp,
    parse(args, cwd) {
      const read = parseSidecar(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "sidecar" };
      return read.kind === "options" ? { kind: "sidecar", options: read.options } : read;
    },
  },
  keys: {
    summary: "List the keys that callers of the app need, show them or make new ones",
    help: keysHelp,
    parse(args, cwd) {
      const read = parseKeys(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "keys" };
      return read.kind === "options" ? { kind: "keys", options: read.options } : read;
    },
  },
  openapi: {
    summary: "Print an OpenAPI document of a functions app",
    help: openApiHelp,
    parse(args, cwd) {
      const read = parseOpenApi(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "openapi" };
      return read.kind === "options" ? { kind: "openapi", options: read.options } : read;
    },
  },
  pack: {
    summary: "Check a functions app as it would be deployed",
    help: packHelp,
    parse(args, cwd) {
      const read = parsePack(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "pack" };
      return read.kind === "options" ? { kind: "pack", options: read.options } : read;
    },
  },
  replay: {
    summary: "Go through one recorded instance with the present code, also in a debugger",
    help: replayHelp,
    parse(args, cwd) {
      const read = parseReplay(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "replay" };
      return read.kind === "options" ? { kind: "replay", options: read.options } : read;
    },
  },
  "replay-check": {
    summary: "Replay recorded histories with the present code, before it is deployed",
    help: replayCheckHelp,
    parse(args, cwd) {
      const read = parseReplayCheck(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "replay-check" };
      return read.kind === "options" ? { kind: "replay-check", options: read.options } : read;
    },
  },
  ls: instanceVerb("ls"),
  show: instanceVerb("show"),
  history: instanceVerb("history"),
  raise: instanceVerb("raise"),
  suspend: instanceVerb("suspend"),
  resume: instanceVerb("resume"),
  terminate: instanceVerb("terminate"),
  rewind: instanceVerb("rewind"),
  restart: instanceVerb("restart"),
  signal: instanceVerb("signal"),
  purge: {
    summary: "Delete finished instances of a task hub",
    help: purgeHelp,
    parse(args, cwd) {
      const read = parsePurge(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "purge" };
      return read.kind === "options" ? { kind: "purge", options: read.options } : read;
    },
  },
  quarantine: {
    summary: "Look at messages that no worker could read, put them back or drop them",
    help: quarantineHelp,
    parse(args, cwd) {
      const read = parseQuarantine(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "quarantine" };
      return read.kind === "options" ? { kind: "quarantine", options: read.options } : read;
    },
  },
  hub: {
    summary: "Delete a task hub with all that it keeps",
    help: hubHelp,
    parse(args, cwd) {
      const read = parseHub(args, cwd);
      if (read.kind === "help") return { kind: "help", topic: "hub" };
      return read.kind === "delete" ? { kind: "hub delete", options: read.options } : read;
    },
  },
};

function instanceVerb(verb: InstanceVerb): Verb {
  return {
    ...instanceHelp[verb],
    parse(args, cwd) {
      const read = parseInstances(verb, args, cwd);
      if (read.kind === "help") return { kind: "help", topic: verb };
      return read.kind === "options" ? { kind: "instances", options: read.options } : read;
    },
  };
}

/** Reads the arguments after `durable`. Touches nothing. */
export function parseCommandLine(args: readonly string[], cwd: string): Command {
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const topic = first === "help" ? rest[0] : undefined;
    return { kind: "help", topic: topic !== undefined && isVerb(topic) ? topic : "durable" };
  }
  if (first === "--version" || first === "-v") return { kind: "version" };
  if (isVerb(first)) return verbs[first].parse(rest, cwd);
  if (first.startsWith("-")) {
    const message = `'${first}' stands where a command is expected: durable start ${args.join(" ")}`;
    return { kind: "mistake", message: `${message}. Try: durable --help` };
  }
  const meant = findNearName(first, Object.keys(verbs));
  const hint = meant === undefined ? "" : ` Did you mean '${meant}'?`;
  return { kind: "mistake", message: `Unknown command '${first}'.${hint} Try: durable --help` };
}

/** The text of `--help`, of `durable` or of one of its verbs. */
export function helpText(topic: "durable" | VerbName): string {
  if (topic !== "durable") return verbs[topic].help;
  const list = Object.entries(verbs).flatMap(([name, { summary, withName }]) => [
    `  ${name.padEnd(13)}  ${summary}`,
    ...(withName === undefined ? [] : [`  ${`${name} <name>`.padEnd(13)}  ${withName}`]),
  ]);
  return `Usage: durable <command> [options]

Commands:
${list.join("\n")}

Options:
  -h, --help     Show this text, or that of a command: durable start --help
  -v, --version  Show the version
`;
}

function isVerb(name: string): name is VerbName {
  return Object.hasOwn(verbs, name);
}
