/** What the fields of log events hold: one name per thing, in all events. */
export const logFields = {
  taskHub: { type: "text", meaning: "the task hub" },
  workerId: { type: "text", meaning: "the process that works on the hub" },
  instanceId: { type: "text", meaning: "the orchestration instance" },
  queue: { type: "text", meaning: "the storage queue; a control queue stands for its partition" },
  messageId: { type: "text", meaning: "the queue message" },
  deliveryCount: { type: "number", meaning: "how often the message was received, this time included" },
  attempt: { type: "number", meaning: "which attempt of a retried call it was, from 1" },
  parentInstanceId: { type: "text", meaning: "the orchestration that has called this one" },
  version: { type: "text", meaning: "the version of the orchestration, or of this package" },
  durationMs: { type: "number", meaning: "how long it took, in milliseconds" },
  count: { type: "number", meaning: "how many" },
  failedCount: { type: "number", meaning: "how many have failed" },
  reason: { type: "text", meaning: "why" },
  functionName: { type: "text", meaning: "the function of the app" },
  triggerType: { type: "text", meaning: "the type of the function's trigger" },
  setting: { type: "text", meaning: "the app setting; never its value" },
  processId: { type: "number", meaning: "the process of the operating system" },
  address: { type: "text", meaning: "the network address that is listened on" },
  origin: { type: "text", meaning: "the origin of a page: scheme, host and port" },
  method: { type: "text", meaning: "the HTTP method" },
  path: { type: "text", meaning: "the path of the request, without its query" },
} as const;

export type LogFieldName = keyof typeof logFields;
