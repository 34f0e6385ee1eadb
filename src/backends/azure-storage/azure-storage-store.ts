import { DurableError, isDurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import type {
  InstanceConditions,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../../core/orchestration-state.ts";
import type { Quarantine } from "../../core/quarantine.ts";
import type { OutgoingMessage } from "../../core/task-message.ts";
import type { LocalInstances } from "../../core/wait-for-instance.ts";
import type {
  FetchOptions,
  HistoryEdit,
  NewInstance,
  PurgeConditions,
  TaskHubStore,
  WorkerPresence,
} from "../../engine/backend.ts";
import { nextCreationStep } from "../../engine/creation-race.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { readCreation } from "./codec/instance-row.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import { clientOrigin, type SentMessage } from "./messaging/message-sender.ts";
import { purgeInstanceRows } from "./tracking/instance-purge.ts";

/** A row to replace may be updated by its execution meanwhile. */
const maxCreationAttempts = 5;

/** A client's side of the hub. Whoever only looks, or deletes, makes no hub: one that was deleted stays so. */
export class AzureStorageStore implements TaskHubStore {
  readonly taskHub: string;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.taskHub = options.names.taskHub;
    this.#options = options;
    this.#parts = parts;
  }

  get quarantine(): Quarantine {
    return this.#parts.quarantine;
  }

  get local(): LocalInstances {
    const { instances, isServedHere } = this.#parts;
    return {
      isUnderWay: (instanceId) => isServedHere(instanceId) && instances.isKnownOpen(instanceId),
      waitForChange: (instanceId, ms, signal) => instances.changes.wait(instanceId, ms, signal),
    };
  }

  async createTaskHub(): Promise<void> {
    await this.#parts.resources.createWhenDeleted();
  }

  async deleteTaskHub(): Promise<void> {
    await this.#parts.resources.delete();
  }

  async createInstance(start: NewInstance): Promise<void> {
    const { resources, instances, sender } = this.#parts;
    await resources.createWhenDeleted();
    const { orchestrationInstance, scheduledStartTime } = start.event;
    const { instanceId } = orchestrationInstance;
    // The row to replace must be the one that the caller decided on, and its ETag was not part of what they saw.
    let row = start.replaces && (await instances.readRow(instanceId));
    nextCreationStep(start, row && readCreation(row));
    const message = { event: start.event, target: orchestrationInstance };
    const outgoing = { message, deliverAt: scheduledStartTime };
    const sent = await sender.send(outgoing, clientOrigin, { isHandedOver: true });
    if (sent.local !== undefined && start.replaces === undefined) sent.local.message.isFirstOfInstance = true;
    try {
      // Whoever loses has sent a start without a row, which the receivers discard.
      for (let attempt = 0; attempt < maxCreationAttempts; attempt++) {
        if (await instances.writePending(start.event, row, sent.blobName)) return sender.handOver([sent]);
        row = await instances.readRow(instanceId);
        if (nextCreationStep(start, row && readCreation(row)) === "written") return sender.handOver([sent]);
      }
      throw new DurableError("StorageUnavailable", `the row of '${instanceId}' changes all the time; start it again`);
    } catch (error) {
      if (sent.local !== undefined) await this.#takeBack(sent, error);
      throw error;
    }
  }

  /** A start that nobody has seen. An outage may have written its row: then it comes out of the queue in time. */
  async #takeBack(sent: SentMessage, error: unknown): Promise<void> {
    const { sender } = this.#parts;
    if (isDurableError(error, "InstanceAlreadyExists")) await sender.takeBack([sent]);
    else sent.local?.place.release();
  }

  async sendMessage(outgoing: OutgoingMessage): Promise<void> {
    await this.#parts.resources.create();
    const { sender } = this.#parts;
    sender.handOver([await sender.send(outgoing, clientOrigin, { isHandedOver: true })]);
  }

  async readWorkers(): Promise<readonly WorkerPresence[] | undefined> {
    return await this.#parts.resources.readWorkers();
  }

  async getInstance(instanceId: string, options: FetchOptions = {}): Promise<OrchestrationState | undefined> {
    return await this.#parts.instances.read(instanceId, options);
  }

  async queryInstances(query: InstanceQuery): Promise<InstancePage> {
    return await this.#parts.instances.query(query);
  }

  async countInstances(conditions: InstanceConditions): Promise<number> {
    return await this.#parts.instances.count(conditions);
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    const { events } = await this.#parts.history.load(instanceId);
    return events.length === 0 ? undefined : events;
  }

  async terminatePending(instanceId: string, executionId: string, reason: string | undefined, at: Date): Promise<void> {
    const { instances } = this.#parts;
    for (let attempt = 0; attempt < 3; attempt++) {
      const row = await instances.readRow(instanceId);
      const isPending = row?.columns.get("RuntimeStatus")?.value === "Pending";
      if (row === undefined || !isPending || row.columns.get("ExecutionId")?.value !== executionId) return;
      if (await instances.markTerminated(row, reason, at)) return;
    }
  }

  async editHistory(
    instanceId: string,
    decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>,
  ): Promise<void> {
    await this.#parts.history.edit(instanceId, decide);
  }

  async markPending(ended: OrchestrationState): Promise<void> {
    await this.#parts.instances.markPending(ended);
  }

  async purgeInstance(instanceId: string, { onlyEnded = false }: PurgeConditions = {}): Promise<boolean> {
    return await purgeInstanceRows(instanceId, onlyEnded, {
      ...this.#parts,
      historyTable: this.#options.names.historyTable,
    });
  }
}
