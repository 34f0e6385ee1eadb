import type { EntityBatchResult, EntityOperation, EntityOutcome } from "../../../../src/core/entity-batch.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";
import type { UserLog } from "../../../../src/worker/activity-context.ts";
import type { EntityDefinition } from "../../../../src/worker/entities/entity-definition.ts";
import { InProcessExecutor } from "../../../../src/worker/in-process-executor.ts";
import { Registry, type RegistryOptions } from "../../../../src/worker/registry.ts";

/** `add`, or `["add", 5]`. */
export type Call = string | readonly [operation: string, input?: unknown];

export interface BatchOptions extends RegistryOptions, Partial<Omit<EntityDefinition, "entity">> {
  /** What is stored, as JSON text. */
  readonly state?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: UserLog | undefined;
  readonly isSignal?: boolean | undefined;
}

/** Runs operations on the entity `@thing@k`, or of another name. */
export function runBatch(
  entity: EntityDefinition["entity"],
  calls: readonly Call[],
  options: BatchOptions = {},
): Promise<EntityBatchResult> {
  const { state, signal = new AbortController().signal, log, name = "Thing", isSignal = false } = options;
  const registry = new Registry({ dataConverter: options.dataConverter, versioning: options.versioning });
  const { stateSchema, operationSchemas } = options;
  registry.addEntity({ name, entity, stateSchema, operationSchemas });
  const executor = new InProcessExecutor({ registries: [registry], clock: new SteppedClock(), ...(log && { log }) });
  return executor.executeEntityBatch({
    instanceId: `@${name.toLowerCase()}@k`,
    entity: { name: name.toLowerCase(), key: "k" },
    state,
    operations: toOperations(calls, isSignal),
    signal,
  });
}

export function toOperations(calls: readonly Call[], isSignal = false): readonly EntityOperation[] {
  return calls.map((call, index) => {
    const [operation, input] = typeof call === "string" ? [call] : call;
    return { id: `request-${index}`, operation, input: JSON.stringify(input), isSignal };
  });
}

/** Results, parsed; of failures their text. */
export function resultsOf({ outcomes }: EntityBatchResult): readonly unknown[] {
  return outcomes.map((outcome) => {
    if (outcome.kind === "failed") return `${outcome.failureDetails.errorType}: ${outcome.failureDetails.errorMessage}`;
    return outcome.result === undefined ? undefined : JSON.parse(outcome.result);
  });
}

export function actionsOf(outcome: EntityOutcome | undefined) {
  return outcome?.kind === "completed" ? outcome.actions : undefined;
}
