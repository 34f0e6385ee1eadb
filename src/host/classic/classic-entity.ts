import type { EntityAction, EntityBatch, EntityBatchResult, EntityOutcome } from "../../core/entity-batch.ts";
import { toEntityId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";

/** Stands for "exists, without a state": the library knows such entities, storage does not. */
const noState = "null";

/** The value of an entity trigger, as JSON text. */
export function formatEntityPayload({ entity, state, operations }: EntityBatch): string {
  return JSON.stringify({
    self: { name: entity.name.toLowerCase(), key: entity.key },
    exists: state !== undefined,
    state: state === undefined || state === noState ? null : state,
    batch: operations.map(({ operation, input, isSignal, id }) => ({
      name: operation,
      input: input ?? null,
      isSignal,
      id,
    })),
  });
}

interface EntityAnswer {
  readonly results?: readonly (OperationResult | null | undefined)[];
  readonly signals?: readonly Signal[];
  readonly entityExists?: unknown;
  readonly entityState?: unknown;
}

interface OperationResult {
  readonly isError?: unknown;
  readonly result?: unknown;
}

interface Signal {
  readonly target: { readonly name: string; readonly key: string };
  readonly name: string;
  readonly input?: unknown;
  /** Id of the operation that has sent it. */
  readonly requestId?: unknown;
}

/**
 * What the function says of a batch. The library takes nothing back of an operation that has thrown: state and signals
 * stand, as with the extension.
 *
 * @throws DurableError `InvalidPayload` for what is no answer
 */
export function readEntityAnswer(batch: EntityBatch, returned: unknown): EntityBatchResult {
  const answer = readObject(batch, returned);
  const { results = [], signals = [], entityExists, entityState } = answer;
  const outcomes = batch.operations.map((_, index) => readOutcome(results[index]));
  for (const signal of signals) {
    const at = batch.operations.findIndex(({ id }) => id === signal.requestId);
    const place = placeOf(outcomes, at);
    const outcome = place === undefined ? undefined : outcomes[place];
    if (outcome?.kind === "completed")
      outcomes[place!] = { ...outcome, actions: [...outcome.actions, readSignal(signal)] };
  }
  const state = typeof entityState === "string" ? entityState : noState;
  return { outcomes, state: entityExists === true ? state : undefined };
}

/** Only operations that have not failed can send: the next one, or else the one before. */
function placeOf(outcomes: readonly EntityOutcome[], wanted: number): number | undefined {
  const isSender = ({ kind }: EntityOutcome) => kind === "completed";
  const next = outcomes.findIndex((outcome, index) => index >= wanted && isSender(outcome));
  if (next >= 0 && wanted >= 0) return next;
  const last = outcomes.findLastIndex(isSender);
  return last < 0 ? undefined : last;
}

function readObject(batch: EntityBatch, returned: unknown): EntityAnswer {
  const value: unknown = typeof returned === "string" ? JSON.parse(returned) : returned;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new DurableError(
    "InvalidPayload",
    `the entity function '${batch.entity.name}' has returned no state of its entity`,
  );
}

function readOutcome(result: OperationResult | null | undefined): EntityOutcome {
  const text = typeof result?.result === "string" ? result.result : undefined;
  if (result?.isError === true) {
    const failureDetails = { errorType: "Error", errorMessage: messageOfResult(text), isNonRetriable: false };
    return { kind: "failed", failureDetails };
  }
  return { kind: "completed", result: text, actions: [] };
}

/** A text that was thrown, without its quotes; of anything else its JSON. */
function messageOfResult(result: string | undefined): string {
  if (result === undefined) return "";
  try {
    const value: unknown = JSON.parse(result);
    return typeof value === "string" ? value : result;
  } catch {
    return result;
  }
}

function readSignal({ target, name, input }: Signal): EntityAction {
  return {
    kind: "SignalEntity",
    instanceId: toEntityId({ name: target.name, key: target.key }).toString(),
    operation: name,
    input: typeof input === "string" && input !== "" ? input : undefined,
    scheduledTime: undefined,
  };
}
