import type { HttpRequest } from "@azure/functions";
import { DurableError } from "../core/errors.ts";
import { assertReadableInstanceId } from "../core/ids.ts";
import { assertKind, assertOptions, type OptionKind, type OptionKinds } from "../core/option-names.ts";
import type {
  GetStatusOptions,
  StartNewOptions,
  WaitForCompletionOptions,
  WaitOptions,
} from "./durable-client-options.ts";
import type {
  CleanEntityStorageOptions,
  EntityFilter,
  EntityLocation,
  SignalEntityOptions,
} from "./durable-entity-client.ts";
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

const startNew: OptionKinds<StartNewOptions> = {
  input: "any",
  // Checked with the rules of ids.
  instanceId: "any",
  version: "text",
  tags: "tags",
  scheduledStartTime: "date",
};
const getStatus: OptionKinds<GetStatusOptions> = { showHistory: "flag", showHistoryOutput: "flag", showInput: "flag" };
const conditions: OptionKinds<OrchestrationFilter> = {
  runtimeStatus: "statuses",
  createdTimeFrom: "date",
  createdTimeTo: "date",
  lastUpdatedTimeFrom: "date",
  lastUpdatedTimeTo: "date",
  completedTimeFrom: "date",
  completedTimeTo: "date",
  instanceIdPrefix: "text",
  name: "text",
  tags: "tags",
};
const statusFilter: OptionKinds<StatusFilter> = { ...conditions, showInput: "flag", showOutput: "flag" };
const listFilter: OptionKinds<InstanceListFilter> = { ...statusFilter, pageSize: "count", continuationToken: "text" };
const location: OptionKinds<EntityLocation> = { taskHubName: "text", connectionName: "text" };
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
const cleanStorage: OptionKinds<CleanEntityStorageOptions> = {
  removeEmptyEntities: "flag",
  releaseOrphanedLocks: "flag",
  continueUntilComplete: "flag",
  continuationToken: "text",
};
const wait: OptionKinds<WaitOptions> = { timeout: "time span", pollInterval: "time span", signal: "signal" };
const waitForResponse: OptionKinds<WaitForCompletionOptions> = {
  timeoutInMilliseconds: "number",
  retryIntervalInMilliseconds: "number",
};

type Verb =
  | "countInstances"
  | "listInstances"
  | "purgeInstanceHistory"
  | "purgeOlderThan"
  | "deleteTaskHub"
  | "terminate"
  | "callEntity"
  | "listEntities"
  | "cleanEntityStorage"
  | "waitForCompletion";

/** Options of which all callers take the same form. */
const known: Readonly<Record<Verb, Wanted>> = {
  countInstances: conditions,
  listInstances: listFilter,
  purgeInstanceHistory: purge,
  purgeOlderThan,
  deleteTaskHub: { force: "flag" },
  terminate: { recursive: "flag" },
  callEntity: { timeout: "time span", signal: "signal" },
  listEntities: entityFilter,
  cleanEntityStorage: cleanStorage,
  waitForCompletion: wait,
};

/** @returns the options themselves; none for `undefined` */
export function readOptions<Options>(what: Verb, options: Options | undefined): Options {
  if (options === undefined) return {} as Options;
  assertOptions(options, known[what], what);
  return options;
}

/** `(options)`, or `(instanceId, input)`. */
export function readStart(given: Given): StartNewOptions {
  const [first, second] = given;
  if (typeof first === "string" && first !== "") return { instanceId: first, input: second };
  if (first === "" || isNone(first)) return { input: second };
  if (second === undefined) return check<StartNewOptions>(first, startNew, "startNew");
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
  const checked = check<OrchestrationFilter>(filter, conditions, what);
  return options === undefined ? [checked] : [checked, check(options, purgeBy, what)];
}

function readTimes(given: Given, what: string): OrchestrationFilter | undefined {
  const [first, createdTimeTo, runtimeStatus] = given;
  if (!(first instanceof Date) && !isLeftOut(given)) return undefined;
  return byPosition({ createdTimeFrom: first, createdTimeTo, runtimeStatus }, conditions, what);
}

/** `(options)`, or `(taskHubName, connectionName)`. */
export function readLocation(given: Given, what: string): EntityLocation {
  return readHub(given, location, what);
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
