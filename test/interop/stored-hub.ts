import { TableClient } from "@azure/data-tables";
import { escapeKey, unescapeKey } from "../../src/backends/azure-storage/codec/key-escaping.ts";
import { type HubLocation, readHub, type StoredRow } from "../support/hub-snapshot.ts";

const terminal = /^(?:Completed|Failed|Terminated|Canceled)$/;
/** A busy machine is slow, not wrong. */
const patienceMs = 400_000;
const intervalMs = 200;

export function hasEnded(row: StoredRow | undefined): boolean {
  return terminal.test(String(row?.["RuntimeStatus"]));
}

/** A task hub as it is stored, read without either implementation. */
export class StoredHub {
  readonly location: HubLocation;

  constructor(location: HubLocation) {
    this.location = location;
  }

  #table(name: string): TableClient {
    const { connectionString, taskHub } = this.location;
    return TableClient.fromConnectionString(connectionString, taskHub + name, { allowInsecureConnection: true });
  }

  /** `undefined` for one that is not there, nor is its table. */
  async row(instanceId: string): Promise<StoredRow | undefined> {
    try {
      return (await this.#table("Instances").getEntity(escapeKey(instanceId), "")) as StoredRow;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return undefined;
      throw error;
    }
  }

  /** Of all instances, by id. */
  async rows(): Promise<ReadonlyMap<string, StoredRow>> {
    const rows = new Map<string, StoredRow>();
    for await (const row of this.#table("Instances").listEntities<StoredRow>()) {
      rows.set(unescapeKey(row.partitionKey!), row as StoredRow);
    }
    return rows;
  }

  /** Rows of the instance's history in their order, the sentinel left out. */
  async history(instanceId: string): Promise<readonly StoredRow[]> {
    const key = escapeKey(instanceId).replaceAll("'", "''");
    const rows: StoredRow[] = [];
    try {
      const found = this.#table("History").listEntities({ queryOptions: { filter: `PartitionKey eq '${key}'` } });
      for await (const row of found) rows.push(row as StoredRow);
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    }
    return rows.filter(({ rowKey }) => rowKey !== "sentinel");
  }

  /** Waits until the row is so. @throws when it is not in time, with what it is */
  async until(
    instanceId: string,
    holds: (row: StoredRow | undefined) => boolean | Promise<boolean>,
  ): Promise<StoredRow | undefined> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const row = await this.row(instanceId);
      if (await holds(row)) return row;
      if (performance.now() > end) throw new Error(await this.#describe(instanceId, row));
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }

  async ended(instanceId: string): Promise<StoredRow> {
    const row = await this.until(instanceId, hasEnded);
    return row!;
  }

  async hasStatus(instanceId: string, status: string): Promise<StoredRow> {
    const row = await this.until(instanceId, (found) => found?.["RuntimeStatus"] === status);
    return row!;
  }

  /** Waits until so many events of a type stand in the history. */
  async hasEvents(instanceId: string, type: string, count: number = 1): Promise<void> {
    await this.until(instanceId, async () => {
      const history = await this.history(instanceId);
      return history.filter((row) => row["EventType"] === type).length >= count;
    });
  }

  async #describe(instanceId: string, row: StoredRow | undefined): Promise<string> {
    const events = (await this.history(instanceId)).map(({ EventType }) => EventType);
    const output = String(row?.["Output"]).slice(0, 300);
    return `${instanceId} stays ${row?.["RuntimeStatus"]}, output ${output}, history ${events.join(",").slice(0, 900)}`;
  }

  /** Which worker serves each partition; those that are on their way have none. */
  async owners(): Promise<readonly (string | undefined)[]> {
    const owners: (string | undefined)[] = [];
    for await (const { rowKey, CurrentOwner, IsDraining } of this.#table("Partitions").listEntities<StoredRow>()) {
      const isOwned = typeof CurrentOwner === "string" && CurrentOwner !== "" && IsDraining !== true;
      owners[Number(rowKey!.slice(-2))] = isOwned ? CurrentOwner : undefined;
    }
    return owners;
  }

  readonly read = () => readHub(this.location);
}
