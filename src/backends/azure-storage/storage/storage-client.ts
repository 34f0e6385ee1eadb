import { DurableError } from "../../../core/errors.ts";
import { toDurableError } from "./storage-failure.ts";
import type {
  RequestBudget,
  StorageDone,
  StorageRefusal,
  StorageReply,
  StorageRequest,
  StorageRequestKind,
  StorageRequestOf,
  StorageTransport,
  StorageValue,
} from "./storage-request.ts";

/** Storage as the rest of the backend sees it: refusals are values, failures are DurableErrors. */
export class StorageClient {
  readonly #transport: StorageTransport;

  constructor(transport: StorageTransport) {
    this.#transport = transport;
  }

  /** @throws DurableError `StorageUnavailable`, `StorageRejected`, `StorageBeingDeleted`, or `Aborted` when `signal` did */
  async perform<K extends StorageRequestKind>(
    request: StorageRequestOf<K>,
    signal?: AbortSignal,
    budget?: RequestBudget,
  ): Promise<StorageDone<StorageValue<K>> | StorageRefusal> {
    // The union of all kinds is what a transport takes; the compiler cannot follow the kind through it.
    const sent = request as unknown as StorageRequest;
    const reply = (await this.#transport(sent, { signal, budget })) as StorageReply<StorageValue<K>>;
    if (reply.outcome !== "failed") return reply;
    if (signal?.aborted)
      throw new DurableError("Aborted", `${request.kind} was aborted`, { cause: reply.failure.cause });
    throw toDurableError(reply.failure, describeRequest(sent));
  }

  /** For requests whose refusal has no meaning to the caller. @throws as {@link perform}, and for refusals */
  async require<K extends StorageRequestKind>(
    request: StorageRequestOf<K>,
    signal?: AbortSignal,
    budget?: RequestBudget,
  ): Promise<StorageValue<K>> {
    const reply = await this.perform(request, signal, budget);
    if (reply.outcome === "done") return reply.value;
    throw new DurableError("StorageRejected", `storage refused ${describeRequest(request)}: ${reply.errorCode}`);
  }
}

function describeRequest(request: {
  readonly kind: string;
  queue?: string;
  table?: string;
  container?: string;
}): string {
  const place = request.queue ?? request.table ?? request.container;
  return place === undefined ? request.kind : `${request.kind} on ${place}`;
}
