// What every client has, with what JavaScript may hand over by mistake.

export type Wrong = readonly [given: readonly unknown[], message: RegExp];

export type WrongCalls = Readonly<Record<string, readonly Wrong[]>>;

const day = new Date("2030-01-01T00:00:00Z");
const badId: readonly Wrong[] = [undefined, 5, {}, ""].map((id) => [[id], /instance id/]);
const reason: readonly Wrong[] = [[["known", { reason: "x" }], /the reason of .* must be a text/]];
const conditions: readonly Wrong[] = [
  [[{ createdFrom: "2030" }], /'createdFrom' of .* must be a valid Date, but got "2030"/],
  [[{ runtimeStatus: "Running" }], /'runtimeStatus' of .* must be a list of Running/],
  [[{ createdTimeFrom: "2030" }], /'createdTimeFrom' of .* must be a valid Date/],
  [[{ createdTimeFrom: day, createdFrom: day }], /'createdFrom' and 'createdTimeFrom' say the same/],
  [[{ createdAfter: day }], /no option 'createdAfter'; it takes runtimeStatus, createdFrom/],
  [[{ tags: ["a"] }], /'tags' of/],
  [[5], /needs an object with options/],
];
const waits: readonly Wrong[] = [
  ...badId,
  [["known", 5], /needs an object with options \(\{ fetchPayloads, timeout, pollInterval, ... \}\), but got 5/],
  [["known", { timeout: "soon" }], /'timeout' of .* must be a length of time/],
  [["known", { pollInterval: "often" }], /'pollInterval' of .* must be a length of time/],
  [["known", { pollInterval: 0 }], /'pollInterval' must be more than zero, but got 0/],
  [["known", { timeOut: 1 }], /did you mean 'timeout'/],
];

const events: readonly Wrong[] = [
  [[], /the name of an event/],
  [[5, 1], /the name of an event/],
  [["go", 1, true], /needs an object with options/],
  [["go", 1, { ifmissing: "ignore" }], /did you mean 'ifMissing'/],
  [["go", 1, { ifMissing: "start" }], /'ifMissing' of an event must be "throw" or "ignore", but got "start"/],
  [["go", () => 1], /function/],
];
const starts: readonly Wrong[] = [
  [[undefined, 1, { instanceId: "x" }], /the name of the orchestration/],
  [[{}, 1, { instanceId: "x" }], /the name of the orchestration/],
  [
    ["order", 1, "id-1"],
    /start(?:OrGet)? needs an object with options \(\{ instanceId, startAt, scheduledStartTime, ... \}\)/,
  ],
  [["order", 1, { instanceID: "x" }], /did you mean 'instanceId'/],
  [["order", 1, { input: 1, instanceId: "x" }], /no option 'input'/],
  [["order", 1, { instanceId: "x", startAt: 5 }], /'startAt' of .* must be a valid Date/],
  [["order", 1, { instanceId: 5 }], /instance id must be a string/],
  [["order", 1, { instanceId: "x", tags: ["a"] }], /'tags' of/],
  [["order", 1, { instanceId: "x", reusableStatuses: ["Running"] }], /must have 'Terminated'/],
  [["order", 1, { instanceId: "x", reusableStatuses: [], dedupeStatuses: [] }], /say the same: give one of them/],
  [["order", () => 1, { instanceId: "x" }], /function/],
];

export const wrongVerbs: WrongCalls = {
  start: [
    ...starts,
    [["order", 1, { instanceId: "x", reusePolicy: "ignore" }], /'reusePolicy' of start must be an object/],
    [["order", 1, { instanceId: "x", reusePolicy: { action: "get" } }], /must be "error", "ignore" or "terminate"/],
    [["order", 1, { instanceId: "x", reusePolicy: { actions: "error" } }], /did you mean 'action'/],
    [["order", 1, { instanceId: "x", reusePolicy: { replaceableStatuses: ["Done"] } }], /'replaceableStatuses' of/],
  ],
  startOrGet: [
    ...starts,
    [["order", 1], /startOrGet needs an 'instanceId'/],
    [["order", 1, { instanceId: "x", reusePolicy: {} }], /no option 'reusePolicy'/],
  ],
  run: badId,
  scheduleNewOrchestration: [
    [[undefined], /orchestration/],
    [["order", "id-1"], /scheduleNewOrchestration needs an object/],
    [["order", { instanceID: "x" }], /did you mean 'instanceId'/],
    [["order", { startAt: 5 }], /'startAt' of scheduleNewOrchestration must be a valid Date/],
    [["order", { version: 1 }], /'version' of/],
    [["order", { tags: { a: 1 } }], /'tags' of/],
    [["order", { reusableStatuses: "Failed" }], /'reusableStatuses' of .* must be a list/],
    [["order", { dedupeStatuses: ["Done"] }], /'dedupeStatuses' of .* must be a list/],
    [["order", { startAt: day, scheduledStartTime: day }], /'startAt' and 'scheduledStartTime' say the same/],
    [["order", { instanceId: ".." }], /must not be '\.\.'/],
  ],
  getOrchestrationState: [
    ...badId,
    [["known", false], /needs an object/],
    [["known", { fetchPayload: true }], /did you mean/],
  ],
  waitForOrchestrationStart: waits,
  waitForOrchestrationCompletion: waits,
  getAllInstances: [...conditions, [[{ pageSize: 0 }], /'pageSize' of getAllInstances/]],
  countInstances: [...conditions, [[{ pageSize: 5 }], /no option 'pageSize'/]],
  listInstanceIds: [
    [[{ completedTimeFrom: day }], /no option/],
    [[{ completedFrom: 5 }], /'completedFrom' of listInstanceIds/],
  ],
  raiseOrchestrationEvent: [
    ...badId.map(([[id], message]) => [[id, "go"], message] as const),
    ...events.map(([given, message]) => [["known", ...given], message] as const),
  ],
  terminateOrchestration: [
    ...badId,
    [["known", { reason: "x" }], /no option 'reason'; it takes output, recursive/],
    [["known", 5], /needs an object/],
  ],
  suspendOrchestration: [...badId, ...reason],
  resumeOrchestration: [...badId, ...reason],
  rewindInstance: [...badId, ...reason],
  restartOrchestration: [
    ...badId,
    [["known", "true"], /needs an object/],
    [["known", { newId: true }], /no option 'newId'/],
  ],
  purgeOrchestration: [
    [[], /an instance id, a list of them, or a filter/],
    [[5], /an instance id, a list of them, or a filter/],
    [[[1, 2]], /an instance id, a list of them, or a filter/],
    [[{}], /needs a time or a status/],
    [[{ olderThan: day }], /'olderThan' of purgeOrchestration must be a length of time/],
    [[{ createdBefore: day }], /purgeOrchestration has no option 'createdBefore'/],
    [["known", { recursiv: true }], /did you mean 'recursive'/],
  ],
  deleteTaskHub: [[[true], /needs an object/]],
  getOrchestrationHistory: badId,
  signalEntity: [
    [["Counter", "add"], /has the form/],
    [["@counter@k", 5], /the operation/],
    [["@counter@..", "add"], /must not be/],
    [["@counter@k", "add", 1, day], /needs an object/],
  ],
  callEntity: [
    [["Counter", "add"], /has the form/],
    [["@counter@k"], /the operation/],
    [["@counter@k", "add", 1, 5], /needs an object/],
  ],
  getEntity: [
    [[5], /entity/],
    [["@counter@k", { state: false }], /no option 'state'/],
  ],
  getEntities: [
    [["Counter"], /needs an object/],
    [[{ keyprefix: "a" }], /did you mean 'keyPrefix'/],
  ],
  cleanEntityStorage: [[[true], /needs an object/]],
};

/** The methods of a class and of those that it is made of, without those for its makers. */
export function methodsOf(type: { readonly prototype: object }): readonly string[] {
  const names = new Set<string>();
  for (let each = type.prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  for (const inner of ["constructor", "purgeOneEntity"]) names.delete(inner);
  return [...names];
}
