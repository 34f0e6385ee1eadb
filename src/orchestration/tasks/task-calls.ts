import { lastHeartbeatOf } from "../../core/activity-heartbeat.ts";
import { describeFailure, describeTimeout, type FailureDetails } from "../../core/failure-details.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import { nextRetryDelayMs, type ResolvedRetryPolicy } from "../../core/retry-policy.ts";
import { toTaskFailure } from "../../core/task-failure.ts";
import { encodeTaskTags } from "../../core/task-tags.ts";
import type { ResolvedCall } from "../call-options.ts";
import type { ExecutionScope } from "../replay/execution-scope.ts";
import { TaskFailedError } from "../task-failed-error.ts";
import { DurableTimer } from "./durable-timer.ts";
import type { OrchestrationTask } from "./orchestration-task.ts";

/** Calls an activity, with its retries and its timeout. */
export function callActivity(scope: ExecutionScope, call: ResolvedCall): OrchestrationTask<unknown> {
  const input = scope.dataConverter.serialize(call.input, `the input of activity '${call.name}'`);
  return withRetries(scope, call.retry, (attempt, lastHeartbeat) => {
    const { id } = scope.addAction((id) => ({
      kind: "ScheduleTask",
      id,
      name: call.name,
      version: call.version,
      input,
      tags: encodeTaskTags(call.tags, { attempt, timeoutMs: call.timeoutMs, lastHeartbeat }),
    }));
    const task = awaitAnswer(scope, id, "activity", call.name);
    const { timeoutMs } = call;
    return { id, task: timeoutMs === undefined ? task : withTimeout(scope, id, call.name, task, timeoutMs) };
  });
}

/** Calls a sub-orchestration, with its retries. A retry starts another child, under an id of its own. */
export function callSubOrchestration(scope: ExecutionScope, call: ResolvedCall): OrchestrationTask<unknown> {
  return withRetries(scope, call.retry, () => {
    const { id } = addSubOrchestration(scope, call, false);
    return { id, task: awaitAnswer(scope, id, "sub-orchestration", call.name) };
  });
}

/** Starts an orchestration that answers nobody. Returns its instance id. */
export function startOrchestration(scope: ExecutionScope, call: ResolvedCall): string {
  if (scope.isEnding) return call.instanceId ?? "";
  return addSubOrchestration(scope, call, true).instanceId;
}

function addSubOrchestration(scope: ExecutionScope, call: ResolvedCall, fireAndForget: boolean) {
  const input = scope.dataConverter.serialize(call.input, `the input of sub-orchestration '${call.name}'`);
  return scope.addAction((id) => ({
    kind: "CreateSubOrchestration",
    id,
    name: call.name,
    version: call.version ?? scope.defaultVersion,
    instanceId: call.instanceId ?? `${scope.executionId}:${id}`,
    input,
    tags: call.tags,
    fireAndForget,
  }));
}

function awaitAnswer(scope: ExecutionScope, id: number, what: string, name: string): OrchestrationTask<unknown> {
  const task = scope.createTask<unknown>();
  scope.expectAnswer(id, new CallAnswer(scope.dataConverter, task, id, what, name));
  return task;
}

/** Settles the task of a call. A class, because a fan-out keeps thousands of them and closures take twice the room. */
class CallAnswer {
  readonly #dataConverter: DataConverter;
  readonly #task: OrchestrationTask<unknown>;
  readonly #id: number;
  readonly #what: string;
  readonly #name: string;

  constructor(dataConverter: DataConverter, task: OrchestrationTask<unknown>, id: number, what: string, name: string) {
    this.#dataConverter = dataConverter;
    this.#task = task;
    this.#id = id;
    this.#what = what;
    this.#name = name;
  }

  get task(): OrchestrationTask<unknown> {
    return this.#task;
  }

  complete(result: string | undefined): void {
    try {
      this.#task.complete(this.#dataConverter.deserialize(result, `the result of ${this.#what} '${this.#name}'`));
    } catch (error) {
      this.#task.fail(error);
    }
  }

  fail(details: FailureDetails): void {
    this.#task.fail(new TaskFailedError(this.#what, this.#name, this.#id, details));
  }
}

/** One attempt of a call: its task, and the number of its action. */
interface Attempt {
  readonly id: number;
  readonly task: OrchestrationTask<unknown>;
}

/**
 * Makes attempts until one succeeds or the policy gives up; the waits between them are durable timers. The result is
 * that of the last attempt. Each is told the details of the last heartbeat before it.
 */
function withRetries(
  scope: ExecutionScope,
  policy: ResolvedRetryPolicy | undefined,
  start: (attempt: number, lastHeartbeat: string | undefined) => Attempt,
): OrchestrationTask<unknown> {
  // Whatever is called after continue-as-new belongs to no scope.
  if (scope.isEnding) return scope.createTask();
  if (policy === undefined) return start(1, undefined).task;
  const firstAttemptAt = scope.now.getTime();
  const outer = scope.createTask<unknown>();
  let current: readonly OrchestrationTask<unknown>[] = [];
  outer.consistsOf(() => current);
  let lastHeartbeat: string | undefined;
  const attempt = (number: number) => {
    const { id, task: inner } = start(number, lastHeartbeat);
    current = [inner];
    inner.onSettled(() => {
      if (!inner.isFaulted) return outer.complete(inner.result);
      if (inner.error instanceof TaskFailedError) {
        lastHeartbeat = lastHeartbeatOf(inner.error.failureDetails) ?? lastHeartbeat;
      }
      const delayMs = chooseDelay(policy, number, inner.error, {
        elapsedMs: scope.now.getTime() - firstAttemptAt,
        seed: `${scope.instanceId}\n${id}\n${number}`,
      });
      if (typeof delayMs !== "number") return outer.fail(delayMs);
      const fireAt = new Date(scope.now.getTime() + delayMs);
      new DurableTimer(scope, fireAt).onSettled(() => attempt(number + 1));
    });
  };
  attempt(1);
  return outer;
}

/** The wait before the next attempt, or the error to end with: the failure itself, or what the user's policy threw. */
function chooseDelay(
  policy: ResolvedRetryPolicy,
  attempt: number,
  error: unknown,
  { elapsedMs, seed }: { readonly elapsedMs: number; readonly seed: string },
): unknown {
  try {
    const failure = error instanceof TaskFailedError ? error.failureDetails : toTaskFailure(describeFailure(error));
    return nextRetryDelayMs(policy, { attempt, failure }, elapsedMs, seed) ?? error;
  } catch (policyError) {
    return policyError;
  }
}

/** Fails the attempt when its time is up; its answer finds nobody then. */
function withTimeout(
  scope: ExecutionScope,
  id: number,
  name: string,
  task: OrchestrationTask<unknown>,
  timeoutMs: number,
): OrchestrationTask<unknown> {
  const outer = scope.createTask<unknown>();
  outer.consistsOf(() => [task]);
  const timer = new DurableTimer(scope, new Date(scope.now.getTime() + timeoutMs));
  task.onSettled(() => {
    if (outer.isCompleted) return;
    timer.withdraw();
    if (task.isFaulted) outer.fail(task.error);
    else outer.complete(task.result);
  });
  timer.onSettled(() => {
    scope.forsakeAnswer(id, task);
    outer.fail(new TaskFailedError("activity", name, id, describeTimeout(timeoutMs)));
  });
  return outer;
}
