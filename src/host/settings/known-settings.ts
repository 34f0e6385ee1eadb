import { versionFailureStrategies, versionMatchStrategies } from "../../core/versioning.ts";
import type { KnownSetting } from "./known-setting.ts";

const minuteMs = 60_000;
const most = { integer: 2_147_483_647, timeSpanMs: 24 * 60 * minuteMs };

const sessionsAreKept = "sessions are always kept, and end when others need their room";
const isOfDotnet = "it is about the process of the .NET extension, which does not run here";

/**
 * All that `extensions.durableTask` of host.json may say: the only home of names, limits and defaults, which are those of
 * the official extension unless `meaning` says otherwise. The page on host.json is made of it.
 */
export const knownSettings: readonly KnownSetting[] = [
  {
    name: "hubName",
    rule: { type: "text", fallback: "the app setting `WEBSITE_SITE_NAME`, its letters and digits; else `TestHubName`" },
    meaning:
      "Name of the task hub: 3 to 45 letters and digits, the first a letter. `%NAME%` stands for an app setting. In a deployment slot it must be set.",
  },
  {
    name: "maxConcurrentActivityFunctions",
    rule: { type: "integer", least: 1, fallback: "10 for each processor; 10 on the Consumption plan" },
    meaning: "Most activities that run here at a time.",
  },
  {
    name: "maxConcurrentOrchestratorFunctions",
    rule: { type: "integer", least: 1, fallback: "10 for each processor; 5 on the Consumption plan" },
    meaning: "Most orchestrations that run here at a time.",
  },
  {
    name: "maxConcurrentEntityFunctions",
    rule: { type: "integer", least: 1, fallback: "10 for each processor; 10 on the Consumption plan" },
    meaning: "Most entities that run here at a time, beside the orchestrations.",
  },
  {
    name: "maxEntityOperationBatchSize",
    rule: { type: "integer", least: 1, fallback: "5000; 50 on the Consumption plan" },
    meaning: "Most operations of an entity between two checkpoints.",
  },
  {
    name: "storeInputsInOrchestrationHistory",
    rule: { type: "boolean", fallback: false },
    meaning: "Keep inputs of activities and sub-orchestrations in the history too.",
  },
  {
    name: "limits",
    rule: { type: "object", fallback: "see [limits](limits.md#instances)" },
    meaning:
      "What ends single instances before they end the process: `maxUnfinishedRuns`, `maxHistoryEvents`, `maxHistoryBytes`, `maxActionsPerEpisode`, `maxPayloadBytes`, `maxBlockedTime`, `unknownNames`, `unknownNameGrace`. The official extension does not know it.",
  },
  {
    name: "replayCheck",
    rule: { type: "boolean", fallback: false },
    meaning:
      "Replay each orchestration from its history beside its run, and fail it when its code decides otherwise there: for development, where `durable start` does so unless it is told `--no-replay-check` or `false` here. The official extension does not know it.",
  },
  {
    name: "retention",
    rule: { type: "object", fallback: "finished instances are kept" },
    meaning:
      'Deletes finished instances when they get old: `{ "olderThan": "30.00:00:00", "statuses": ["Completed"] }`. The official extension does not know it.',
  },
  {
    name: "defaultVersion",
    rule: { type: "text", fallback: "none" },
    meaning: "Version of new instances, of apps that do not say it themselves.",
  },
  {
    name: "versionMatchStrategy",
    rule: { type: "choice", choices: versionMatchStrategies, fallback: "currentOrOlder" },
    meaning: "Which versions of instances run here; means nothing without `defaultVersion`.",
  },
  {
    name: "versionFailureStrategy",
    rule: { type: "choice", choices: versionFailureStrategies, fallback: "reject" },
    meaning: "What becomes of instances of other versions.",
  },
  {
    name: "httpSettings.defaultAsyncRequestSleepTimeMilliseconds",
    rule: { type: "integer", least: 1, fallback: 30_000 },
    meaning: "Wait between two polls of a durable HTTP call when the other side does not say.",
  },
  {
    name: "httpSettings.useForwardedHost",
    rule: { type: "boolean", fallback: false },
    meaning:
      "Make links by the headers `Forwarded` or `X-Forwarded-Host` and `X-Forwarded-Proto`, which a proxy sets; as the option `trustForwardedHeaders` of an app does.",
  },
  {
    name: "httpSettings.allowedHosts",
    rule: { type: "list", fallback: "none besides localhost; on other addresses than loopback any" },
    meaning:
      "Host names, without ports, under which `/admin` and the management API are served: for `durable start` after `--allow-host` and the app setting `DURABLE_ALLOWED_HOSTS`. The official extension does not know it.",
  },
  {
    name: "httpSettings.allowedOrigins",
    rule: { type: "list", fallback: "none besides its own, and those of `--cors`" },
    meaning:
      "Origins of pages that may start and manage instances where callers need no key. To read the answers they need `--cors` too. The official extension does not know it.",
  },
  {
    name: "storageProvider.type",
    rule: { type: "choice", choices: ["AzureStorage"], fallback: "AzureStorage" },
    meaning: "Where the hub is kept: Azure Storage is the only one here.",
  },
  {
    name: "storageProvider.connectionName",
    rule: { type: "text", fallback: "AzureWebJobsStorage" },
    meaning:
      "App setting that names the storage account: by a connection string, or as the prefix of `<name>__accountName` and so on. `%NAME%` stands for an app setting.",
  },
  {
    name: "storageProvider.connectionStringName",
    rule: { type: "text", fallback: "none" },
    meaning: "The old name of `storageProvider.connectionName`, which goes before it.",
  },
  {
    name: "storageProvider.trackingStoreConnectionName",
    rule: { type: "text", fallback: "none: the account of the queues" },
    meaning:
      "App setting that names another account for tables and blobs: history, instances, partitions and large payloads.",
  },
  {
    name: "storageProvider.trackingStoreConnectionStringName",
    rule: { type: "text", fallback: "none" },
    meaning: "The old name of `storageProvider.trackingStoreConnectionName`, which goes before it.",
  },
  {
    name: "storageProvider.trackingStoreNamePrefix",
    rule: { type: "text", fallback: "DurableTask" },
    meaning:
      "What the tables of history and instances are called by in the other account, in place of the hub: 1 to 54 letters and digits, the first a letter. Hubs with the same account and prefix share these tables.",
  },
  {
    name: "storageProvider.partitionCount",
    rule: { type: "integer", least: 1, most: 16, fallback: 4 },
    meaning: "Control queues of the hub. Fixed when the hub is created.",
  },
  {
    name: "storageProvider.controlQueueBatchSize",
    rule: { type: "integer", least: 1, most: 32, fallback: 32 },
    meaning: "Most messages in one receive of a control queue.",
  },
  {
    name: "storageProvider.controlQueueBufferThreshold",
    rule: { type: "integer", least: 1, most: 1000, fallback: "256; 128 on the Consumption plan" },
    meaning: "With so many messages of orchestrations and waiting entities in memory, no more are received.",
  },
  {
    name: "storageProvider.controlQueueVisibilityTimeout",
    rule: {
      type: "timeSpan",
      leastMs: minuteMs,
      mostMs: 60 * minuteMs,
      fallback: "25 seconds, which is less than the extension's 5 minutes",
    },
    meaning:
      "How long a received message is hidden from others unless renewed, which it is. The shorter of the two timeouts counts for both kinds of queue.",
  },
  {
    name: "storageProvider.workItemQueueVisibilityTimeout",
    rule: {
      type: "timeSpan",
      leastMs: minuteMs,
      mostMs: 60 * minuteMs,
      fallback: "25 seconds, which is less than the extension's 5 minutes",
    },
    meaning: "As `controlQueueVisibilityTimeout`, for activities.",
  },
  {
    name: "storageProvider.maxQueuePollingInterval",
    rule: {
      type: "timeSpan",
      leastMs: 100,
      mostMs: 60 * minuteMs,
      fallback: "30 seconds; 1 second on Flex Consumption and on the local store",
    },
    meaning: "Longest pause between two polls of an empty queue.",
  },
  {
    name: "storageProvider.queueClientMessageEncoding",
    rule: { type: "choice", choices: ["Base64", "UTF8"], fallback: "Base64" },
    meaning:
      "How queue messages are written; both kinds are read. Extension 3.x writes UTF8, 2.x writes Base64 and reads nothing else.",
  },
  {
    name: "storageProvider.maxStorageOperationConcurrency",
    rule: { type: "integer", least: 8, most: 10_000, fallback: 128 },
    meaning: "Most storage requests under way at a time. A setting of this package.",
  },
  {
    name: "storageProvider.useTablePartitionManagement",
    rule: { type: "boolean", fallback: true },
    meaning:
      "Keep the leases of partitions in a table, as extension 3.x does; `false` keeps them in blobs. Where neither is said, as the hub is kept already.",
  },
  {
    name: "storageProvider.useLegacyPartitionManagement",
    rule: { type: "boolean", fallback: false },
    meaning: "Keep them in blobs as the first versions of the extension did. Not together with the table.",
  },
  {
    name: "useAppLease",
    rule: { type: "boolean", fallback: true },
    meaning: "Keep apps of other names off the hub: the second one waits.",
  },
  {
    name: "appLeaseOptions.leaseInterval",
    rule: { type: "timeSpan", leastMs: 15_000, mostMs: minuteMs, fallback: minuteMs },
    meaning: "How long the lease of the app is held without renewal.",
  },
  {
    name: "appLeaseOptions.renewInterval",
    rule: {
      type: "timeSpan",
      leastMs: 1000,
      mostMs: minuteMs,
      fallback: "half of `leaseInterval`; the extension's is 25 seconds",
    },
    meaning: "How often it is renewed.",
  },
  {
    name: "appLeaseOptions.acquireInterval",
    rule: { type: "timeSpan", leastMs: 1000, mostMs: 60 * minuteMs, fallback: 30_000 },
    meaning: "How often the lease of another app is tried for; the extension waits 5 minutes.",
  },
  {
    name: "storageProvider.partitionTableOperationTimeout",
    rule: { type: "timeSpan", leastMs: 1, mostMs: 60 * minuteMs, fallback: "2 seconds" },
    meaning: "Time limit of one look at the leases.",
    ignored: "each request has a time limit of its own, and no lease waits for another",
  },
  {
    name: "storageProvider.fetchLargeMessagesAutomatically",
    rule: { type: "boolean", fallback: true },
    meaning: "Read payloads that lie in blobs when a status is asked for.",
    ignored: "a status has its payloads whenever they are asked for, wherever they lie",
    harmless: [true],
  },
  {
    name: "storageProvider.allowReplayingTerminalInstances",
    rule: { type: "boolean", fallback: false },
    meaning: "Run an instance on although its row says that it has ended.",
    ignored: "an instance that has ended is not run",
    harmless: [false],
  },
  {
    name: "storageProvider.useInstanceTableEtag",
    rule: { type: "boolean", fallback: false },
    meaning: "Write the row of an instance only where nobody else has.",
    ignored: "rows are always written under a condition",
  },
  {
    name: "extendedSessionsEnabled",
    rule: { type: "boolean", fallback: false },
    meaning: "Keep the code of waiting orchestrations in memory.",
    ignored: sessionsAreKept,
  },
  {
    name: "extendedSessionIdleTimeoutInSeconds",
    rule: { type: "integer", least: 0, fallback: 30 },
    meaning: "For how long.",
    ignored: sessionsAreKept,
  },
  {
    name: "maxOrchestrationActions",
    rule: { type: "integer", least: 1, fallback: 100_000 },
    meaning: "Most actions of one replay.",
    ignored: "what an orchestration asks for is sent a few at a time, and is limited in no other way",
    harmless: [100_000],
  },
  {
    name: "overridableExistingInstanceStates",
    rule: { type: "choice", choices: ["NonRunningStates", "AnyState"], fallback: "NonRunningStates" },
    meaning: "Which instances a start under their id replaces.",
    ignored: "those that have ended are replaced, and no others",
    harmless: ["NonRunningStates"],
  },
  {
    name: "entityMessageReorderWindowInMinutes",
    rule: { type: "integer", least: 0, fallback: 30 },
    meaning: "For how long messages to entities are put into their order.",
    ignored: "it is always 30 minutes",
    harmless: [30],
  },
  {
    name: "useGracefulShutdown",
    rule: { type: "boolean", fallback: false },
    meaning: "Let functions end when the host stops.",
    ignored: "a stop is always graceful",
  },
  {
    name: "rollbackEntityOperationsOnExceptions",
    rule: { type: "boolean", fallback: true },
    meaning: "Undo what an operation of an entity did when it throws.",
    ignored: "it is always undone",
    harmless: [true],
  },
  {
    name: "throwStatusExceptionsOnRaiseEvent",
    rule: { type: "boolean", fallback: true },
    meaning: "Fail when an event is raised to an instance that is missing or has ended.",
    ignored: "it always fails",
    harmless: [true],
  },
  {
    name: "tracing",
    rule: { type: "any", fallback: "none" },
    meaning:
      "What the extension writes about its work: `traceInputsAndOutputs`, `traceReplayEvents`, `distributedTracingEnabled` and so on.",
    ignored: "the log has events of its own, never payloads, and its levels are those of `logging.logLevel`",
  },
  {
    name: "notifications",
    rule: { type: "any", fallback: "none" },
    meaning: "Event Grid topics that are told of the life of instances.",
    ignored: "nothing is published: write an activity that does",
    harmless: [],
  },
  {
    name: "localRpcEndpointEnabled",
    rule: { type: "boolean", fallback: true },
    meaning: "Open the gRPC port of the extension.",
    ignored: isOfDotnet,
  },
  {
    name: "maxGrpcMessageSizeInBytes",
    rule: { type: "integer", least: 1, most: most.integer, fallback: 4_194_304 },
    meaning: "Largest message on that port.",
    ignored: isOfDotnet,
  },
  {
    name: "grpcHttpClientTimeout",
    rule: { type: "timeSpan", leastMs: 1, mostMs: most.timeSpanMs, fallback: "100 seconds" },
    meaning: "Time limit of its calls.",
    ignored: isOfDotnet,
  },
  {
    name: "grpcListenerMode",
    rule: { type: "text", fallback: "Default" },
    meaning: "How that port is opened.",
    ignored: isOfDotnet,
  },
];
