import type { Clock, LogSink } from "../../../core/ports.ts";

/** Keeps a worker's partitions: which control queues it may receive from. One for each way of keeping them. */
export interface PartitionManager {
  start(): void;
  /** Takes nothing more, and gives up what it has as soon as nothing is under way in it. */
  beginStop(): void;
  /** Gives everything up. Does not wait for work under way: its commits fail from now on. */
  stop(): Promise<void>;
  /** `true` while nobody else can have taken the partition, as far as the clock tells. */
  isOwned(queue: string): boolean;
}

/** What managers of all kinds need. */
export interface PartitionManagerOptions {
  readonly taskHub: string;
  /** The control queues of the hub. */
  readonly queues: readonly string[];
  readonly workerId: string;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly isDeadWorker: (workerId: string) => boolean;
  /** Work items of the partition are under way. */
  readonly isBusy: (queue: string) => boolean;
  /** The partition is ours: receive from its queue. Repeatable. */
  readonly listen: (queue: string) => void;
  /** The partition is not ours any more, or is about to be given up. Resolves once nothing is received. Repeatable. */
  readonly unlisten: (queue: string) => Promise<void>;
}

/** How long a partition that is wanted by another may have work under way. As with .NET. */
export const longestDrainMs: number = 60_000;
