import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { runOf } from "./codec/message-notes.ts";
import type { HubNames } from "./hub-names.ts";
import { HubResources } from "./hub-resources.ts";
import type { LocalDispatch } from "./messaging/local-dispatch.ts";
import { MessageQuarantine } from "./messaging/message-quarantine.ts";
import { MessageReader } from "./messaging/message-reader.ts";
import { MessageSender } from "./messaging/message-sender.ts";
import { createAzureTransport } from "./storage/azure-transport.ts";
import { RequestCounter, withRequestCount } from "./storage/request-counter.ts";
import { StorageClient } from "./storage/storage-client.ts";
import type { StorageRequest } from "./storage/storage-request.ts";
import { withAttemptTimeout } from "./storage/with-attempt-timeout.ts";
import { limiterOf, type RequestLane, withRequestLimit } from "./storage/with-request-limit.ts";
import { withRetry } from "./storage/with-retry.ts";
import { HistoryTable } from "./tracking/history-table.ts";
import { InstancesTable } from "./tracking/instances-table.ts";
import { LargePayloads } from "./tracking/large-payloads.ts";

/** What the worker's and the client's side of one task hub share. */
export interface TaskHubParts {
  readonly storage: StorageClient;
  readonly requests: RequestCounter;
  readonly resources: HubResources;
  readonly payloads: LargePayloads;
  readonly history: HistoryTable;
  readonly instances: InstancesTable;
  readonly reader: MessageReader;
  readonly quarantine: MessageQuarantine;
  readonly sender: MessageSender;
  /** Set by the worker's side, to look at a queue when this process has put something into it. */
  onSent: (queue: string, visibleAt: number) => void;
  /** Set by the worker's side, to be given what this process sends for itself. */
  dispatch: () => LocalDispatch | undefined;
  /** Set by the worker's side: whether it works on an instance. */
  isServedHere: (instanceId: string) => boolean;
}

const attemptTimeoutMs = 30_000;

function openStorage(options: ResolvedAzureStorageOptions, requests: RequestCounter): StorageClient {
  const { names, clock, random, connection, trackingConnection } = options;
  const counted = withRequestCount(
    options.decorateTransport(
      createAzureTransport(connection, {
        tracking: trackingConnection,
        client: options.storageClient,
        maxConnections: options.maxStorageOperationConcurrency,
      }),
    ),
    requests,
  );
  const attempts = withAttemptTimeout(counted, { clock, timeoutMs: attemptTimeoutMs });
  const limited = withRequestLimit(attempts, {
    limiter: limiterOf(
      `${connection.queueEndpoint} ${trackingConnection.tableEndpoint} ${trackingConnection.blobEndpoint}`,
    ),
    maxConcurrency: options.maxStorageOperationConcurrency,
    laneOf: (request) => laneOf(request, names),
  });
  return new StorageClient(withRetry(limited, { clock, random, giveUpAfterMs: options.storageTimeoutMs }));
}

function laneOf(request: StorageRequest, names: HubNames): RequestLane {
  if ("table" in request) return request.table === names.partitionsTable ? "lease" : "work";
  if ("container" in request && [names.leasesContainer, names.appLeaseContainer].includes(request.container))
    return "lease";
  return request.kind.startsWith("queue.") && request.kind !== "queue.send" ? "message" : "work";
}

export function createTaskHubParts(options: ResolvedAzureStorageOptions): TaskHubParts {
  const { names, clock, random, log, trackingConnection } = options;
  const requests = new RequestCounter();
  const storage = openStorage(options, requests);
  const payloads = new LargePayloads({
    storage,
    container: names.largeMessagesContainer,
    blobEndpoint: trackingConnection.blobEndpoint,
  });
  const { taskHub, historyTable, instancesTable } = names;
  const onSent = (queue: string, visibleAt: number) => parts.onSent(queue, visibleAt);
  const quarantine = new MessageQuarantine({ storage, payloads, names, clock, onSent });
  const reader = new MessageReader({
    storage,
    payloads,
    quarantine,
    names,
    clock,
    log,
    onSent,
    ownRun: runOf(`${options.workerId} ${random.guid()}`),
  });
  const parts: TaskHubParts = {
    storage,
    requests,
    resources: new HubResources({
      storage,
      names,
      clock,
      log,
      creationTimeoutMs: options.hubCreationTimeoutMs,
      partitionManagement: options.partitionManagement,
    }),
    payloads,
    history: new HistoryTable({
      storage,
      table: historyTable,
      payloads,
      clock,
      random,
      storeTaskInputs: options.storeTaskInputs,
    }),
    instances: new InstancesTable({ storage, table: instancesTable, taskHub, payloads, clock, random }),
    quarantine,
    reader,
    sender: new MessageSender({
      storage,
      payloads,
      names,
      clock,
      random,
      encoding: options.messageEncoding,
      onSent,
      local: options.localDispatch
        ? {
            reserve: (queue, message) => parts.dispatch()?.reserve(queue, message),
            visibilityTimeoutMs: options.visibilityTimeoutMs,
            reader,
          }
        : undefined,
    }),
    onSent: () => undefined,
    dispatch: () => undefined,
    isServedHere: () => false,
  };
  return parts;
}
