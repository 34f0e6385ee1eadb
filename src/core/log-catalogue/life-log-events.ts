/**
 * The lives of orchestrations and what they call: each event once for each time that it happens, never for a replay.
 * Those of the area `Function` have the category of the function, `Function.<functionName>`, beside its other lines.
 */
export const lifeLogEvents = {
  OrchestrationFailed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    optionalFields: ["functionName"],
    meaning:
      "An orchestration has ended as Failed; the text has the failure, where it was thrown, and its causes. What a task has failed with is told in full where the task ran.",
    action: "Look at the app's code or its input. Once mended, the instance can be rewound or restarted.",
  },
  ActivityFailed: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    optionalFields: ["functionName", "attempt", "durationMs"],
    meaning:
      "An activity has failed, and its orchestration receives the failure; the text has the failure, where it was thrown, and its causes.",
    action: "Look at the activity's code or at what it calls.",
  },
  EntityOperationFailed: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    optionalFields: ["functionName"],
    meaning:
      "An operation that an orchestration has called has failed, and the orchestration receives the failure; the text has it, where it was thrown, and its causes. Its changes are undone.",
    action: "Look at the operation's code, or at what it was called with.",
  },
  EntitySignalFailed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "A signalled operation of an entity has failed, and nobody waits for its result. Its changes are undone.",
    action: "Look at the app's code or the signal's input.",
  },
  OrchestrationStarted: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName"],
    optionalFields: ["version", "parentInstanceId"],
    meaning: "An orchestration has begun: its first episode is stored.",
    action: "nothing",
  },
  OrchestrationWaiting: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName"],
    meaning:
      "An orchestration waits for timers, external events or sub-orchestrations, of which the text names the first. Activities have lines of their own.",
    action: "nothing",
  },
  OrchestrationSuspended: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName"],
    meaning: "An orchestration was suspended: it keeps what comes, and goes on when it is resumed.",
    action: "nothing",
  },
  OrchestrationResumed: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName"],
    meaning: "A suspended orchestration goes on.",
    action: "nothing",
  },
  OrchestrationContinuedAsNew: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName", "count"],
    meaning: "An orchestration has begun a new history; the count says how often since its last line.",
    action: "nothing",
  },
  OrchestrationCompleted: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName", "durationMs"],
    meaning: "An orchestration has ended with a result.",
    action: "nothing",
  },
  OrchestrationTerminated: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName", "durationMs"],
    meaning: "An orchestration was terminated.",
    action: "nothing",
  },
  CallsNotAwaited: {
    area: "Function",
    level: "warn",
    fields: ["instanceId", "functionName", "count"],
    meaning:
      "An orchestration has ended, or continued as new, with calls that nobody waited for: their results and failures are lost.",
    action:
      "Look for a missing `await`, `yield` or `yield*`. What needs no answer is started by startNewOrchestration.",
  },
  ActivityExecuting: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName"],
    optionalFields: ["attempt", "deliveryCount"],
    meaning: "An activity begins to run.",
    action: "nothing",
  },
  ActivityRunning: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName", "durationMs"],
    optionalFields: ["attempt"],
    meaning: "An activity runs for long; said again each time that it has run twice as long.",
    action: "nothing",
  },
  ActivityLeftBehind: {
    area: "Function",
    level: "warn",
    fields: ["instanceId", "functionName"],
    meaning:
      "An activity had not ended when its worker stopped, and did not heed its signal. It runs again on whichever worker has it next, about half a minute later.",
    action: "Let long activities end when `context.signal` aborts.",
  },
  ActivityExecuted: {
    area: "Function",
    level: "info",
    fields: ["instanceId", "functionName", "durationMs"],
    optionalFields: ["attempt"],
    meaning: "An activity has ended with a result, which is stored. Of one that fails tells `ActivityFailed`.",
    action: "nothing",
  },
} as const;
