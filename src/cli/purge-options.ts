import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import {
  isTerminalStatus,
  type OrchestrationRuntimeStatus,
  orchestrationStatuses,
} from "../core/orchestration-status.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, hubFlagsHelp, readHubFlags } from "./hub-flags.ts";
import { readAge, readDate } from "./moment.ts";

export interface PurgeCommandOptions extends HubChoice {
  /** These, or those that meet the conditions below. */
  readonly instanceIds: readonly string[];
  readonly olderThanMs: number | undefined;
  readonly statuses: readonly OrchestrationRuntimeStatus[] | undefined;
  readonly createdBefore: Date | undefined;
  readonly instanceIdPrefix: string | undefined;
  readonly name: string | undefined;
  readonly recursive: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What `durable purge` was asked for: options, the help text, or one line that says what was not understood. */
export type PurgeArguments =
  | { readonly kind: "options"; readonly options: PurgeCommandOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

const terminalStatuses = orchestrationStatuses.filter(isTerminalStatus);

/** Reads the arguments after `durable purge`. Touches nothing. */
export function parsePurge(args: readonly string[], cwd: string): PurgeArguments {
  let parsed: ReturnType<typeof parsePurgeArgs>;
  try {
    parsed = parsePurgeArgs(args);
  } catch (error) {
    return mistake(`${messageOf(error).split(/[.\n]/)[0]}. Try: durable purge --help`);
  }
  const { values, positionals: instanceIds } = parsed;
  if (values.help) return { kind: "help" };
  const flags = readHubFlags(values, cwd);
  if (flags.kind === "mistake") return flags;
  const olderThanMs = readAge(values["older-than"]);
  if (olderThanMs === null) {
    return mistake(`--older-than must be a length of time such as 30d or 12h, but is '${values["older-than"]}'`);
  }
  const statuses = readStatuses(values.status);
  if (statuses === null) return mistake(`--status must list some of ${terminalStatuses.join(", ")}`);
  const createdBefore = readDate(values["created-before"]);
  if (createdBefore === null) {
    return mistake(
      `--created-before must be a time such as 2026-05-01T10:00:00Z, but is '${values["created-before"]}'`,
    );
  }
  const conditions = [olderThanMs, statuses, createdBefore, values.prefix, values.name];
  const hasConditions = conditions.some((condition) => condition !== undefined && condition !== "");
  if (instanceIds.length > 0 && hasConditions) return mistake("Give ids of instances, or conditions, not both");
  if (instanceIds.length === 0 && !hasConditions) {
    return mistake(
      "Say what to purge: --older-than, --status, --created-before, --prefix, --name, or ids of instances",
    );
  }
  if (values.force === true && instanceIds.length === 0)
    return mistake("--force is for instances that are named by their ids");
  return {
    kind: "options",
    options: {
      ...flags.choice,
      instanceIds,
      olderThanMs,
      statuses,
      createdBefore,
      instanceIdPrefix: values.prefix || undefined,
      name: values.name || undefined,
      recursive: values.recursive ?? false,
      force: values.force ?? false,
      dryRun: values["dry-run"] ?? false,
      json: values.json ?? false,
    },
  };
}

function parsePurgeArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...hubFlags,
      "older-than": { type: "string" },
      status: { type: "string", multiple: true },
      "created-before": { type: "string" },
      prefix: { type: "string" },
      name: { type: "string" },
      recursive: { type: "boolean" },
      force: { type: "boolean" },
      "dry-run": { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function readStatuses(texts: readonly string[] | undefined): readonly OrchestrationRuntimeStatus[] | undefined | null {
  if (texts === undefined) return undefined;
  const names = texts.flatMap((text) => text.split(",")).map((name) => name.trim().toLowerCase());
  const found = names.map((name) => terminalStatuses.find((status) => status.toLowerCase() === name));
  return found.every((status) => status !== undefined) ? found : null;
}

function mistake(message: string): PurgeArguments {
  return { kind: "mistake", message };
}

export const purgeHelp: string = `Usage: durable purge [options]
       durable purge <instance id...> [options]

Deletes finished instances of a task hub, with all that they have kept. What runs, and entities, stay.

Options:
      --older-than <time>      Those that finished longer ago: 30d, 12h, PT90M
      --status <statuses>      Of these statuses only: Completed, Failed, Canceled, Terminated (default: all four)
      --created-before <time>  Those that were created until then: 2026-05-01T10:00:00Z
      --prefix <text>          Those whose ids begin so
      --name <name>            Those of this orchestration
      --recursive              With their finished sub-orchestrations
      --force                  Instances that are named by their ids also when they have not finished
      --dry-run                Only count what would be deleted
      --json                   Answer with one JSON object
${hubFlagsHelp}`;
