import { DurableError, isDurableError } from "../core/errors.ts";
import { describeFailure, type FailureDetails } from "../core/failure-details.ts";
import type { ActivityInvocation, ActivityOutcome, OrchestrationSession, TaskExecutor } from "../core/task-executor.ts";
import type { UserLog } from "./activity-context.ts";
import { InProcessSession } from "./orchestration-session.ts";
import type { ActivityDefinition, Registry } from "./registry.ts";

export interface InProcessExecutorOptions {
  /** The apps of this process. The first that has a name wins. */
  readonly registries: readonly Registry[];
  /** Receives what user code logs. @defaultValue nothing */
  readonly log?: UserLog;
}

/** Runs user functions of this process. */
export class InProcessExecutor implements TaskExecutor {
  readonly #registries: readonly Registry[];
  readonly #log: UserLog;

  constructor(options: InProcessExecutorOptions) {
    this.#registries = options.registries;
    this.#log = options.log ?? (() => {});
  }

  openSession(instance: { readonly instanceId: string; readonly executionId: string }): OrchestrationSession {
    const { instanceId, executionId } = instance;
    return new InProcessSession({
      instanceId,
      executionId,
      findOrchestration: (name) => {
        for (const registry of this.#registries) {
          const definition = registry.findOrchestration(name);
          if (definition !== undefined) {
            return { orchestrator: definition.orchestrator, dataConverter: registry.dataConverter };
          }
        }
        return undefined;
      },
      log: (name, args) => this.#log("info", instanceId, name, args),
    });
  }

  async executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    const found = this.#findActivity(invocation.name);
    if (found === undefined) return { kind: "failed", failureDetails: activityNotFound(invocation.name) };
    const [definition, { dataConverter }] = found;
    try {
      const input = dataConverter.deserialize(invocation.input, `the input of activity '${invocation.name}'`);
      const result: unknown = await definition.activity(input, {
        instanceId: invocation.instance.instanceId,
        name: definition.name,
        taskId: invocation.taskId,
        deliveryCount: invocation.deliveryCount,
        signal: invocation.signal,
        log: (...args) => this.#log("info", invocation.instance.instanceId, definition.name, args),
      });
      return {
        kind: "completed",
        result: dataConverter.serialize(result, `the result of activity '${invocation.name}'`),
      };
    } catch (error) {
      // An activity that stopped because it was told to has not failed: it runs again elsewhere.
      if (invocation.signal.aborted && isAbort(error)) throw error;
      return { kind: "failed", failureDetails: describeFailure(error) };
    }
  }

  #findActivity(name: string): readonly [ActivityDefinition, Registry] | undefined {
    for (const registry of this.#registries) {
      const definition = registry.findActivity(name);
      if (definition !== undefined) return [definition, registry];
    }
    return undefined;
  }
}

function isAbort(error: unknown): boolean {
  return isDurableError(error, "Aborted") || (error instanceof Error && error.name === "AbortError");
}

function activityNotFound(name: string): FailureDetails {
  const error = new DurableError(
    "ActivityNotRegistered",
    `no activity named '${name}' is registered in this app; register it with app.activity('${name}', ...) or correct the name`,
  );
  return { ...describeFailure(error), isNonRetriable: true };
}
