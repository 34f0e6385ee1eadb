/** One lease of a blob manager: a blob, with the storage's lease on it and who has that written into it. */
export interface LeaseBlob {
  readonly queue: string;
  readonly etag: string;
  /** The storage's lease has not run out. */
  readonly isLeased: boolean;
  readonly owner: string | undefined;
  /** The id of the storage's lease, for whoever takes it over. */
  readonly token: string | undefined;
  readonly epoch: number;
}

/** What a blob says; what cannot be read counts as absent. */
export type LeaseBlobContent = Pick<LeaseBlob, "owner" | "token" | "epoch">;

export function parseLeaseBlob(content: Uint8Array): LeaseBlobContent {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(content).toString("utf8"));
    const { Owner, Token, Epoch } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
    return {
      owner: typeof Owner === "string" && Owner.trim() !== "" ? Owner : undefined,
      token: typeof Token === "string" && Token !== "" ? Token : undefined,
      epoch: typeof Epoch === "number" && Number.isSafeInteger(Epoch) ? Epoch : 0,
    };
  } catch {
    return { owner: undefined, token: undefined, epoch: 0 };
  }
}

/** As .NET writes it, member by member. */
export function writeLeaseBlob(queue: string, { owner, token, epoch }: LeaseBlobContent): Uint8Array {
  const content = { PartitionId: queue, Owner: owner ?? null, Token: token ?? null, Epoch: epoch };
  return Buffer.from(JSON.stringify(content), "utf8");
}

/** The lease of a partition that nobody has had yet. */
export const freshLease: LeaseBlobContent = { owner: undefined, token: undefined, epoch: 0 };

/** Names of workers are compared as .NET compares them here. */
export function isOwnedBy({ owner }: Pick<LeaseBlob, "owner">, workerId: string): boolean {
  return owner?.toLowerCase() === workerId.toLowerCase();
}
