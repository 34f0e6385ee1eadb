import type { EntityId } from "../../core/entity-id.ts";
import { nameBasedGuid } from "../../core/name-based-guid.ts";
import type { SendEvent } from "../../core/orchestrator-action.ts";
import {
  createRequest,
  type EntityAnswer,
  type EntityRequest,
  formatRelease,
  formatRequestEvent,
  releaseEventName,
} from "../../entities/entity-message.ts";
import { assertText } from "../call-options.ts";
import type { DurableLock } from "../durable-lock.ts";
import type { ExecutionScope } from "../replay/execution-scope.ts";
import { TaskFailedError } from "../task-failed-error.ts";
import type { AnswerReceiver } from "./entity-messages.ts";
import type { OrchestrationTask } from "./orchestration-task.ts";

/** What an entity shall do. */
export interface EntityOperation {
  readonly entity: EntityId;
  readonly operation: string;
  readonly input: unknown;
}

/** Runs an operation of an entity, and waits for its result. */
export function callEntity(scope: ExecutionScope, call: EntityOperation): OrchestrationTask<unknown> {
  const { entity, operation } = call;
  assertText(operation, "the operation of callEntity");
  const input = serializeInput(scope, call);
  const task = scope.createTask<unknown>();
  // Whatever is called after continue-as-new belongs to no scope.
  if (scope.isEnding) return task;
  const target = entity.toString();
  const leave = scope.criticalSection.enterCall(target);
  const { action, requestId } = addRequest(scope, target, { operation, input });
  const answer = new OperationAnswer(scope, task, action.id, target, operation, leave);
  scope.entities.expectAnswer(action.id, requestId, answer);
  return scope.watchCall(task, `${operation} of ${target}`);
}

/** @param dueAt not to be run before. @defaultValue at once */
export function signalEntity(scope: ExecutionScope, call: EntityOperation, dueAt: Date | undefined): void {
  assertText(call.operation, "the operation of signalEntity");
  const input = serializeInput(scope, call);
  if (scope.isEnding) return;
  const target = call.entity.toString();
  scope.criticalSection.assertMaySignal(target);
  addRequest(scope, target, { operation: call.operation, input, isSignal: true, dueAt });
}

/** Enters a critical section. Locks are taken in one order by everybody, so that none wait for one another. */
export function lockEntities(scope: ExecutionScope, entities: readonly EntityId[]): OrchestrationTask<DurableLock> {
  const task = scope.createTask<DurableLock>();
  if (scope.isEnding) return task;
  const ordered = inLockOrder(entities);
  scope.criticalSection.begin(ordered);
  // .NET makes an instance id of the name as it stands there.
  const lockSet = ordered.map(({ name, key }) => ({ name: name.toLowerCase(), key }));
  const { action, requestId } = addRequest(scope, ordered[0]!.toString(), { lockSet });
  scope.entities.expectAnswer(action.id, requestId, {
    receive(answer, lockId) {
      const lock = new HeldLock(scope, ordered, lockId);
      if (answer.kind === "completed") {
        scope.criticalSection.grant();
        return task.complete(lock);
      }
      lock.release();
      task.fail(new TaskFailedError("lock of", ordered.join(", "), action.id, answer.failureDetails));
    },
  });
  return task;
}

/** By `@name@key`, each once. */
function inLockOrder(entities: readonly EntityId[]): readonly EntityId[] {
  const unique = new Map(entities.map((entity) => [entity.toString(), entity]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity);
}

function serializeInput(scope: ExecutionScope, { entity, operation, input }: EntityOperation): string | undefined {
  return scope.dataConverter.serialize(input, `the input of operation '${operation}' of entity '${entity}'`);
}

type RequestContent = Pick<Partial<EntityRequest>, "operation" | "input" | "isSignal" | "dueAt" | "lockSet">;

function addRequest(scope: ExecutionScope, target: string, content: RequestContent) {
  let requestId = "";
  const action = scope.addAction((id): SendEvent => {
    requestId = requestIdOf(scope, id, target, content);
    const request = createRequest({
      ...content,
      id: requestId,
      parentInstanceId: scope.instanceId,
      parentExecutionId: scope.executionId,
    });
    // A delayed signal has no place in the order.
    const stamped = content.dueAt === undefined ? scope.entities.stamp(request, target) : request;
    return { kind: "SendEvent", id, instanceId: target, ...formatRequestEvent(stamped, scope.now.getTime()) };
  });
  return { action, requestId };
}

/** Not of the time: an episode that is repeated after a crash sends the same request again, and is known for it. */
function requestIdOf(scope: ExecutionScope, actionId: number, target: string, content: RequestContent): string {
  const { operation = null, input = null, isSignal = false, lockSet = null } = content;
  const { instanceId, executionId } = scope;
  return nameBasedGuid(
    JSON.stringify([instanceId, executionId, actionId, target, operation, input, isSignal, lockSet]),
  );
}

/** Settles the task of a call. A class, as that of other calls: a fan-out keeps thousands of them. */
class OperationAnswer implements AnswerReceiver {
  readonly #scope: ExecutionScope;
  readonly #task: OrchestrationTask<unknown>;
  readonly #id: number;
  readonly #target: string;
  readonly #operation: string;
  readonly #leave: (() => void) | undefined;

  constructor(
    scope: ExecutionScope,
    task: OrchestrationTask<unknown>,
    id: number,
    target: string,
    operation: string,
    leave: (() => void) | undefined,
  ) {
    this.#scope = scope;
    this.#task = task;
    this.#id = id;
    this.#target = target;
    this.#operation = operation;
    this.#leave = leave;
  }

  receive(answer: EntityAnswer): void {
    this.#leave?.();
    const what = `entity '${this.#target}' operation`;
    if (answer.kind === "failed") {
      return this.#task.fail(new TaskFailedError(what, this.#operation, this.#id, answer.failureDetails));
    }
    try {
      const name = `the result of ${what} '${this.#operation}'`;
      this.#task.complete(this.#scope.dataConverter.deserialize(answer.result, name));
    } catch (error) {
      this.#task.fail(error);
    }
  }
}

class HeldLock implements DurableLock {
  readonly #scope: ExecutionScope;
  readonly #lockId: string;
  #entities: readonly EntityId[];

  constructor(scope: ExecutionScope, entities: readonly EntityId[], lockId: string) {
    this.#scope = scope;
    this.#entities = entities;
    this.#lockId = lockId;
  }

  get ownedLocks(): readonly EntityId[] {
    return this.#entities;
  }

  get isReleased(): boolean {
    return this.#entities.length === 0;
  }

  release(): void {
    this.#scope.enterCall("release");
    if (this.isReleased) return;
    const entities = this.#entities;
    this.#entities = [];
    // The engine gives back what an execution still holds when it ends.
    if (this.#scope.isEnding) return;
    this.#scope.criticalSection.end();
    const input = formatRelease({ parentInstanceId: this.#scope.instanceId, id: this.#lockId });
    for (const entity of entities) {
      const instanceId = entity.toString();
      this.#scope.addAction((id) => ({ kind: "SendEvent", id, instanceId, name: releaseEventName, input }));
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
