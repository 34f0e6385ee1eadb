import type { ActivityResponse, EntityBatchResult, OrchestratorResponse } from "../proto/orchestrator_service_pb.ts";
import type { RemoteWorker } from "./remote-worker.ts";
import type { WorkKind, WorkName } from "./work-item-filter.ts";

/** What a worker sends back, for each kind of work. */
export interface WorkAnswers {
  readonly orchestration: OrchestratorResponse;
  readonly activity: ActivityResponse;
  readonly entity: EntityBatchResult;
}

/** What an answer comes to: a result, or the work is to be sent once more for the given reason. */
export type Reading<Result> =
  | { readonly kind: "result"; readonly result: Result }
  /** At once, with all that the worker may need. */
  | { readonly kind: "incomplete"; readonly reason: string }
  /** There is more to come. */
  | { readonly kind: "partial" }
  /** After a pause. */
  | { readonly kind: "failed"; readonly reason: string };

/** Something of the engine that a worker elsewhere is to run. */
export interface RemoteWork<Kind extends WorkKind, Result> extends WorkName {
  readonly kind: Kind;
  readonly instanceId: string;
  readonly executionId?: string | undefined;
  /** Of activities. */
  readonly taskId?: number | undefined;
  /** Aborts when nobody wants the result any more. */
  readonly signal: AbortSignal;
  /** Which worker to take when several have room. @defaultValue any */
  prefers?(worker: RemoteWorker): boolean;
  /** The encoded `WorkItem`. @throws when it cannot be run by this worker; the work ends so */
  write(worker: RemoteWorker, completionToken: string): Uint8Array;
  /** @throws DurableError for an answer that cannot be understood */
  read(answer: WorkAnswers[Kind]): Reading<Result>;
  /** The history that a worker fetches by itself, as encoded `HistoryChunk`s. */
  streamPast?(): Iterable<Uint8Array>;
}
