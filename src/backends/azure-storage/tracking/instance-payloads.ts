import { isDurableError } from "../../../core/errors.ts";
import type { Random } from "../../../core/ports.ts";
import type { StoredPayload } from "../codec/instance-row.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { readLargeMessage } from "../codec/large-message.ts";
import { readString, type TableRow } from "../storage/table-row.ts";
import { historyBlobName, maxColumnUnits } from "./history-offload.ts";
import type { LargePayloads } from "./large-payloads.ts";

type PayloadColumn = "Input" | "Output";
/** .NET moves long tags too, and leaves an empty column with the name of the blob beside it. */
export type StoredColumn = PayloadColumn | "Tags";

/**
 * Inputs and outputs of instances, as their rows refer to them.
 *
 * A text that is too large lies in a blob of the hub's container. The row names it by its path there, in `InputBlobName`
 * or `OutputBlobName`; that counts. `Input` or `Output` hold the URL of the blob, because that is where .NET looks; of a
 * URL only the path counts, and only inside the hub's container and the instance's own folder: the same account may be
 * reached under other hosts and ports.
 */
export class InstancePayloads {
  readonly #payloads: LargePayloads;
  readonly #random: Random;

  constructor(payloads: LargePayloads, random: Random) {
    this.#payloads = payloads;
    this.#random = random;
  }

  /** @param blobs that hold such texts already */
  async store(
    partitionKey: string,
    column: PayloadColumn,
    text: string | undefined,
    blobs: ReadonlyMap<string, string>,
  ): Promise<StoredPayload | undefined> {
    if (text === undefined) return undefined;
    if (text.length <= maxColumnUnits) return { text, blobName: this.#payloads.isUrl(text) ? "" : undefined };
    const known = blobs.get(text);
    if (known !== undefined) return this.refer(known);
    const blobName = historyBlobName(partitionKey, "", column, column, this.#random);
    await this.#payloads.put(blobName, text);
    return this.refer(blobName);
  }

  /** What a row holds of a text that is in a blob. */
  refer(blobName: string): StoredPayload {
    return { text: this.#payloads.urlOf(blobName), blobName };
  }

  /** The text of a column; what stands there when its blob is gone, so that a status query survives that. */
  async restore(instanceId: string, row: TableRow, column: StoredColumn): Promise<string | undefined> {
    const stored = readString(row, column);
    const blob = this.#blobOf(instanceId, stored, readString(row, `${column}BlobName`));
    if (blob === undefined) return stored;
    try {
      if (!blob.endsWith("ExecutionStarted.json.gz")) return await this.#payloads.get(blob);
      const content = await readLargeMessage(this.#payloads.read(blob), this.#payloads.mark);
      const event = content.kind === "message" ? content.data.message.event : undefined;
      return event?.type === "ExecutionStarted" ? event.input : undefined;
    } catch (error) {
      if (isDurableError(error, "CorruptData")) return stored;
      throw error;
    }
  }

  /** Whether the text of a column lies in a blob. */
  liesApart(instanceId: string, row: TableRow, column: StoredColumn): boolean {
    return this.#blobOf(instanceId, readString(row, column), readString(row, `${column}BlobName`)) !== undefined;
  }

  #blobOf(instanceId: string, stored: string | undefined, named: string | undefined): string | undefined {
    // Written by us, beside a text that only looks like a reference.
    if (named === "") return undefined;
    const linked = stored === undefined ? undefined : this.#payloads.blobOf(stored);
    // A name from before the column was written anew stands beside a text that is no link.
    const blob = named !== undefined && (!stored || linked === named) ? named : linked;
    const isOwn = [instanceId, escapeKey(instanceId)].some((folder) => blob?.startsWith(`${folder}/`));
    return isOwn ? blob : undefined;
  }
}
