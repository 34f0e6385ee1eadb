import { TableClient } from "@azure/data-tables";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import type { PartitionManagement } from "../../src/core/partition-management.ts";
import type { StoredRow } from "../support/hub-snapshot.ts";

const folders = { safe: "ownership", legacy: "default" } as const;

/** Reads who has the partitions of a hub, as storage shows it. */
export class PartitionOwners {
  readonly #table: TableClient;
  readonly #leases: ContainerClient;
  readonly #appLease: ContainerClient;
  readonly #management: PartitionManagement;

  constructor(connectionString: string, taskHub: string, management: PartitionManagement) {
    const options = { allowInsecureConnection: true };
    this.#table = TableClient.fromConnectionString(connectionString, `${taskHub}Partitions`, options);
    const service = BlobServiceClient.fromConnectionString(connectionString);
    this.#leases = service.getContainerClient(`${taskHub.toLowerCase()}-leases`);
    this.#appLease = service.getContainerClient(`${taskHub.toLowerCase()}-applease`);
    this.#management = management;
  }

  /** By partition; those that are on their way have none. */
  async read(): Promise<readonly (string | undefined)[]> {
    return this.#management === "table" ? await this.#readTable() : await this.#readBlobs(folders[this.#management]);
  }

  /** How many partitions each of the workers has. */
  async shares(...workers: readonly string[]): Promise<readonly number[]> {
    const owners = await this.read();
    return workers.map((worker) => owners.filter((owner) => owner === worker).length);
  }

  async #readTable(): Promise<readonly (string | undefined)[]> {
    const owners: (string | undefined)[] = [];
    for await (const { rowKey, CurrentOwner, IsDraining } of this.#table.listEntities<StoredRow>()) {
      owners[Number(rowKey!.slice(-2))] = IsDraining === true ? undefined : (CurrentOwner as string | undefined);
    }
    return owners;
  }

  async #readBlobs(folder: string): Promise<readonly (string | undefined)[]> {
    const owners: (string | undefined)[] = [];
    for await (const { name, properties } of this.#leases.listBlobsFlat({ prefix: `${folder}/` })) {
      const { Owner } = JSON.parse(await readText(this.#leases, name)) as { readonly Owner: string | null };
      owners[Number(name.slice(-2))] = properties.leaseState === "leased" ? (Owner ?? undefined) : undefined;
    }
    return owners;
  }

  /** The blob beside the app lease, and whether the lease is held. */
  async appLease(): Promise<{ readonly info: string; readonly isHeld: boolean }> {
    const { leaseState } = await this.#appLease.getProperties();
    const info = await readText(this.#appLease, `${this.#appLease.containerName}info`);
    return { info, isHeld: leaseState === "leased" };
  }
}

async function readText(container: ContainerClient, blob: string): Promise<string> {
  return (await container.getBlobClient(blob).downloadToBuffer()).toString("utf8");
}
