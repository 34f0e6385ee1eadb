import { DurableError, isDurableError } from "../core/errors.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus, isTextOutput } from "../core/orchestration-status.ts";
import { type DataConverter, jsonDataConverter } from "../core/payloads/data-converter.ts";
import type { Clock } from "../core/ports.ts";
import type { HistoryEntry } from "../management/history-format.ts";
import type { GetStatusOptions } from "./durable-client-options.ts";
import type { DurableOrchestrationStatus } from "./durable-orchestration-status.ts";
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
    return this.show(state, showInput, history);
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
    const { conditionsOf } = await import("../client/instance-filter.ts");
    const { showInput, showOutput, pageSize, continuationToken } = filter;
    const page = await this.#connection.client.queryInstances({
      ...conditionsOf(filter),
      pageSize,
      continuationToken,
      fetchInput: showInput ?? "inline",
      fetchOutput: showOutput ?? "inline",
    });
    return {
      instances: page.instances.map((state) => this.show(state, showInput ?? true)),
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
    // Lazy: most apps never ask for it.
    const { formatHistory } = await import("../management/history-format.ts");
    const events = (await this.#connection.client.getHistory(instanceId)) ?? [];
    return formatHistory(events, {
      showInput: options.showInput ?? true,
      showOutput: options.showHistoryOutput ?? false,
      readInput: (text) => this.#readAny(text, `the history of '${instanceId}'`),
      readResult: (text) => this.#readAny(text, `the history of '${instanceId}'`),
    });
  }

  show(state: OrchestrationState, showInput: boolean, history?: readonly HistoryEntry[]): DurableOrchestrationStatus {
    const { instanceId, tags, parentInstanceId, notLoaded } = state;
    return {
      name: state.name,
      instanceId,
      runtimeStatus: state.runtimeStatus,
      createdTime: state.createdTime,
      lastUpdatedTime: state.lastUpdatedTime,
      input: showInput ? this.#read(state.input, `the input of instance '${instanceId}'`) : null,
      output: this.#readOutput(state),
      customStatus: this.#read(state.customStatus, `the custom status of instance '${instanceId}'`),
      ...(parentInstanceId !== undefined && { parentInstanceId }),
      ...(tags !== undefined && { tags }),
      ...(notLoaded !== undefined && { notLoaded }),
      ...(history && { history }),
    };
  }

  /** Why an instance has failed is a text that no converter has written. */
  #readOutput({ instanceId, runtimeStatus, output }: OrchestrationState): unknown {
    if (isTextOutput(runtimeStatus)) return output ?? null;
    const what = `the output of instance '${instanceId}'`;
    return runtimeStatus === "Completed" ? this.#read(output, what) : this.#readAny(output, what);
  }

  /** What the app's converter has written, and no other. @throws DurableError `InvalidPayload` */
  #read(text: string | undefined, what: string): unknown {
    // With plain JSON there is nothing to hide: a text that is none is shown as it stands.
    if (this.#dataConverter === jsonDataConverter) return this.#readAny(text, what);
    return text === undefined ? null : text === "" ? "" : this.#dataConverter.deserialize(text, what);
  }

  /** Stored text as a value: itself when the converter cannot read it (a reason, a failure), `null` when absent. */
  #readAny(text: string | undefined, what: string): unknown {
    if (text === undefined) return null;
    if (text === "") return "";
    try {
      return this.#dataConverter.deserialize(text, what);
    } catch (error) {
      if (isDurableError(error, "InvalidPayload")) return text;
      throw error;
    }
  }
}
