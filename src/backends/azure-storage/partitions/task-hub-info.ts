/** What `taskhub.json` tells of a hub. */
export interface TaskHubInfo {
  readonly taskHub: string;
  readonly createdAt: Date;
  readonly partitionCount: number;
}

/** Name of the blob, in the container of the leases. */
export const taskHubInfoBlob: string = "taskhub.json";

/** As .NET writes it, member by member. */
export function writeTaskHubInfo({ taskHub, createdAt, partitionCount }: TaskHubInfo): Uint8Array {
  const info = { TaskHubName: taskHub, CreatedAt: createdAt.toISOString(), PartitionCount: partitionCount };
  return Buffer.from(JSON.stringify(info), "utf8");
}

/** The number of partitions that the text tells of, or `undefined` when it cannot be read. */
export function readPartitionCount(content: Uint8Array): number | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(content).toString("utf8")) as { readonly PartitionCount?: unknown } | null;
    const count = parsed?.PartitionCount;
    return typeof count === "number" && Number.isInteger(count) && count > 0 ? count : undefined;
  } catch {
    return undefined;
  }
}
