import { parseArgs } from "node:util";
import { isEntityInstanceId } from "../core/entity-id.ts";
import { messageOf } from "../core/errors.ts";
import { type OrchestrationRuntimeStatus, orchestrationStatuses } from "../core/orchestration-status.ts";
import type { HubChoice } from "./hub-access.ts";
import { hubFlags, readHubFlags } from "./hub-flags.ts";
import { type Moment, readAge, readMoment } from "./moment.ts";
import { readInteger } from "./read-integer.ts";

/** Where the data of a message comes from. */
export type PayloadSource =
  /** JSON text, which has been checked. */
  | { readonly kind: "json"; readonly json: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" };

/** What to do with instances of a hub. */
export type InstanceTask =
  | {
      readonly verb: "ls";
      readonly statuses: readonly OrchestrationRuntimeStatus[] | undefined;
      readonly name: string | undefined;
      readonly prefix: string | undefined;
      readonly createdAfter: Moment | undefined;
      readonly createdBefore: Moment | undefined;
      readonly limit: number | undefined;
      readonly continuationToken: string | undefined;
      readonly includeEntities: boolean;
    }
  | { readonly verb: "show"; readonly instanceId: string; readonly full: boolean }
  | { readonly verb: "history"; readonly instanceId: string; readonly full: boolean }
  /** Of many instances, with nothing left out. */
  | {
      readonly verb: "history";
      readonly instanceId: undefined;
      readonly statuses: readonly OrchestrationRuntimeStatus[] | undefined;
      readonly name: string | undefined;
      readonly prefix: string | undefined;
      /** A file, in place of standard output. */
      readonly out: string | undefined;
    }
  | {
      readonly verb: "start";
      readonly name: string;
      readonly instanceId: string | undefined;
      readonly version: string | undefined;
      readonly input: PayloadSource | undefined;
      readonly wait: InstanceWaitOption | undefined;
    }
  | {
      readonly verb: "raise";
      readonly instanceId: string;
      readonly event: string;
      readonly data: PayloadSource | undefined;
    }
  | {
      readonly verb: "signal";
      readonly entity: string;
      readonly operation: string;
      readonly data: PayloadSource | undefined;
    }
  | {
      readonly verb: "terminate" | "suspend" | "resume" | "rewind";
      readonly instanceIds: readonly string[];
      readonly reason: string | undefined;
      readonly recursive: boolean;
    }
  | {
      readonly verb: "restart";
      readonly instanceId: string;
      readonly sameId: boolean;
      readonly wait: InstanceWaitOption | undefined;
    };

/** Waits for the end of the instance. */
export interface InstanceWaitOption {
  /** @defaultValue no limit */
  readonly timeoutMs: number | undefined;
}

export type InstanceVerb = InstanceTask["verb"];

export interface InstanceOptions extends HubChoice {
  readonly task: InstanceTask;
  readonly json: boolean;
}

/** What was asked for: options, the help text of the verb, or one line that says what was not understood. */
export type InstanceArguments =
  | { readonly kind: "options"; readonly options: InstanceOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const texts = { type: "string", multiple: true } as const;

const waitFlags = { wait: flag, timeout: text };
const dataFlags = { text: flag };

/** The options of each verb besides those of all. */
const flagsOf: Readonly<Record<InstanceVerb, Readonly<Record<string, typeof text | typeof flag | typeof texts>>>> = {
  ls: {
    status: texts,
    name: text,
    prefix: text,
    "created-after": text,
    "created-before": text,
    limit: text,
    after: text,
    entities: flag,
  },
  show: { full: flag },
  history: { full: flag, all: flag, out: text, status: texts, name: text, prefix: text },
  start: { id: text, input: text, version: text, ...dataFlags, ...waitFlags },
  raise: dataFlags,
  signal: dataFlags,
  terminate: { reason: text, recursive: flag },
  suspend: { reason: text },
  resume: { reason: text },
  rewind: { reason: text },
  restart: { "same-id": flag, ...waitFlags },
};

/** `durable start` with the name of an orchestration first starts an instance of it; without one it runs the app. */
export function namesOrchestration([first]: readonly string[]): boolean {
  return first !== undefined && !first.startsWith("-");
}

/** Options as they were read, by name. */
class Values {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as string[]) : undefined;
  }

  has(name: string): boolean {
    return this.#values[name] === true;
  }
}

/** What makes a command line one that is not understood. */
class Mistake extends Error {}

/** Reads the arguments after a verb. Touches nothing. */
export function parseInstances(verb: InstanceVerb, args: readonly string[], cwd: string): InstanceArguments {
  try {
    const options = { ...flagsOf[verb], ...hubFlags, json: flag, help: { type: "boolean", short: "h" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    if (values.help === true) return { kind: "help" };
    const task = readTask(verb, new Values(values), positionals);
    const flags = readHubFlags(values, cwd);
    if (flags.kind === "mistake") return flags;
    return { kind: "options", options: { ...flags.choice, task, json: values.json === true } };
  } catch (error) {
    if (error instanceof Mistake) return { kind: "mistake", message: error.message };
    const problem = messageOf(error).split(/[.\n]/)[0];
    return { kind: "mistake", message: `${problem}. Try: durable ${verb} --help` };
  }
}

function readTask(verb: InstanceVerb, values: Values, positionals: readonly string[]): InstanceTask {
  const [first, second] = positionals;
  switch (verb) {
    case "ls":
      expectCount(verb, positionals, 0, 0, "no argument; filter by --name, --prefix, --status");
      return readList(values);
    case "show":
      expectCount(verb, positionals, 1, 1, "the id of one instance");
      return { verb, instanceId: first!, full: values.has("full") };
    case "history":
      return readHistory(values, positionals);
    case "start":
      expectCount(verb, positionals, 1, 1, "the name of one orchestration, and its input by --input");
      if (/^(?:[./\\~]|[a-z]:)/i.test(first!)) {
        throw new Mistake(`'${first}' is no name of an orchestration; the folder of an app is given by --script-root`);
      }
      return {
        verb,
        name: first!,
        instanceId: values.text("id"),
        version: values.text("version"),
        input: readData(values.text("input"), values, "--input"),
        wait: readWait(values),
      };
    case "raise":
      expectCount(verb, positionals, 2, 3, "the id of an instance, the name of an event and perhaps its data");
      return { verb, instanceId: first!, event: second!, data: readData(positionals[2], values, "the data") };
    case "signal":
      expectCount(verb, positionals, 2, 3, "an entity (@name@key), an operation and perhaps its input");
      if (!isEntityInstanceId(first!)) throw new Mistake(`An entity is named @name@key, but got '${first}'`);
      return { verb, entity: first!, operation: second!, data: readData(positionals[2], values, "the input") };
    case "terminate":
    case "suspend":
    case "resume":
    case "rewind":
      expectCount(verb, positionals, 1, Number.POSITIVE_INFINITY, "the ids of instances; a reason goes to --reason");
      return { verb, instanceIds: positionals, reason: values.text("reason"), recursive: values.has("recursive") };
    case "restart":
      expectCount(verb, positionals, 1, 1, "the id of one instance");
      return { verb, instanceId: first!, sameId: values.has("same-id"), wait: readWait(values) };
  }
}

function expectCount(verb: string, given: readonly string[], least: number, most: number, what: string): void {
  if (given.length >= least && given.length <= most && !given.slice(0, 2).includes("")) return;
  throw new Mistake(`'durable ${verb}' takes ${what}. Try: durable ${verb} --help`);
}

function readHistory(values: Values, positionals: readonly string[]): InstanceTask {
  const verb = "history";
  if (values.has("all")) {
    expectCount(verb, positionals, 0, 0, "no id with --all; filter by --name, --prefix, --status");
    return { verb, instanceId: undefined, ...readFilter(values), out: values.text("out") || undefined };
  }
  expectCount(verb, positionals, 1, 1, "the id of one instance, or --all");
  const ofAll = ["status", "name", "prefix", "out"].find((name) => values.text(name) ?? values.texts(name));
  if (ofAll !== undefined) throw new Mistake(`--${ofAll} goes with --all: durable history --all`);
  return { verb, instanceId: positionals[0]!, full: values.has("full") };
}

function readFilter(values: Values) {
  return {
    statuses: readStatuses(values.texts("status")),
    name: values.text("name") || undefined,
    prefix: values.text("prefix") || undefined,
  };
}

function readList(values: Values): InstanceTask {
  const limit = values.text("limit");
  const most = limit === undefined ? undefined : readInteger(limit, 1, Number.MAX_SAFE_INTEGER);
  if (most === null) throw new Mistake(`--limit must be a number, at least 1, but is '${limit}'`);
  return {
    verb: "ls",
    ...readFilter(values),
    createdAfter: readTime("--created-after", values.text("created-after")),
    createdBefore: readTime("--created-before", values.text("created-before")),
    limit: most,
    continuationToken: values.text("after"),
    includeEntities: values.has("entities"),
  };
}

function readStatuses(texts: readonly string[] | undefined): readonly OrchestrationRuntimeStatus[] | undefined {
  if (texts === undefined) return undefined;
  const names = texts.flatMap((each) => each.split(",")).map((name) => name.trim().toLowerCase());
  const found = names.map((name) => orchestrationStatuses.find((status) => status.toLowerCase() === name));
  if (found.every((status) => status !== undefined)) return found;
  throw new Mistake(`--status must list some of ${orchestrationStatuses.join(", ")}`);
}

function readTime(option: string, given: string | undefined): Moment | undefined {
  const moment = readMoment(given);
  if (moment !== null) return moment;
  throw new Mistake(
    `${option} must be a time such as 2026-05-01T10:00:00Z, or 2h for two hours ago, but is '${given}'`,
  );
}

function readWait(values: Values): InstanceWaitOption | undefined {
  const given = values.text("timeout");
  const timeoutMs = readAge(given);
  if (timeoutMs === null) throw new Mistake(`--timeout must be a length of time such as 30s, but is '${given}'`);
  return values.has("wait") || timeoutMs !== undefined ? { timeoutMs } : undefined;
}

function readData(given: string | undefined, values: Values, what: string): PayloadSource | undefined {
  if (given === undefined) return undefined;
  if (values.has("text")) return { kind: "json", json: JSON.stringify(given) };
  if (given === "-") return { kind: "stdin" };
  if (given.startsWith("@")) return { kind: "file", path: given.slice(1) };
  if (isJson(given)) return { kind: "json", json: given };
  throw new Mistake(
    `${what[0]!.toUpperCase()}${what.slice(1)} must be JSON, @file or - for standard input; for a plain text add --text`,
  );
}

export function isJson(given: string): boolean {
  try {
    JSON.parse(given);
    return true;
  } catch {
    return false;
  }
}
