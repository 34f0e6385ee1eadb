import type { HttpRequest } from "@azure/functions";
import {
  conditionKinds,
  type RaiseEventOptions,
  raiseKinds,
  runWaitKinds,
  type ScheduleOptions,
  scheduleKinds,
} from "../client/client-options.ts";
import { DurableError } from "../core/errors.ts";
import { assertReadableInstanceId } from "../core/ids.ts";
import { assertKind, assertOptions, type OptionKind, type OptionKinds } from "../core/option-names.ts";
import type { DurableClientOptions, GetStatusOptions, WaitForCompletionOptions } from "./durable-client-options.ts";
import type { EntityLocation } from "./embedded-host.ts";
import type { EntityFilter, SignalEntityOptions } from "./entity-status-reader.ts";
import type {
  InstanceListFilter,
  OrchestrationFilter,
  PurgeHistoryByOptions,
  PurgeHistoryOptions,
  PurgeOlderThanOptions,
  StatusFilter,
} from "./instance-filters.ts";

// What callers of `DurableClient` hand over. Each reader takes the arguments behind the obligatory ones: options, or what
// `durable-functions` 1 and 2 took by position where that can be nothing else. All throw DurableError `InvalidOption`.

type Given = readonly unknown[];
type Wanted = Readonly<Record<string, OptionKind>>;

/** {@link DurableClientOptions} by what they hold. */
export const clientOptionKinds: OptionKinds<DurableClientOptions> = {
  dataConverter: "converter",
  trustForwardedHeaders: "flag",
  clock: "object",
};
const getStatus: OptionKinds<GetStatusOptions> = { showHistory: "flag", showHistoryOutput: "flag", showInput: "flag" };
const statusFilter: OptionKinds<StatusFilter> = { ...conditionKinds, showInput: "flag", showOutput: "flag" };
const listFilter: OptionKinds<InstanceListFilter> = { ...statusFilter, pageSize: "count", continuationToken: "text" };
const location: OptionKinds<EntityLocation> = { taskHubName: "text", connectionName: "text" };
const raise: OptionKinds<EntityLocation & RaiseEventOptions> = { ...location, ...raiseKinds };
const signal: OptionKinds<SignalEntityOptions> = { ...location, scheduledTime: "date", requestId: "text" };
const purge: OptionKinds<PurgeHistoryOptions> = { recursive: "flag", force: "flag" };
const purgeBy: OptionKinds<PurgeHistoryByOptions> = {
  recursive: "flag",
  timeout: "time span",
  maxInstances: "count",
  signal: "signal",
  continuationToken: "text",
  onProgress: "function",
};
const purgeOlderThan: OptionKinds<PurgeOlderThanOptions> = {
  ...purgeBy,
  runtimeStatus: "statuses",
  instanceIdPrefix: "text",
  name: "text",
};
const entityFilter: OptionKinds<EntityFilter> = {
  name: "text",
  keyPrefix: "text",
  lastModifiedFrom: "date",
  lastModifiedTo: "date",
  includeState: "flag",
  includeTransient: "flag",
  pageSize: "count",
  continuationToken: "text",
};
const waitForResponse: OptionKinds<WaitForCompletionOptions> = {
  timeoutInMilliseconds: "number",
  retryIntervalInMilliseconds: "number",
};

type Verb =
  | "listInstances"
  | "purgeInstanceHistory"
  | "purgeOlderThan"
  | "terminate"
  | "listEntities"
  | "waitForCompletion";

/** Options of which all callers take the same form. */
const known: Readonly<Record<Verb, Wanted>> = {
  listInstances: listFilter,
  purgeInstanceHistory: purge,
  purgeOlderThan,
  terminate: { recursive: "flag" },
  listEntities: entityFilter,
  waitForCompletion: runWaitKinds,
};

/** @returns the options themselves; none for `undefined` */
export function readOptions<Options>(what: Verb, options: Options | undefined): Options {
  if (options === undefined) return {} as Options;
  assertOptions(options, known[what], what);
  return options;
}

/** `(options)`, or `(instanceId, input, version)`. */
export function readStart(given: Given): ScheduleOptions {
  const [first, second, version] = given;
  if (typeof first === "string" || isNone(first)) {
    const rest = byPosition<ScheduleOptions>({ version }, scheduleKinds, "startNew");
    return { ...rest, input: second, ...(first !== "" && !isNone(first) && { instanceId: first as string }) };
  }
  if (second === undefined) return check<ScheduleOptions>(first, scheduleKinds, "startNew");
  throw new DurableError("InvalidOption", "startNew has its input among its options: startNew(name, { input })");
}

/** `(options)`, or `(showHistory, showHistoryOutput, showInput)`. */
export function readGetStatus(given: Given): GetStatusOptions {
  const [first, showHistoryOutput, showInput] = given;
  if (typeof first !== "boolean" && !isLeftOut(given)) return check(first, getStatus, "getStatus");
  return byPosition({ showHistory: first, showHistoryOutput, showInput }, getStatus, "getStatus");
}

/** `(filter)`, or `(createdTimeFrom, createdTimeTo, runtimeStatus)`. */
export function readStatusFilter(given: Given): StatusFilter {
  return readTimes(given, "getStatusBy") ?? check(given[0], statusFilter, "getStatusBy");
}

/** `(filter, options)`, or `(createdTimeFrom, createdTimeTo, runtimeStatus)`. */
export function readPurgeBy(given: Given): [filter: OrchestrationFilter, options?: PurgeHistoryByOptions] {
  const what = "purgeInstanceHistoryBy";
  const times = readTimes(given, what);
  if (times !== undefined) return [times];
  const [filter, options] = given;
  const checked = check<OrchestrationFilter>(filter, conditionKinds, what);
  return options === undefined ? [checked] : [checked, check(options, purgeBy, what)];
}

function readTimes(given: Given, what: string): OrchestrationFilter | undefined {
  const [first, createdTimeTo, runtimeStatus] = given;
  if (!(first instanceof Date) && !isLeftOut(given)) return undefined;
  return byPosition({ createdTimeFrom: first, createdTimeTo, runtimeStatus }, conditionKinds, what);
}

/** `(options)`, or `(taskHubName, connectionName)`. */
export function readLocation(given: Given, what: string): EntityLocation {
  return readHub(given, location, what);
}

/** {@link readLocation}, with what an event may have besides. */
export function readRaise(given: Given): EntityLocation & RaiseEventOptions {
  return readHub(given, raise, "raiseEvent");
}

/** {@link readLocation}, with what a signal may have besides. */
export function readSignal(given: Given): SignalEntityOptions {
  return readHub(given, signal, "signalEntity");
}

function readHub(given: Given, wanted: Wanted, what: string): EntityLocation {
  const [taskHubName, connectionName] = given;
  if (typeof taskHubName !== "string" && !isLeftOut(given)) return check(taskHubName, wanted, what);
  return byPosition({ taskHubName, connectionName }, location, what);
}

/** `(options)`, or `(timeoutInMilliseconds, retryIntervalInMilliseconds)`. */
export function readWaitForResponse(given: Given): WaitForCompletionOptions {
  const what = "waitForCompletionOrCreateCheckStatusResponse";
  const [timeoutInMilliseconds, retryIntervalInMilliseconds] = given;
  if (typeof timeoutInMilliseconds !== "number" && !isLeftOut(given)) {
    return check(timeoutInMilliseconds, waitForResponse, what);
  }
  return byPosition({ timeoutInMilliseconds, retryIntervalInMilliseconds }, waitForResponse, what);
}

/** @throws DurableError `InvalidOption` */
export function resolveWait(options: WaitForCompletionOptions): {
  readonly timeoutMs: number;
  readonly intervalMs: number;
} {
  const { timeoutInMilliseconds: timeoutMs = 10_000, retryIntervalInMilliseconds: intervalMs = 1000 } = options;
  if (!(timeoutMs >= 0)) throw invalid("timeoutInMilliseconds", "a number of milliseconds, 0 or more", timeoutMs);
  if (!(intervalMs > 0)) throw invalid("retryIntervalInMilliseconds", "a number of milliseconds above 0", intervalMs);
  if (intervalMs > timeoutMs) {
    const most = `at most timeoutInMilliseconds (${timeoutMs})`;
    throw invalid("retryIntervalInMilliseconds", most, intervalMs);
  }
  return { timeoutMs, intervalMs };
}

/** `true` or `false`, or that as an option, as the portable SDK has it. */
export function readRestart(given: unknown): boolean {
  const wanted = { restartWithNewInstanceId: "flag" } as const;
  if (typeof given !== "object") {
    assertKind(given, "flag", "'restartWithNewInstanceId' of restart", true);
    return (given as boolean | undefined) ?? true;
  }
  return (
    check<{ readonly restartWithNewInstanceId?: boolean }>(given, wanted, "restart").restartWithNewInstanceId ?? true
  );
}

/** @throws DurableError `InvalidInstanceId` too */
export function assertLinkArguments(instanceId: unknown, request: HttpRequest | undefined, form: string): void {
  const url: unknown = request?.url;
  if (!isNone(request) && !(typeof url === "string" && URL.canParse(url))) {
    throw new DurableError("InvalidOption", `${form} needs the request of an HTTP function as 'request'`);
  }
  assertReadableInstanceId(instanceId);
}

export function assertNothing([first]: Given, message: string): void {
  if (first !== undefined) throw new DurableError("InvalidOption", message);
}

function check<Options>(given: unknown, wanted: Wanted, what: string): Options {
  if (given === undefined) return {} as Options;
  assertOptions(given, wanted, what);
  return given as Options;
}

/** What was left out by position may be `null`. */
function byPosition<Options>(given: object, wanted: Wanted, what: string): Options {
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => !isNone(value)));
  return check(options, wanted, what);
}

/** The first of several arguments was left out, as those by position may be. */
function isLeftOut(given: Given): boolean {
  return given.length > 1 && isNone(given[0]);
}

function isNone(value: unknown): boolean {
  return value === undefined || value === null;
}

function invalid(name: string, wanted: string, seen: unknown): DurableError {
  return new DurableError("InvalidOption", `'${name}' must be ${wanted}, but got ${String(seen)}`);
}
