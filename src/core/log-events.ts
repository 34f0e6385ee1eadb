import type { LogFieldName } from "./log-fields.ts";
import type { LogLevel } from "./ports.ts";

/** What is said of an event before it happens. */
export interface LogEvent {
  /** Who writes it: the engine with its storage, or the local host. With the name it makes the category of the line. */
  readonly area: "Durable" | "Host";
  readonly level: LogLevel;
  /** Fields that every such line has, besides those of its writer (the task hub, the worker). */
  readonly fields: readonly LogFieldName[];
  /** Fields that only some of them have. */
  readonly optionalFields?: readonly LogFieldName[];
  readonly meaning: string;
  /** What an operator does about it: a sentence, or the name of one of {@link standardActions}. */
  readonly action: string;
}

/** What is to be done about many events. */
export const standardActions: Readonly<Record<string, string>> = {
  nothing: "Nothing.",
  storage: "Nothing, if it is rare. Else look at the storage account: its metrics, limits, network and key.",
};

/**
 * Every event that this package logs. Names are stable across releases: alerts hang on them. `LOGS.md` is made of this
 * table.
 */
export const logEvents = {
  OrchestrationFetchFailed: {
    area: "Durable",
    level: "error",
    fields: [],
    meaning: "The next orchestration could not be fetched; it is tried again with growing pauses.",
    action: "storage",
  },
  OrchestrationFailed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "An orchestration has ended as Failed; the text has the failure and its causes.",
    action: "Look at the app's code or its input. Once mended, the instance can be rewound or restarted.",
  },
  OrchestrationWorkItemFailed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "An episode could not be run or stored; its messages come again, with growing pauses.",
    action: "Look at the text: most often it is storage. The same text again and again for one instance is a bug.",
  },
  OrchestrationNotAbandoned: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "The messages of a failed episode could not be given back; they come again when their time runs out.",
    action: "storage",
  },
  OrchestrationLockLost: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning: "Another worker has taken an instance over, or may have; what was done here is not stored twice.",
    action:
      "Nothing, if it is rare. Else a worker is starved of CPU or its storage is slow: give it less to do at a time.",
  },
  OrchestrationLockNotRenewed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "The hold on an instance could not be prolonged; it is tried again.",
    action: "storage",
  },
  OrchestrationNotWoken: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "An orchestration that must be failed for misuse could not be woken; it is failed with its next message.",
    action: "storage",
  },
  HistoryUnreadable: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "The history of an instance cannot be read, and the instance is failed.",
    action: "Find out who changed the hub's tables or blobs. Purge the instance and start it again.",
  },
  EntityNotRegistered: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning:
      "Operations wait for an entity whose name this worker does not have; they are left to others, and tried again.",
    action:
      "Register the entity in the app, or start the app that has it. If nobody has it any more, purge the entity.",
  },
  EntitySignalFailed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning: "A signalled operation of an entity has failed, and nobody waits for its result. Its changes are undone.",
    action: "Look at the app's code or the signal's input.",
  },
  InstanceIdInUse: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning:
      "A sub-orchestration was not started because its id belongs to another instance; its caller gets an error.",
    action: "Let the parent choose ids that are free, or none.",
  },
  MessageDiscarded: {
    area: "Durable",
    level: "info",
    fields: ["instanceId", "messageId", "deliveryCount"],
    meaning: "A message has no effect: it is a repeat, or its instance has ended.",
    action: "nothing",
  },
  ActivityFetchFailed: {
    area: "Durable",
    level: "error",
    fields: [],
    meaning: "The next activity could not be fetched; it is tried again with growing pauses.",
    action: "storage",
  },
  ActivityFailed: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    optionalFields: ["attempt"],
    meaning:
      "An activity has failed, and its orchestration receives the failure; the text has the failure and its causes.",
    action: "Look at the activity's code or at what it calls.",
  },
  ActivityHandedBack: {
    area: "Durable",
    level: "info",
    fields: ["instanceId", "messageId"],
    meaning: "The host stops, so an activity was given back and runs again elsewhere.",
    action: "nothing",
  },
  ActivityLockLost: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId", "messageId"],
    meaning: "Another worker has received an activity that runs here; it may run twice.",
    action:
      "Nothing, if it is rare. Else a worker is starved of CPU or its storage is slow: give it less to do at a time.",
  },
  ActivityLockNotRenewed: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId", "messageId"],
    meaning: "The hold on an activity could not be prolonged; it is tried again.",
    action: "storage",
  },
  ActivityWorkItemFailed: {
    area: "Durable",
    level: "error",
    fields: ["instanceId", "messageId"],
    meaning: "An activity could not be run, or its answer not be sent; it runs again, with growing pauses.",
    action: "Look at the text: most often it is storage. The same text again and again for one message is a bug.",
  },
  ActivityNotAbandoned: {
    area: "Durable",
    level: "error",
    fields: ["instanceId", "messageId"],
    meaning: "An activity could not be given back; it comes again when its time runs out.",
    action: "storage",
  },
  TaskHubBeingDeleted: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning: "A task hub of this name is being deleted, which takes storage most of a minute; its creation waits.",
    action: "Nothing, if the hub was deleted on purpose. Else find out who deletes it.",
  },
  PartitionClaimed: {
    area: "Durable",
    level: "info",
    fields: ["queue"],
    meaning: "This worker has taken a partition and runs its instances from now on.",
    action: "nothing",
  },
  PartitionPassFailed: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning: "The leases of partitions could not be looked at or renewed; it is tried again in seconds.",
    action: "Look at the storage account. After 30 s the partitions belong to nobody and their instances rest.",
  },
  QueueReceiveFailed: {
    area: "Durable",
    level: "warn",
    fields: ["queue"],
    meaning: "Messages could not be received; it is tried again with growing pauses.",
    action: "storage",
  },
  RepeatedSendDiscarded: {
    area: "Durable",
    level: "debug",
    fields: ["queue", "messageId", "deliveryCount"],
    meaning:
      "A message was in a queue twice, because storage did not answer when it was sent; the second is discarded.",
    action: "nothing",
  },
  MessageUnreadable: {
    area: "Durable",
    level: "warn",
    fields: ["queue", "messageId", "deliveryCount", "reason"],
    meaning: "A message cannot be read. It is tried a few times more, as its blob may be on its way.",
    action: "nothing",
  },
  MessageQuarantined: {
    area: "Durable",
    level: "error",
    fields: ["queue", "messageId", "deliveryCount", "reason"],
    meaning:
      "A message that could not be read was moved to the blob `quarantine/<queue>/<message>` of the hub's container.",
    action: "Look at the blob: it shows who wrote it and which instance waits for it.",
  },
  MessageCheckFailed: {
    area: "Durable",
    level: "warn",
    fields: ["queue"],
    meaning: "Whether a message is due, or its start still stands, could not be found out; the message comes again.",
    action: "storage",
  },
  MessageSettleFailed: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning: "A message that is done with could not be deleted or given back; it comes again and is recognised.",
    action: "storage",
  },
  DuplicateStartDiscarded: {
    area: "Durable",
    level: "info",
    fields: ["queue", "instanceId", "messageId", "deliveryCount"],
    meaning: "A start was dropped: another one of the same id has won, or it has run already.",
    action: "nothing",
  },
  StartDeferred: {
    area: "Durable",
    level: "debug",
    fields: ["queue", "instanceId", "messageId", "deliveryCount"],
    meaning: "A start waits for the row that its client is about to write.",
    action: "nothing",
  },
  MessagesNotSent: {
    area: "Durable",
    level: "error",
    fields: ["instanceId"],
    meaning:
      "What an entity has to say could not be sent. Its state is committed, and it is sent again within seconds.",
    action: "storage",
  },
  InstanceRowFailed: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning: "The status of an instance could not be written, so that queries show an older one until it is.",
    action: "storage",
  },
  BackendStopFailed: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning: "Not everything could be given back while stopping; leases and messages run out by themselves.",
    action: "nothing",
  },
  GrpcConnected: {
    area: "Durable",
    level: "info",
    fields: [],
    meaning: "A worker is connected to the gRPC server of its task hub, and takes work.",
    action: "nothing",
  },
  GrpcConnectionLost: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning:
      "A worker has no connection to the gRPC server of its task hub; it tries for ever, and what runs goes on. Said once for each reason.",
    action: "Nothing, if it is connected again soon. Else look at the text: the address, the network, the credential.",
  },
  WorkItemNotCompleted: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning:
      "The gRPC server did not take what a worker has done: somebody else had the work by then, or it could not be reached for a minute.",
    action:
      "Nothing, if it is rare: the work runs again. Else the network or the worker is too slow for the server's limits.",
  },
  WorkItemAbandoned: {
    area: "Durable",
    level: "warn",
    fields: [],
    optionalFields: ["instanceId"],
    meaning:
      "A worker could not run what the gRPC server sent, and gave it back: it cannot be read, is of a version that is not run here, or the worker stops.",
    action: "Look at the text. The same text again and again for one instance means that no worker has its code.",
  },
  GrpcConnectionRestored: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning: "A worker that had lost its gRPC server has it again, and takes work.",
    action: "Nothing.",
  },
  WorkItemUnknown: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning:
      "A gRPC server has sent work of a kind that this worker does not know. It was left alone, and stays with the server.",
    action: "Update this package: the server is newer.",
  },
  ManagementRequestFailed: {
    area: "Durable",
    level: "error",
    fields: ["method", "path"],
    meaning: "A request to the management API was answered with 500 or 503; the text has what its sender is not shown.",
    action: "Look at the text: most often it is storage.",
  },

  WorkerConnected: {
    area: "Durable",
    level: "info",
    fields: [],
    meaning: "A worker has connected over gRPC and takes work.",
    action: "nothing",
  },
  WorkerDisconnected: {
    area: "Durable",
    level: "info",
    fields: [],
    meaning: "The stream of a worker has ended; what it had not answered is sent to others, or to it when it is back.",
    action: "nothing",
  },
  WorkItemRedispatched: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning: "A worker has not done the work that it was sent over gRPC, and it is sent again; the text says why.",
    action: "Nothing, if a worker has just stopped. Else look at the log of the workers.",
  },
  SidecarCallFailed: {
    area: "Durable",
    level: "error",
    fields: ["method"],
    meaning: "A gRPC call was answered with an error that its sender has not caused.",
    action: "Look at the text: most often it is storage.",
  },
  SidecarExposed: {
    area: "Durable",
    level: "warn",
    fields: ["address"],
    meaning: "The sidecar listens beyond this machine, and whoever reaches it can work on the task hub.",
    action: "Give it a token or listen on 127.0.0.1 (the default).",
  },

  LocalSettingUnusable: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning: "local.settings.json holds a value that is no text, or a reference that is not resolved on this machine.",
    action: "Mend the file.",
  },
  LocalSettingSkipped: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "local.settings.json and the environment disagree; the environment's value is taken.",
    action: "Remove one of the two.",
  },
  SettingIgnored: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "A setting has a value that means nothing, and the default is taken.",
    action: "Mend or remove the setting.",
  },
  HostExposed: {
    area: "Host",
    level: "warn",
    fields: ["address"],
    meaning:
      "The host listens beyond this machine, and whoever reaches it can call every function and start, end and purge instances: there are no keys.",
    action: "Listen on 127.0.0.1 (the default), or let nobody but a proxy that checks callers reach the port.",
  },
  FunctionInvalid: {
    area: "Host",
    level: "error",
    fields: ["functionName"],
    meaning: "A function cannot be served; the others are.",
    action: "Mend its name, trigger or route, as the text says.",
  },
  FunctionJsonIgnored: {
    area: "Host",
    level: "warn",
    fields: ["count"],
    meaning:
      "Folders with a function.json do not run, because the code of the app registers functions: the rule of Azure.",
    action: "Register those functions by code too, or remove the folders.",
  },
  TriggerNotServed: {
    area: "Host",
    level: "warn",
    fields: ["functionName", "triggerType"],
    meaning: "A function does not run here: the local host serves HTTP triggers only.",
    action: "Call it by hand (`POST /admin/functions/<name>`), or run the app in Azure.",
  },
  FunctionDefinedTwice: {
    area: "Host",
    level: "warn",
    fields: ["functionName"],
    meaning: "More than one DFApp defines an orchestration or activity of that name; the first one loaded serves.",
    action: "Rename one of them.",
  },
  HttpRequestFailed: {
    area: "Host",
    level: "error",
    fields: ["method", "path"],
    meaning: "A request could not be answered, by no fault of its function.",
    action: "Report it, with the text.",
  },
  HttpRequestUnmatched: {
    area: "Host",
    level: "debug",
    fields: ["method", "path"],
    meaning: "No function has such a route, and the answer is 404.",
    action: "nothing",
  },
  PromiseRejectionUnhandled: {
    area: "Host",
    level: "error",
    fields: [],
    meaning: "A promise of the app failed and nothing awaits it.",
    action: "Look for a missing 'await' or 'return' in the app's code.",
  },
  OrchestrationMisused: {
    area: "Host",
    level: "error",
    fields: [],
    meaning:
      "A callback of an orchestrator used its context after the episode; the instance is failed with the reason.",
    action: "Await durable tasks only, in the orchestrator itself.",
  },
  LocalStoreBusy: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning: "The storage process of an earlier host still saves its data, and the start waits for it.",
    action: "nothing",
  },
  HostingChosen: {
    area: "Host",
    level: "info",
    fields: [],
    meaning: "Where the orchestrations of a Functions app run: the text says where, why, and how to choose otherwise.",
    action: "nothing",
  },
  HostingFailed: {
    area: "Host",
    level: "error",
    fields: [],
    meaning: "The orchestrations of a Functions app cannot run, and its HTTP functions answer 500 with the text.",
    action: "Do what the text says, and start the app again.",
  },
  FunctionCallsCutOff: {
    area: "Host",
    level: "warn",
    fields: ["count"],
    meaning: "Function calls had not ended when the host stopped.",
    action: "Let functions end within five seconds of a stop, or leave long work to activities.",
  },
  EngineStarted: {
    area: "Host",
    level: "info",
    fields: [],
    meaning: "The engine of a Function App takes work.",
    action: "nothing",
  },
  EngineStartFailed: {
    area: "Host",
    level: "error",
    fields: ["attempt"],
    meaning: "The engine of a Function App could not be started for want of its storage; it is tried again.",
    action: "storage",
  },
  HeldMessagesReleased: {
    area: "Host",
    level: "info",
    fields: ["count"],
    meaning: "Messages that a killed process of this machine had received are delivered again at once.",
    action: "nothing",
  },
  ReceiptJournalUnusable: {
    area: "Host",
    level: "warn",
    fields: ["reason"],
    meaning: "The folder for temporary files cannot be used: after a crash, messages come again half a minute later.",
    action: "Let the app write to its folder for temporary files.",
  },
  WakeNotSent: {
    area: "Host",
    level: "warn",
    fields: ["queue"],
    meaning:
      "Wake messages of a Function App cannot be sent; said once. An app that is unloaded may wake with its heartbeat only.",
    action: "storage",
  },
  LinksNotSigned: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "There is no key to sign links to instances with, so those who follow them need a function key.",
    action: "Set DURABLE_LINK_KEY to a secret of 32 characters or more.",
  },
  ManagementExposed: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "The management API of a Function App asks for no key: whoever reaches the app may manage the whole hub.",
    action: "Let callers be checked in front of the app, or set the level to function.",
  },
  HostStopFailed: {
    area: "Host",
    level: "error",
    fields: [],
    meaning: "One step of stopping failed; the others were done.",
    action: "Report it, with the text.",
  },
} as const;

export type LogEventName = keyof typeof logEvents;

/** The catalogue's entry for a name that comes out of a sink. */
export function findLogEvent(name: string): LogEvent | undefined {
  return Object.hasOwn(logEvents, name) ? logEvents[name as LogEventName] : undefined;
}
