/**
 * How the workers of a hub keep their partitions: in its table (`table`), or with leases on blobs (`safe`, `legacy`). They
 * exclude only their own kind, so that all workers of a hub must do it in one way.
 */
export type PartitionManagement = "table" | "safe" | "legacy";

export const partitionManagements: readonly PartitionManagement[] = ["table", "safe", "legacy"];

/** How .NET's settings say it: both `false` is the safe way. */
export function managementOfSettings(
  useTablePartitionManagement: boolean | undefined,
  useLegacyPartitionManagement: boolean | undefined,
): PartitionManagement | undefined {
  if (useTablePartitionManagement === undefined && useLegacyPartitionManagement === undefined) return undefined;
  if (useLegacyPartitionManagement === true) return "legacy";
  return useTablePartitionManagement === false ? "safe" : "table";
}
