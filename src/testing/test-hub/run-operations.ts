import { OrchestrationState, resultOf } from "../../client/orchestration-state.ts";
import { assertEventName, unlessFinished } from "../../core/client-checks.ts";
import { DurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { OrchestrationClient, TerminateOptions } from "../../core/orchestration-client.ts";
import type { OrchestrationState as StoredState } from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import { validate } from "../../core/payloads/standard-schema.ts";
import { describeWaits, type InstanceWait } from "../../management/instance-waits.ts";
import type { ExternalEvent } from "../../orchestration/external-event.ts";
import type { TestLogLine, TestLogs } from "./test-logs.ts";

export interface RunOperationsOptions {
  readonly client: OrchestrationClient;
  readonly logs: TestLogs;
  /** Resolves once the hub takes work. */
  readonly begin: () => Promise<void>;
  /** Resolves when nothing more happens without time. */
  readonly rest: () => Promise<void>;
  readonly pass: (isDone: () => Promise<boolean>, wanted: string) => Promise<void>;
  readonly converterOf: (orchestration: string) => DataConverter;
}

/** What can be asked of one instance of a test hub. */
export class RunOperations {
  readonly #options: RunOperationsOptions;

  constructor(options: RunOperationsOptions) {
    this.#options = options;
  }

  /** Lets time pass. @throws TaskFailedError; DurableError `InstanceTerminated`, `InstanceNotFound`; Error */
  async result(id: string): Promise<unknown> {
    return resultOf(await this.ended(id));
  }

  /** Lets time pass. @throws DurableError `InstanceNotFound`; Error that says what everybody waits for */
  async ended(id: string): Promise<OrchestrationState<unknown>> {
    await this.#options.begin();
    let state = await this.#read(id);
    const hasEnded = async () => {
      state = await this.#read(id);
      return isTerminalStatus(state.runtimeStatus);
    };
    await this.#options.pass(hasEnded, `the instance '${id}' does not end`);
    return this.#show(state);
  }

  async status(id: string): Promise<OrchestrationState<unknown>> {
    await this.#options.rest();
    return this.#show(await this.#read(id));
  }

  async history(id: string): Promise<readonly HistoryEvent[]> {
    await this.#options.rest();
    await this.#read(id);
    return (await this.#options.client.getHistory(id)) ?? [];
  }

  async waits(id: string): Promise<readonly InstanceWait[]> {
    await this.#options.rest();
    return (await this.#readWaits(await this.#read(id))).waits;
  }

  /**
   * Whether it waits for something of that name.
   *
   * @throws Error when it has ended, so that it never will
   */
  async waitsFor(id: string, name: string): Promise<boolean> {
    const state = await this.#read(id);
    const { waits } = await this.#readWaits(state);
    if (waits.some((wait) => isWaitFor(wait, name))) return true;
    if (!isTerminalStatus(state.runtimeStatus)) return false;
    throw new Error(`the instance '${id}' has ended (${state.runtimeStatus}) and never waited for '${name}'`);
  }

  logs(id: string): readonly TestLogLine[] {
    return this.#options.logs.of(id);
  }

  async raiseEvent(id: string, event: string | ExternalEvent<unknown>, data: unknown): Promise<void> {
    const { client, converterOf } = this.#options;
    const {
      name,
      schema,
    }: Pick<ExternalEvent<unknown>, "name" | "schema"> = typeof event === "object" && event !== null
      ? event
      : { name: event, schema: undefined };
    assertEventName(name);
    const what = `the data of event '${name}'`;
    await validate(schema, data, what);
    const text = converterOf((await this.#read(id)).name).serialize(data, what);
    await unlessFinished(client.raiseEvent(id, name, text));
  }

  async terminate(id: string, reason: string | undefined, options: TerminateOptions | undefined): Promise<void> {
    await unlessFinished(this.#options.client.terminate(id, reason, options));
  }

  async suspend(id: string, reason: string | undefined): Promise<void> {
    await unlessFinished(this.#options.client.suspend(id, reason));
  }

  async resume(id: string, reason: string | undefined): Promise<void> {
    await unlessFinished(this.#options.client.resume(id, reason));
  }

  async rewind(id: string, reason: string | undefined): Promise<void> {
    await this.#options.client.rewind(id, reason);
  }

  /** @throws DurableError `InstanceNotFound` */
  async #read(id: string): Promise<StoredState> {
    const state = await this.#options.client.getInstance(id, { fetchFailure: true });
    if (state !== undefined) return state;
    throw new DurableError("InstanceNotFound", `there is no instance '${id}' on this hub`);
  }

  async #readWaits(state: StoredState): Promise<ReturnType<typeof describeWaits>> {
    return describeWaits(state, await this.#options.client.getHistory(state.instanceId));
  }

  #show(state: StoredState): OrchestrationState<unknown> {
    return new OrchestrationState(state, this.#options.converterOf(state.name));
  }
}

function isWaitFor(wait: InstanceWait, name: string): boolean {
  const wanted = name.toLowerCase();
  const isNamed = "name" in wait && wait.name?.toLowerCase() === wanted;
  if (isNamed || wait.kind === wanted) return true;
  const entities = wait.kind === "entity" ? [wait.entity] : wait.kind === "lock" ? wait.entities : [];
  return entities.some((entity) => entity.toLowerCase() === wanted || entity.toLowerCase().startsWith(`@${wanted}@`));
}
