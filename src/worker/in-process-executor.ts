import { assertHeartbeatSize, withLastHeartbeat } from "../core/activity-heartbeat.ts";
import { type CodeMarks, noMarks, type RunningCode } from "../core/code-marks.ts";
import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import { DurableError } from "../core/errors.ts";
import { describeFailure, describeTimeout, type FailureDetails } from "../core/failure-details.ts";
import { unregisteredFunction } from "../core/function-names.ts";
import type { ExecutionRef } from "../core/history-event.ts";
import { type DataConverter, jsonDataConverter } from "../core/payloads/data-converter.ts";
import { validate } from "../core/payloads/standard-schema.ts";
import { type Clock, createUserLogger } from "../core/ports.ts";
import { isReservedName } from "../core/reserved-names.ts";
import type { ActivityInvocation, ActivityOutcome, OrchestrationSession, TaskExecutor } from "../core/task-executor.ts";
import { decodeTaskTags } from "../core/task-tags.ts";
import { startTimeLimit } from "../core/time-limit.ts";
import type { OrchestrationCode } from "../orchestration/replay/orchestration-code.ts";
import { isAbortError } from "./abort-error.ts";
import type { UserLog } from "./activity-context.ts";
import { type BuiltInFunctions, createBuiltInFunctions } from "./durable-http/built-in-functions.ts";
import { type DurableHttpOptions, resolveDurableHttpOptions } from "./durable-http/durable-http-options.ts";
import type { EntityDefinition } from "./entities/entity-definition.ts";
import { EntityRunner } from "./entities/entity-runner.ts";
import { InProcessSession, type InProcessSessionOptions } from "./in-process-session.ts";
import type { ActivityDefinition, Registry } from "./registry.ts";
import { CheckedSession } from "./replay-check/checked-session.ts";

/** What an executor of this process is made of. */
export interface InProcessExecutorOptions {
  /** The apps of this process. The first that has a name wins. */
  readonly registries: readonly Registry[];
  /** What time limits of activities and of HTTP requests go by: the clock of the worker. */
  readonly clock: Clock;
  /** Receives what user code logs. @defaultValue nothing */
  readonly log?: UserLog | undefined;
  /**
   * What becomes of work whose name no app has: `fail` fails it, `reject` rejects, so that the engine may leave it to
   * others. @defaultValue "fail"
   */
  readonly unknownNames?: "fail" | "reject" | undefined;
  /** Most actions that an orchestrator may ask for at a time; more fail it. @defaultValue 100,000 */
  readonly maxActions?: number | undefined;
  /** Learns which code runs. @defaultValue nobody does */
  readonly marks?: CodeMarks | undefined;
  /** Defaults for durable HTTP, below what the apps say themselves. */
  readonly durableHttp?: DurableHttpOptions | undefined;
  /**
   * Replays each orchestration from its history beside its live session, and fails it when its code decides otherwise
   * there. For development: all orchestrator code runs several times. @defaultValue false
   */
  readonly replayCheck?: boolean | undefined;
}

/** Runs user functions of this process, and the built-in ones. */
export class InProcessExecutor implements TaskExecutor {
  readonly #registries: readonly Registry[];
  readonly #rejectsUnknownNames: boolean;
  readonly #maxActions: number | undefined;
  readonly #marks: CodeMarks;
  readonly #clock: Clock;
  readonly #log: UserLog;
  readonly #durableHttp: DurableHttpOptions;
  readonly #replayCheck: boolean;
  readonly #entityRunners = new Map<EntityDefinition, EntityRunner>();
  #builtIns: BuiltInFunctions | undefined;

  constructor(options: InProcessExecutorOptions) {
    this.#registries = options.registries;
    this.#rejectsUnknownNames = options.unknownNames === "reject";
    this.#maxActions = options.maxActions;
    this.#marks = options.marks ?? noMarks;
    this.#clock = options.clock;
    this.#log = options.log ?? (() => {});
    this.#durableHttp = options.durableHttp ?? {};
    this.#replayCheck = options.replayCheck ?? false;
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    const options = this.sessionOptions(execution, onMisuse);
    const live = new InProcessSession(options);
    if (!this.#replayCheck) return live;
    const replay = { ...options, log: () => {}, onMisuse: undefined };
    return new CheckedSession(live, () => new InProcessSession(replay));
  }

  /** @internal What a session of an execution is made of, for whoever runs its code in another way. */
  sessionOptions({ instanceId, executionId }: ExecutionRef, onMisuse?: () => void): InProcessSessionOptions {
    return {
      instanceId,
      executionId,
      findOrchestration: (name) => this.#findOrchestration(name),
      orchestrationNames: () => this.#registries.flatMap(({ orchestrationNames }) => orchestrationNames),
      rejectsUnknownNames: this.#rejectsUnknownNames,
      maxActions: this.#maxActions,
      marks: this.#marks,
      log: (level, name, args) => this.#log(level, instanceId, name, args),
      onMisuse,
    };
  }

  async executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    const { name, instance, taskId, deliveryCount, tags } = invocation;
    const found = this.#findActivity(name);
    if (found === undefined) {
      const names = this.#registries.flatMap(({ activityNames }) => activityNames);
      const error = unregisteredFunction("activity", name, names);
      if (this.#rejectsUnknownNames) throw error;
      return { kind: "failed", failureDetails: { ...describeFailure(error), isNonRetriable: true } };
    }
    const { definition, dataConverter } = found;
    const { attempt, timeoutMs, lastHeartbeat } = decodeTaskTags(tags);
    const before = invocation.lastHeartbeat ?? lastHeartbeat;
    let heartbeat = before;
    const failed = (details: FailureDetails): ActivityOutcome => ({
      kind: "failed",
      failureDetails: withLastHeartbeat(details, heartbeat),
    });
    const code = { kind: "activity", name: definition.name, instanceId: instance.instanceId, taskId } as const;
    this.#marks.started(code);
    const limit = timeoutMs === undefined ? undefined : startTimeLimit(this.#clock, timeoutMs, invocation.signal);
    try {
      const received = dataConverter.deserialize(invocation.input, `the input of activity '${name}'`);
      const input = await validate(definition.inputSchema, received, `the input of activity '${name}'`);
      const call = this.#marked(code, () =>
        definition.activity(input, {
          instanceId: instance.instanceId,
          name: definition.name,
          taskId,
          attempt,
          deliveryCount,
          // Made when first asked for: most activities never look at it.
          get signal() {
            return limit?.signal ?? invocation.signal;
          },
          get lastHeartbeat() {
            return dataConverter.deserialize(before, `the last heartbeat of activity '${name}'`);
          },
          heartbeat: (details) => {
            const text = dataConverter.serialize(details, `the heartbeat of activity '${name}'`);
            assertHeartbeatSize(text);
            heartbeat = text ?? heartbeat;
            invocation.heartbeat?.(text);
          },
          ...createUserLogger((level, args) => this.#log(level, instance.instanceId, definition.name, args)),
        }),
      );
      const returned: unknown = await call;
      if (limit?.isOver) return failed(describeTimeout(limit.ms));
      const result = await validate(definition.outputSchema, returned, `the result of activity '${name}'`);
      return { kind: "completed", result: dataConverter.serialize(result, `the result of activity '${name}'`) };
    } catch (error) {
      // An activity that stopped because it was told to has not failed: it runs again elsewhere.
      if (invocation.signal.aborted && isAbortError(error, invocation.signal)) throw error;
      if (limit?.isOver) return failed(describeTimeout(limit.ms));
      return failed(describeFailure(error));
    } finally {
      limit?.end();
      this.#marks.ended(code);
    }
  }

  /** Only until it waits: afterwards others run in between. */
  #marked<T>(code: RunningCode, run: () => T): T {
    const mark = this.#marks.enter(code);
    try {
      return run();
    } finally {
      this.#marks.leave(mark);
    }
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const { name } = batch.entity;
    const runner = this.#findEntity(name);
    if (runner === undefined) {
      throw new DurableError("EntityNotRegistered", `no entity named '${name}' is registered in this app`);
    }
    return runner.run(batch);
  }

  #findOrchestration(name: string): OrchestrationCode | undefined {
    if (isReservedName(name)) return this.#getBuiltIns().findOrchestration(name);
    for (const registry of this.#registries) {
      const definition = registry.findOrchestration(name);
      const { dataConverter, versioning } = registry;
      if (definition !== undefined) return { ...definition, dataConverter, versioning };
    }
    return undefined;
  }

  #findActivity(name: string): { definition: ActivityDefinition; dataConverter: DataConverter } | undefined {
    if (isReservedName(name)) {
      const definition = this.#getBuiltIns().findActivity(name);
      return definition && { definition, dataConverter: jsonDataConverter };
    }
    for (const registry of this.#registries) {
      const definition = registry.findActivity(name);
      if (definition !== undefined) return { definition, dataConverter: registry.dataConverter };
    }
    return undefined;
  }

  #findEntity(name: string): EntityRunner | undefined {
    for (const registry of this.#registries) {
      const definition = registry.findEntity(name);
      if (definition !== undefined) return this.#getEntityRunner(definition, registry);
    }
    return undefined;
  }

  /** Made once for each entity: to find the operations of a class takes time. */
  #getEntityRunner(definition: EntityDefinition, { dataConverter, versioning }: Registry): EntityRunner {
    let runner = this.#entityRunners.get(definition);
    if (runner === undefined) {
      runner = new EntityRunner({
        definition,
        dataConverter,
        defaultVersion: versioning?.version,
        marks: this.#marks,
        log: (level, instanceId, args) => this.#log(level, instanceId, definition.name, args),
      });
      this.#entityRunners.set(definition, runner);
    }
    return runner;
  }

  /** Made when first needed: all apps are loaded by then. */
  #getBuiltIns(): BuiltInFunctions {
    const perApp = this.#registries.map(({ durableHttp }) => durableHttp);
    this.#builtIns ??= createBuiltInFunctions(resolveDurableHttpOptions(this.#durableHttp, perApp), this.#clock);
    return this.#builtIns;
  }
}
