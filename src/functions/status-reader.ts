import { DurableError } from "../core/errors.ts";
import { pickConditions } from "../core/instance-conditions.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { Clock } from "../core/ports.ts";
import { formatHistory, type HistoryEntry } from "../management/history-format.ts";
import type { GetStatusOptions } from "./durable-client-options.ts";
import { createStatus, type DurableOrchestrationStatus, readPayload } from "./durable-orchestration-status.ts";
import type { ClientConnection } from "./embedded-host.ts";
import type { InstanceListFilter, InstanceStatusPage, StatusFilter } from "./instance-filters.ts";

/** How long to wait, and how. */
export interface Wait {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** What a client reads of instances: their statuses, with what they hold as values. */
export class StatusReader {
  readonly #connection: ClientConnection;
  readonly #dataConverter: DataConverter;
  readonly #clock: Clock;

  constructor(connection: ClientConnection, dataConverter: DataConverter, clock: Clock) {
    this.#connection = connection;
    this.#dataConverter = dataConverter;
    this.#clock = clock;
  }

  /** @throws DurableError `InstanceNotFound` */
  async get(instanceId: string, options: GetStatusOptions): Promise<DurableOrchestrationStatus> {
    const status = await this.find(instanceId, options);
    if (status === undefined) throw new DurableError("InstanceNotFound", `there is no instance '${instanceId}'`);
    return status;
  }

  async find(instanceId: string, options: GetStatusOptions): Promise<DurableOrchestrationStatus | undefined> {
    const showInput = options.showInput ?? true;
    const state = await this.#connection.client.getInstance(instanceId, { fetchInput: showInput });
    if (state === undefined) return undefined;
    const history = options.showHistory ? await this.#readHistory(instanceId, options) : undefined;
    return createStatus(state, { showInput, history, dataConverter: this.#dataConverter });
  }

  /** All pages of what the filter lets through. @throws DurableError `InvalidOption` */
  async query(filter: StatusFilter): Promise<DurableOrchestrationStatus[]> {
    const found: DurableOrchestrationStatus[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await this.list({ ...filter, continuationToken });
      for (const status of page.instances) found.push(status);
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return found;
  }

  /** @throws DurableError `InvalidOption` */
  async list(filter: InstanceListFilter): Promise<InstanceStatusPage> {
    const { showInput, showOutput, pageSize, continuationToken } = filter;
    const page = await this.#connection.client.queryInstances({
      ...pickConditions(filter),
      pageSize,
      continuationToken,
      fetchInput: showInput,
      fetchOutput: showOutput,
    });
    const shown = { showInput: showInput ?? true, dataConverter: this.#dataConverter };
    return {
      instances: page.instances.map((state) => createStatus(state, shown)),
      continuationToken: page.continuationToken,
    };
  }

  /**
   * Waits until an instance has ended, however it did.
   *
   * @returns its status then, or the last one seen when the time is up
   * @throws DurableError `InstanceNotFound`, `Aborted`
   */
  async waitForEnd(instanceId: string, { timeoutMs, intervalMs, signal }: Wait): Promise<DurableOrchestrationStatus> {
    const deadline = this.#clock.now() + timeoutMs;
    for (;;) {
      const status = await this.get(instanceId, {});
      if (isTerminalStatus(status.runtimeStatus)) return status;
      if (signal?.aborted) throw new DurableError("Aborted", `the wait for '${instanceId}' was ended`);
      const leftMs = deadline - this.#clock.now();
      if (leftMs <= 0) return status;
      await this.#clock.sleep(Math.min(intervalMs, leftMs), signal);
    }
  }

  async #readHistory(instanceId: string, options: GetStatusOptions): Promise<HistoryEntry[]> {
    const events = (await this.#connection.client.getHistory(instanceId)) ?? [];
    return formatHistory(events, {
      showInput: options.showInput ?? true,
      showOutput: options.showHistoryOutput ?? false,
      readInput: (text) => readPayload(text, this.#dataConverter),
      readResult: (text) => readPayload(text, this.#dataConverter),
    });
  }
}
