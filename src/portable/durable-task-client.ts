import { setMaxListeners } from "node:events";
import type { PurgeResult } from "../client/client-options.ts";
import { OrchestrationVerbs } from "../client/orchestration-verbs.ts";
import type { EntityRef } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { linkSignals } from "../core/linked-signal.ts";
import { assertOptions } from "../core/option-names.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import { type DataConverter, guardDataConverter } from "../core/payloads/data-converter.ts";
import { systemClock } from "../core/system-ports.ts";
import { resolveTarget } from "./call-form.ts";
import { type ClientOptions, clientOptionKinds } from "./client-options.ts";
import type { OrchestrationTarget } from "./orchestration-context.ts";

/** A client of one place, open. */
export interface OpenClient {
  readonly client: OrchestrationClient;
  close(): Promise<void>;
}

/**
 * Starts and manages orchestrations and entities of one task hub, wherever it is: what the clients of all places have in
 * common. What it reads is typed as it comes back: without a converter as JSON gives it. Nothing is opened before the first
 * call. An instance or entity that a hub does not know, a name or id that it does not accept: each method says so with a
 * DurableError.
 */
export class DurableTaskClient<Converter extends DataConverter | undefined = undefined>
  extends OrchestrationVerbs<Converter, OrchestrationTarget>
  implements AsyncDisposable
{
  readonly #connection: ClientConnection;

  protected constructor(open: () => Promise<OpenClient>, options: ClientOptions<Converter>) {
    const { dataConverter, defaultVersion } = options;
    assertOptions({ dataConverter, defaultVersion }, clientOptionKinds, "this client");
    const connection = new ClientConnection(open);
    super({
      connect: () => connection.open(),
      untilClosed: (signal, wait) => connection.untilClosed(signal, wait),
      dataConverter: guardDataConverter(dataConverter),
      defaultVersion,
      clock: systemClock,
      resolveTarget: (target) => resolveTarget("orchestration", target),
    });
    this.#connection = connection;
  }

  /** Deletes an entity with all that waits in it, whatever it is doing. @throws DurableError `InvalidEntityId` */
  async purgeEntity(entity: EntityRef | string): Promise<PurgeResult> {
    return { deletedInstanceCount: await this.purgeOneEntity(entity) };
  }

  /** Lets go of what the client has opened. Calls after it are refused; repeated ones do nothing. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Closes it, as `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What a client has opened, from its first call to its close. */
class ClientConnection {
  readonly #open: () => Promise<OpenClient>;
  readonly #closed = new AbortController();
  #opened: Promise<OpenClient> | undefined;

  constructor(open: () => Promise<OpenClient>) {
    this.#open = open;
    // One for each call that waits.
    setMaxListeners(0, this.#closed.signal);
  }

  async open(): Promise<OrchestrationClient> {
    if (this.#closed.signal.aborted) throw new DurableError("Aborted", "this client is closed");
    const opening = this.#opened ?? this.#open();
    this.#opened = opening;
    try {
      return (await opening).client;
    } catch (error) {
      // The next call tries again.
      if (this.#opened === opening) this.#opened = undefined;
      throw error;
    }
  }

  /** Nobody waits for what a closed client has asked. */
  async untilClosed<T>(signal: AbortSignal | undefined, wait: (either: AbortSignal) => Promise<T>): Promise<T> {
    if (signal === undefined) return wait(this.#closed.signal);
    const linked = linkSignals(signal, this.#closed.signal);
    try {
      return await wait(linked.signal);
    } finally {
      linked.unlink();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const opened = this.#opened;
    this.#opened = undefined;
    const open = await opened?.catch(() => undefined);
    await open?.close();
  }
}
