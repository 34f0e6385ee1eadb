import type { EntityRef } from "./entity-id.ts";
import type { FailureDetails } from "./failure-details.ts";

/** Operations on one entity, to be run one after the other on its state. */
export interface EntityBatch {
  readonly instanceId: string;
  readonly entity: EntityRef;
  /** JSON text; absent while the entity does not exist. */
  readonly state: string | undefined;
  readonly operations: readonly EntityOperation[];
  /** Aborts when nobody wants the result any more. Made when it is first read. */
  readonly signal: AbortSignal;
}

export interface EntityOperation {
  /** Id of the request, a GUID. */
  readonly id: string;
  readonly operation: string;
  /** JSON text; absent when the operation is called without. */
  readonly input: string | undefined;
  /** Nobody waits for the result. */
  readonly isSignal: boolean;
  /** Who asks: an orchestration or an entity. @defaultValue a client */
  readonly parentInstanceId?: string | undefined;
}

/** What has become of a batch. */
export interface EntityBatchResult {
  /** One for each operation, in order. */
  readonly outcomes: readonly EntityOutcome[];
  /** JSON text of the state after the last operation; absent when the entity does not exist any more. */
  readonly state: string | undefined;
}

/** An operation that fails leaves state and actions as they were before it. */
export type EntityOutcome =
  | {
      readonly kind: "completed";
      /** JSON text. */
      readonly result: string | undefined;
      /** What the operation wants of others, in order. */
      readonly actions: readonly EntityAction[];
    }
  | { readonly kind: "failed"; readonly failureDetails: FailureDetails };

export type EntityAction =
  | {
      readonly kind: "SignalEntity";
      readonly instanceId: string;
      readonly operation: string;
      readonly input: string | undefined;
      readonly scheduledTime: Date | undefined;
    }
  | {
      readonly kind: "StartOrchestration";
      readonly name: string;
      readonly version: string | undefined;
      /** Absent for an id that the engine makes. */
      readonly instanceId: string | undefined;
      readonly input: string | undefined;
      readonly scheduledTime: Date | undefined;
    };
