import type { OrchestratorAction, OrchestratorResponse } from "../proto/orchestrator_service_pb.ts";
import type { WorkAnswers } from "./remote-work.ts";
import type { RemoteWorker } from "./remote-worker.ts";
import type { WorkKind } from "./work-item-filter.ts";

/** How a work item that was sent has come back without a result. */
export type LostReason = "worker gone" | "not answered" | "handed back" | "not wanted";

/** A work item that a worker has and has not answered. */
export interface PendingWork {
  readonly kind: WorkKind;
  /** Opaque; of this one sending. Whoever knows it may answer. */
  readonly token: string;
  readonly instanceId: string;
  readonly executionId: string | undefined;
  readonly taskId: number | undefined;
  readonly worker: RemoteWorker;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  streamPast(): Iterable<Uint8Array>;
  /** Takes an answer of its kind. @throws DurableError when it cannot be understood; the work is then sent again */
  answer(answer: WorkAnswers[WorkKind]): void;
  lose(reason: LostReason): void;
}

/** Which work item a worker means. */
export interface WorkReference {
  readonly kind: WorkKind;
  /** Empty when the worker keeps no tokens. */
  readonly token: string;
  readonly instanceId: string;
  readonly taskId?: number | undefined;
}

/** All that workers have and have not answered. */
export class PendingWorks {
  readonly #byToken = new Map<string, PendingWork>();
  /** For workers that keep no tokens. Several of one key are answered in the order in which they were sent. */
  readonly #byKey = new Map<string, Set<PendingWork>>();

  get size(): number {
    return this.#byToken.size;
  }

  [Symbol.iterator](): Iterator<PendingWork> {
    return [...this.#byToken.values()][Symbol.iterator]();
  }

  add(pending: PendingWork): void {
    this.#byToken.set(pending.token, pending);
    const key = keyOf(pending);
    const others = this.#byKey.get(key);
    if (others === undefined) this.#byKey.set(key, new Set([pending]));
    else others.add(pending);
  }

  delete(pending: PendingWork): void {
    this.#byToken.delete(pending.token);
    const key = keyOf(pending);
    const others = this.#byKey.get(key);
    others?.delete(pending);
    if (others?.size === 0) this.#byKey.delete(key);
  }

  find(reference: WorkReference): PendingWork | undefined {
    const { kind, token } = reference;
    if (token === "") return this.#byKey.get(keyOf(reference))?.values().next().value;
    const found = this.#byToken.get(token);
    return found?.kind === kind ? found : undefined;
  }
}

function keyOf({ kind, instanceId, taskId }: Omit<WorkReference, "token">): string {
  return `${kind} ${kind === "activity" ? taskId : ""} ${instanceId}`;
}

/** Puts the parts of an answer together that a worker has cut because it was too large for one message. */
export class ChunkedAnswer {
  readonly #actions: OrchestratorAction[] = [];
  #first: OrchestratorResponse | undefined;
  #chunks = 0;

  /** The whole answer, once its last part is there. */
  add(response: OrchestratorResponse): OrchestratorResponse | undefined {
    // A part that was sent twice, because its sender did not hear that it had come.
    if (response.chunkIndex !== undefined && response.chunkIndex < this.#chunks) return undefined;
    if (this.#first === undefined && !response.isPartial) return response;
    this.#first ??= response;
    this.#chunks++;
    for (const action of response.actions) this.#actions.push(action);
    if (response.isPartial) return undefined;
    const { customStatus = this.#first.customStatus } = response;
    return { ...this.#first, actions: this.#actions, customStatus, isPartial: false };
  }
}
