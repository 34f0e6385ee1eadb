import { DurableError } from "../../core/errors.ts";
import { isTaskHubName, isTrackingPrefix, taskHubNameRule, trackingPrefixRule } from "../../core/task-hub-name.ts";

/** Names of everything a task hub keeps in its storage account. */
export interface HubNames {
  readonly taskHub: string;
  /** By partition. */
  readonly controlQueues: readonly string[];
  readonly workItemQueue: string;
  /** What goes with the hub, however many partitions it was made with, and with whatever hosts have put beside it. */
  readonly deletedQueues: readonly string[];
  readonly historyTable: string;
  readonly instancesTable: string;
  readonly partitionsTable: string;
  readonly largeMessagesContainer: string;
  /** `taskhub.json`, and the leases of partitions where they are kept on blobs. */
  readonly leasesContainer: string;
  /** The lease on it says which app works on the hub. */
  readonly appLeaseContainer: string;
  readonly appLeaseInfoBlob: string;
}

/** Of a hub. */
export const maxPartitions = 16;

/**
 * @param trackingPrefix of a tracking store: what its tables of history and instances are called by
 * @throws DurableError `InvalidOption`
 */
export function hubNames(taskHub: string, partitionCount: number, trackingPrefix: string = taskHub): HubNames {
  if (!isTaskHubName(taskHub)) {
    throw new DurableError("InvalidOption", `taskHub must be ${taskHubNameRule}, but got ${JSON.stringify(taskHub)}`);
  }
  if (!Number.isInteger(partitionCount) || partitionCount < 1 || partitionCount > maxPartitions) {
    throw new DurableError("InvalidOption", `partitionCount must be 1 to ${maxPartitions}, but got ${partitionCount}`);
  }
  if (!isTrackingPrefix(trackingPrefix)) {
    const text = JSON.stringify(trackingPrefix);
    throw new DurableError(
      "InvalidOption",
      `the namePrefix of trackingStore must be ${trackingPrefixRule}, but got ${text}`,
    );
  }
  const lower = taskHub.toLowerCase();
  return {
    taskHub,
    controlQueues: Array.from({ length: partitionCount }, (_, index) => controlQueueName(lower, index)),
    workItemQueue: `${lower}-workitems`,
    historyTable: `${trackingPrefix}History`,
    instancesTable: `${trackingPrefix}Instances`,
    deletedQueues: [
      ...Array.from({ length: maxPartitions }, (_, index) => controlQueueName(lower, index)),
      `${lower}-workitems`,
      `${lower}-wake`,
    ],
    partitionsTable: `${taskHub}Partitions`,
    largeMessagesContainer: `${lower}-largemessages`,
    leasesContainer: `${lower}-leases`,
    appLeaseContainer: `${lower}-applease`,
    appLeaseInfoBlob: `${lower}-appleaseinfo`,
  };
}

/** The number of a partition, from 0, or `undefined` for a name that is none of the hub's. */
export function partitionNumber({ taskHub }: Pick<HubNames, "taskHub">, queue: string): number | undefined {
  const prefix = `${taskHub.toLowerCase()}-control-`;
  const digits = queue.startsWith(prefix) ? queue.slice(prefix.length) : "";
  return /^\d\d$/.test(digits) && Number(digits) < maxPartitions ? Number(digits) : undefined;
}

/** @param hub in lower case */
export function controlQueueName(hub: string, partition: number): string {
  return `${hub}-control-${String(partition).padStart(2, "0")}`;
}
