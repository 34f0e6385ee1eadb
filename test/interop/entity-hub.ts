import { TableClient } from "@azure/data-tables";
import { expect, vi } from "vitest";
import { partitionOf } from "../../src/backends/azure-storage/partitions/partition-hash.ts";
import { readHub, type StoredRow } from "../support/hub-snapshot.ts";
import type { DotnetProgram } from "./dotnet-program.ts";
import type { Mark } from "./entity-app.ts";
import { type EntityHub, type EntitySide, OurEntitySide, TheirEntitySide } from "./entity-sides.ts";

const partitions = 4;
let hubs = 0;

/** A new task hub, and both who use it. Neither runs a worker yet. */
export function openSharedHub(dotnet: DotnetProgram, connectionString: string): SharedHub {
  return new SharedHub(dotnet, { connectionString, taskHub: `Entities${++hubs}x${process.pid}`, partitions });
}

export class SharedHub {
  readonly ours: OurEntitySide;
  readonly theirs: TheirEntitySide;
  readonly #hub: EntityHub;
  #ids = 0;

  constructor(dotnet: DotnetProgram, hub: EntityHub) {
    this.#hub = hub;
    this.ours = new OurEntitySide(hub);
    this.theirs = new TheirEntitySide(dotnet, hub);
  }

  other(side: EntitySide): EntitySide {
    return side === this.ours ? this.theirs : this.ours;
  }

  readonly read = () => readHub(this.#hub);

  /** Which worker serves each partition; those that are on their way have none. */
  async owners(): Promise<readonly (string | undefined)[]> {
    const { connectionString, taskHub } = this.#hub;
    const table = TableClient.fromConnectionString(connectionString, `${taskHub}Partitions`, {
      allowInsecureConnection: true,
    });
    const owners: (string | undefined)[] = new Array(partitions);
    for await (const { rowKey, CurrentOwner, IsDraining } of table.listEntities<StoredRow>()) {
      const isOwned = typeof CurrentOwner === "string" && CurrentOwner !== "" && IsDraining !== true;
      owners[Number(rowKey!.slice(-2))] = isOwned ? CurrentOwner : undefined;
    }
    return owners;
  }

  /** Ours takes all partitions; .NET asks for its share, and ours gives it away. */
  async startBoth(): Promise<void> {
    await this.ours.startWorker();
    await this.#untilServed([this.ours, this.ours]);
    await this.theirs.startWorker();
    await this.untilShared();
  }

  /** Each worker serves its half of the partitions. */
  async untilShared(): Promise<void> {
    await this.#untilServed([this.ours, this.theirs]);
  }

  /** By two workers, each half of the partitions. */
  async #untilServed(sides: readonly EntitySide[]): Promise<void> {
    const expected = sides.flatMap(({ worker }) => new Array<string>(partitions / 2).fill(worker)).sort();
    await vi.waitFor(async () => expect([...(await this.owners())].map(String).sort()).toEqual(expected), {
      timeout: 60_000,
      interval: 100,
    });
  }

  /** From entering to leaving, in time. @throws when one begins before the one before it has ended */
  async sections(instanceIds: readonly string[]) {
    const marks = [...(await this.ours.marks()), ...(await this.theirs.marks())];
    const momentOf = (instanceId: string, what: Mark["what"]) => {
      const moments = marks.filter((mark) => mark.instanceId === instanceId && mark.what === what);
      expect(moments).toHaveLength(1);
      return moments[0]!.at;
    };
    const sections = instanceIds
      .map((id) => ({ id, enter: momentOf(id, "enter"), leave: momentOf(id, "leave") }))
      .sort((a, b) => a.enter - b.enter);
    for (const [index, { enter }] of sections.entries()) {
      if (index > 0) expect(enter).toBeGreaterThanOrEqual(sections[index - 1]!.leave);
    }
    return sections;
  }

  async stopBoth(): Promise<void> {
    await this.theirs.stopWorker();
    await this.ours.stopWorker();
  }

  /** A new id that a worker serves now. */
  async idAt(side: EntitySide, prefix: string): Promise<string> {
    const owners = await this.owners();
    for (;;) {
      const id = `${prefix}${++this.#ids}`;
      if (owners[partitionOf(id, partitions)] === side.worker) return id;
    }
  }

  /** A new key of an entity that a worker serves now. */
  async keyAt(side: EntitySide, entity: string): Promise<string> {
    const prefix = `@${entity}@`;
    return (await this.idAt(side, prefix)).slice(prefix.length);
  }
}

/** What has become of an instance. */
export async function ended(side: EntitySide, instanceId: string) {
  await expect
    .poll(async () => (await side.status(instanceId))?.status, { message: `the end of ${instanceId}` })
    .toMatch(/^(?:Completed|Failed|Terminated)$/);
  return await side.status(instanceId);
}

/** The entity's state, once it is that. */
export async function expectState(side: EntitySide, entity: string, state: unknown): Promise<void> {
  await expect.poll(async () => (await side.readEntity(entity))?.state, { message: entity }).toEqual(state);
}

export type RowShape = Readonly<Record<string, unknown>>;

/** Columns with their types; values where they are the same for the same entity. */
export function shapeOf(row: StoredRow): RowShape {
  const { etag: _, timestamp: __, ...columns } = row;
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => {
      const isOfRun = value instanceof Date || /ExecutionId|OrchestrationInstance|TaskHubName/.test(name);
      return [name, isOfRun ? (value as object).constructor.name : value];
    }),
  );
}

/** Not the columns of ours in the sentinel row, which the library keeps and ignores. */
export function withoutOwnColumns(shape: RowShape): RowShape {
  const { AcceptedMessageIds: _, EventCount: __, EventCountOf: ___, ...common } = shape;
  return common;
}
