import type { InvocationContext } from "@azure/functions";
import { type FailureDetails, formatFailure } from "../../core/failure-details.ts";
import { formatFailureTrace } from "../../core/failure-trace.ts";
import { jsonDataConverter } from "../../core/payloads/data-converter.ts";
import type { LogLevel } from "../../core/ports.ts";
import { systemClock, systemRandom } from "../../core/system-ports.ts";
import { encodeTaskTags } from "../../core/task-tags.ts";
import { describeUnawaited } from "../../core/unawaited-calls.ts";
import { InProcessExecutor } from "../../worker/in-process-executor.ts";
import type { Registry } from "../../worker/registry.ts";
import type { DurableTriggerType } from "./durable-bindings.ts";

export interface TriggerRunnerOptions {
  readonly registries: readonly Registry[];
  /** Wait between two polls of durable HTTP when the other side does not say, in milliseconds. */
  readonly httpPollIntervalMs?: number | undefined;
}

/** An activity cannot be cut off: the extension does not say when nobody wants it any more. */
const neverAborted = new AbortController().signal;

/**
 * Runs what the Durable extension calls: the code of the apps, behind the messages of its triggers.
 *
 * The extension brings the whole history each time and keeps no live sessions for workers like this one, so every episode
 * is replayed from the start.
 */
export class TriggerRunner {
  readonly #options: TriggerRunnerOptions;

  constructor(options: TriggerRunnerOptions) {
    this.#options = options;
  }

  /** What the function of a trigger returns. @throws what fails the function */
  run(trigger: DurableTriggerType, name: string, value: unknown, context: InvocationContext): Promise<unknown> {
    switch (trigger) {
      case "orchestrationTrigger":
        return this.#runOrchestration(value, context);
      case "activityTrigger":
        return this.#runActivity(name, value, context);
      case "entityTrigger":
        return this.#runEntity(value, context);
    }
  }

  async #runOrchestration(value: unknown, context: InvocationContext): Promise<string> {
    // Lazy here and below, so that an app starts without the library for messages.
    const { runOrchestrationTrigger } = await import("../../grpc/triggers/run-triggers.ts");
    return runOrchestrationTrigger(value, this.#portsFor(context));
  }

  async #runEntity(value: unknown, context: InvocationContext): Promise<string> {
    const { runEntityTrigger } = await import("../../grpc/triggers/run-triggers.ts");
    return runEntityTrigger(value, this.#portsFor(context));
  }

  async #runActivity(name: string, value: unknown, context: InvocationContext): Promise<unknown> {
    const { unwrapInput } = await import("../../grpc/triggers/task-notes.ts");
    const { input, ...notes } = unwrapInput(value);
    const outcome = await this.#executorFor(context).executeActivity({
      name,
      version: undefined,
      input: jsonDataConverter.serialize(input, `the input of activity '${name}'`),
      instance: { instanceId: instanceIdOf(context), executionId: undefined },
      // The extension tells neither the number of the task nor how often it was delivered.
      taskId: -1,
      deliveryCount: 1,
      tags: encodeTaskTags(undefined, notes),
      signal: neverAborted,
    });
    if (outcome.kind === "completed") return outcome.result === undefined ? undefined : readResult(outcome.result);
    const { failureDetails } = outcome;
    context.error(`'${name}' failed: ${formatFailureTrace(failureDetails)}`);
    const { writeFailureText } = await import("../../grpc/triggers/trigger-messages.ts");
    throw new ActivityFailure(writeFailureText(failureDetails), failureDetails);
  }

  #portsFor(context: InvocationContext) {
    return {
      executor: this.#executorFor(context),
      clock: systemClock,
      random: systemRandom,
      onFailed: (name: string, failure: FailureDetails) =>
        context.error(`'${name}' failed: ${formatFailureTrace(failure)}`),
      onUnawaited: (name: string, calls: readonly string[]) => context.warn(describeUnawaited(name, calls)),
    };
  }

  /** One for each call, whose lines go to its log. */
  #executorFor(context: InvocationContext): InProcessExecutor {
    const { registries, httpPollIntervalMs: defaultPollInterval } = this.#options;
    return new InProcessExecutor({
      registries,
      clock: systemClock,
      log: (level, _instanceId, _name, args) => writeLine(context, level, args),
      durableHttp: { defaultPollInterval },
    });
  }
}

/** The extension reads the details from the message, and makes do with its text where it is too old for that. */
class ActivityFailure extends Error {
  override readonly name = "ActivityFailure";

  constructor(message: string, details: FailureDetails) {
    super(message);
    this.stack = details.stackTrace ?? formatFailure(details);
  }
}

/** A value that `@azure/functions` writes as the JSON text that it was read from. */
function readResult(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // A large whole number would be sent as one of 64 bits, which it may not fit.
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) ? Object(value) : value;
}

function instanceIdOf({ triggerMetadata }: InvocationContext): string {
  const id = triggerMetadata?.["instanceId"];
  return typeof id === "string" ? id : "";
}

function writeLine(context: InvocationContext, level: LogLevel, args: readonly unknown[]): void {
  context[level](...args);
}
