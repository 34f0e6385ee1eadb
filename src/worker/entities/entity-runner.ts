import { type CodeMarks, noMarks } from "../../core/code-marks.ts";
import type { EntityBatch, EntityBatchResult, EntityOperation, EntityOutcome } from "../../core/entity-batch.ts";
import { toEntityId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import { describeFailure } from "../../core/failure-details.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import { validate } from "../../core/payloads/standard-schema.ts";
import type { LogLevel } from "../../core/ports.ts";
import { isAbortError } from "../abort-error.ts";
import { findOperations, InstanceState, type OperationMethod, OperationTable } from "./class-entity.ts";
import {
  type EntityClass,
  type EntityDefinition,
  type EntityFunction,
  isEntityClass,
  type OperationSchemas,
} from "./entity-definition.ts";
import { type EntityState, StateFormat, TextState } from "./entity-state.ts";
import { OperationContext, type OperationScope } from "./operation-context.ts";

export interface EntityRunnerOptions {
  readonly definition: EntityDefinition;
  readonly dataConverter: DataConverter;
  /** Version of orchestrations that are started without one. */
  readonly defaultVersion: string | undefined;
  readonly log: (level: LogLevel, instanceId: string, args: readonly unknown[]) => void;
  /** Learns which code runs. @defaultValue nobody does */
  readonly marks?: CodeMarks | undefined;
}

/** One of the two styles in which entities are written. */
interface EntityCode {
  open(text: string | undefined, format: StateFormat, what: string): EntityState;
  /** @throws what the operation throws; DurableError `EntityOperationNotFound` */
  run(context: OperationContext, state: EntityState): unknown;
}

/** Between so many operations the event loop gets a turn: locks are renewed, the host answers. */
const operationsPerTurn = 16;

/**
 * Runs the operations of one entity.
 *
 * - `E1` An operation is a transaction: it succeeds with its state, its result and its actions, or none of them is.
 * - `E2` An operation sees what is stored and nothing else that one before it has left in memory: it makes no difference
 *   how operations are cut into batches.
 * - `E3` A state that cannot be read stays as it is until an operation that does not ask for it replaces or deletes it.
 */
export class EntityRunner {
  readonly #options: EntityRunnerOptions;
  readonly #code: EntityCode;
  readonly #schemas: OperationTable<OperationSchemas>;

  constructor(options: EntityRunnerOptions) {
    const { entity, operationSchemas = {} } = options.definition;
    this.#options = options;
    this.#code = isEntityClass(entity) ? new ClassCode(entity) : new FunctionCode(entity);
    this.#schemas = new OperationTable(Object.entries(operationSchemas));
  }

  /** @throws the reason of the batch's signal, when it aborts between two operations, or one stops for it */
  async run(batch: EntityBatch): Promise<EntityBatchResult> {
    const scope = this.#openScope(batch);
    const outcomes: EntityOutcome[] = [];
    for (const operation of batch.operations) {
      if (outcomes.length % operationsPerTurn === operationsPerTurn - 1)
        await new Promise((turn) => setImmediate(turn));
      if (outcomes.length > 0) scope.signal.throwIfAborted();
      outcomes.push(await this.#runOperation(scope, operation));
    }
    return { outcomes, state: scope.state.text };
  }

  async #runOperation(scope: OperationScope, operation: EntityOperation): Promise<EntityOutcome> {
    const { state, dataConverter } = scope;
    const context = new OperationContext(scope, operation);
    const schemas = this.#schemas.find(operation.operation);
    try {
      if (schemas?.input !== undefined) {
        context.setInput(await validate(schemas.input, context.getInput(), context.describe("the input")));
      }
      const returned = await this.#call(context, state);
      context.close();
      let value = context.resultOr(returned);
      if (schemas?.output !== undefined) {
        value = await validate(schemas.output, value, context.describe("the result"));
      }
      const result = value === undefined ? undefined : dataConverter.serialize(value, context.describe("the result"));
      state.commit();
      return { kind: "completed", result, actions: context.actions };
    } catch (error) {
      context.close();
      state.rollback();
      // An operation that stopped because it was told to has not failed: it runs again.
      if (scope.signal.aborted && isAbortError(error, scope.signal)) throw error;
      return { kind: "failed", failureDetails: describeFailure(error) };
    }
  }

  #call(context: OperationContext, state: EntityState): unknown {
    const { marks = noMarks, definition } = this.#options;
    const instanceId = context.entityId.toString();
    const mark = marks.enter({ kind: "entity", name: `${definition.name}.${context.operationName}`, instanceId });
    try {
      return this.#code.run(context, state);
    } finally {
      marks.leave(mark);
    }
  }

  #openScope(batch: EntityBatch): OperationScope {
    const entityId = toEntityId(batch.entity);
    const { definition, dataConverter, defaultVersion, log } = this.#options;
    const instanceId = entityId.toString();
    const what = `entity '${instanceId}'`;
    const format = new StateFormat(dataConverter, definition.stateSchema, `the state of ${what}`);
    return {
      entityId,
      state: this.#code.open(batch.state, format, what),
      dataConverter,
      defaultVersion,
      get signal() {
        return batch.signal;
      },
      log: (level, args) => log(level, instanceId, args),
    };
  }
}

class FunctionCode implements EntityCode {
  readonly #entity: EntityFunction;

  constructor(entity: EntityFunction) {
    this.#entity = entity;
  }

  open(text: string | undefined, format: StateFormat): EntityState {
    return new TextState(text, format);
  }

  run(context: OperationContext): unknown {
    const entity = this.#entity;
    return entity(context);
  }
}

class ClassCode implements EntityCode {
  readonly #class: EntityClass;
  readonly #operations: OperationTable<OperationMethod>;

  constructor(entityClass: EntityClass) {
    this.#class = entityClass;
    this.#operations = findOperations(entityClass);
  }

  open(text: string | undefined, format: StateFormat, what: string): EntityState {
    return new InstanceState(text, format, this.#class, what);
  }

  run(context: OperationContext, state: EntityState): unknown {
    const { operationName } = context;
    const method = this.#operations.find(operationName);
    if (method !== undefined) return method.call(state.get() as object, context.getInput(), context);
    if (operationName.toLowerCase() !== "delete") throw this.#operationNotFound(context);
    state.delete();
    return undefined;
  }

  #operationNotFound({ entityId, operationName }: OperationContext): DurableError {
    const known = [...new Set([...this.#operations.names, "delete"])].map((name) => `'${name}'`).join(", ");
    return new DurableError(
      "EntityOperationNotFound",
      `entity '${entityId}' has no operation '${operationName}'; it has ${known}`,
    );
  }
}
