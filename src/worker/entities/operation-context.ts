import { createHash } from "node:crypto";
import type { EntityAction, EntityOperation } from "../../core/entity-batch.ts";
import { assertAddressable, type EntityId, type EntityRef, toEntityId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import { durableFunctionOptions, type FunctionInvocation, noBindings } from "../../core/function-invocation.ts";
import { assertDefinitionName } from "../../core/function-names.ts";
import { assertInstanceId } from "../../core/ids.ts";
import { assertKind, assertOptions, type OptionKinds } from "../../core/option-names.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import { validateSync } from "../../core/payloads/standard-schema.ts";
import type { LogLevel } from "../../core/ports.ts";
import { assertShortText } from "../../orchestration/call-options.ts";
import { type EntityHandle, inputSchemaOf, isEntityHandle } from "../../orchestration/entity-handle.ts";
import type { OrchestrationTarget } from "../../orchestration/orchestration-context.ts";
import type { EntityContext, EntitySignalOptions, StartFromEntityOptions } from "./entity-context.ts";
import type { EntityState } from "./entity-state.ts";

/** What the operations of a batch have in common. */
export interface OperationScope {
  readonly entityId: EntityId;
  readonly state: EntityState;
  readonly dataConverter: DataConverter;
  /** Version of orchestrations that are started without one. */
  readonly defaultVersion: string | undefined;
  /** Aborts when nobody wants the results any more. Made when it is first read. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, args: readonly unknown[]) => void;
}

const maxActions = 100_000;

/** The context of one operation, and what the code has asked for with it. */
export class OperationContext implements EntityContext, FunctionInvocation {
  readonly actions: EntityAction[] = [];
  readonly isNewlyConstructed: boolean;
  readonly #scope: OperationScope;
  readonly #operation: EntityOperation;
  #input: { readonly value: unknown } | undefined;
  #result: { readonly value: unknown } | undefined;
  #startCount = 0;
  #isOver = false;

  constructor(scope: OperationScope, operation: EntityOperation) {
    this.#scope = scope;
    this.#operation = operation;
    this.isNewlyConstructed = !scope.state.exists;
  }

  get df(): this {
    return this;
  }

  get entityId(): EntityId {
    return this.#scope.entityId;
  }

  get entityName(): string {
    return this.#scope.entityId.name;
  }

  get entityKey(): string {
    return this.#scope.entityId.key;
  }

  get functionName(): string {
    return this.entityName;
  }

  /** The entity's own id: one operation has no other. */
  get invocationId(): string {
    return this.entityId.toString();
  }

  get extraInputs(): FunctionInvocation["extraInputs"] {
    return noBindings.extraInputs;
  }

  get extraOutputs(): FunctionInvocation["extraOutputs"] {
    return noBindings.extraOutputs;
  }

  get options(): FunctionInvocation["options"] {
    return durableFunctionOptions("entityTrigger");
  }

  get operationName(): string {
    return this.#operation.operation;
  }

  get isSignal(): boolean {
    return this.#operation.isSignal;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  getInput(): never {
    this.#input ??= { value: this.#scope.dataConverter.deserialize(this.#operation.input, this.describe("the input")) };
    return this.#input.value as never;
  }

  /** Replaces the input by what its schema has made of it. */
  setInput(value: unknown): void {
    this.#input = { value };
  }

  getState(initializer?: () => unknown): never {
    this.#assertNotOver("getState");
    assertKind(initializer, "function", "what getState begins with", true);
    return this.#scope.state.get(initializer) as never;
  }

  setState(state: unknown): void {
    this.#assertNotOver("setState");
    this.#scope.state.set(state);
  }

  return(value: unknown): void {
    this.#assertNotOver("return");
    this.#result = { value };
  }

  setResult(value: unknown): void {
    this.return(value);
  }

  destructOnExit(): void {
    this.#assertNotOver("destructOnExit");
    this.#scope.state.delete();
  }

  deleteState(): void {
    this.destructOnExit();
  }

  signalEntity(entity: EntityRef | EntityHandle<unknown> | string, ...rest: readonly unknown[]): void {
    this.#assertNotOver("signalEntity");
    const [target, operation, input, options] = isEntityHandle(entity)
      ? [assertAddressable(toEntityId({ name: entity.name, key: rest[0] as string })), ...rest.slice(1)]
      : [assertAddressable(toEntityId(entity)), ...rest];
    if (typeof operation !== "string" || operation === "") {
      throw new DurableError("InvalidOption", "the operation of a signal must be a non-empty text");
    }
    const what = `the input of operation '${operation}' of entity '${target}'`;
    if (isEntityHandle(entity)) validateSync(inputSchemaOf(entity, operation), input, what);
    const { scheduledTime } = readOptions<EntitySignalOptions>(options, { scheduledTime: "date" }, "signalEntity");
    this.#ask({
      kind: "SignalEntity",
      instanceId: target.toString(),
      operation,
      input: this.#scope.dataConverter.serialize(input, what),
      scheduledTime: scheduledTime && new Date(scheduledTime),
    });
  }

  startNewOrchestration(orchestration: OrchestrationTarget, input?: unknown, options?: StartFromEntityOptions): string {
    this.#assertNotOver("startNewOrchestration");
    const name = typeof orchestration === "string" ? orchestration : orchestration?.name;
    assertDefinitionName(name, "the name of the orchestration to start");
    const what = `the input of orchestration '${name}'`;
    if (typeof orchestration === "object") validateSync(orchestration.inputSchema, input, what);
    const given = readOptions<StartFromEntityOptions>(
      options,
      { instanceId: "any", version: "any", startAt: "date" },
      "startNewOrchestration",
    );
    const { instanceId = this.#nextInstanceId(), version = this.#scope.defaultVersion, startAt } = given;
    assertInstanceId(instanceId);
    if (version !== undefined) assertShortText(version, `the version of orchestration '${name}'`);
    this.#ask({
      kind: "StartOrchestration",
      name,
      version,
      instanceId,
      input: this.#scope.dataConverter.serialize(input, what),
      scheduledTime: startAt && new Date(startAt),
    });
    return instanceId;
  }

  #ask(action: EntityAction): void {
    if (this.actions.length >= maxActions) {
      throw new DurableError(
        "TooManyActions",
        `operation '${this.operationName}' of ${this.entityId} asked for more than ${maxActions} signals and orchestrations`,
      );
    }
    this.actions.push(action);
  }

  log(...args: readonly unknown[]): void {
    this.#scope.log("info", args);
  }

  trace(...args: readonly unknown[]): void {
    this.#scope.log("trace", args);
  }

  debug(...args: readonly unknown[]): void {
    this.#scope.log("debug", args);
  }

  info(...args: readonly unknown[]): void {
    this.#scope.log("info", args);
  }

  warn(...args: readonly unknown[]): void {
    this.#scope.log("warn", args);
  }

  error(...args: readonly unknown[]): void {
    this.#scope.log("error", args);
  }

  /** Code that goes on after its operation would change the next one, or a batch that is stored already. */
  close(): void {
    this.#isOver = true;
  }

  /** What the code has set as the result, or else has returned. */
  resultOr(returned: unknown): unknown {
    return this.#result === undefined ? returned : this.#result.value;
  }

  /** Names a part of the operation in errors. */
  describe(part: string): string {
    return `${part} of operation '${this.operationName}' of entity '${this.entityId}'`;
  }

  /** The same when the request is delivered again, so that what was started is known for started. */
  #nextInstanceId(): string {
    const text = `${this.entityId}\n${this.#operation.id}\n${this.#startCount++}`;
    return createHash("sha256").update(text).digest("hex").slice(0, 32);
  }

  #assertNotOver(method: string): void {
    if (!this.#isOver) return;
    throw new DurableError(
      "NotSupported",
      `${method} was called after operation '${this.operationName}' of entity '${this.entityId}' had ended: ` +
        "await what the operation does",
    );
  }
}

function readOptions<Options extends object>(
  options: unknown,
  kinds: OptionKinds<Options>,
  what: string,
): Partial<Options> {
  if (options === undefined) return {};
  assertOptions(options, kinds as Parameters<typeof assertOptions>[1], what);
  return options as Partial<Options>;
}
