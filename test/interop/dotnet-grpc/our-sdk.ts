import type { OrchestrationState } from "../../../src/client/orchestration-state.ts";
import type { FailureDetails } from "../../../src/core/failure-details.ts";
import { TaskHubGrpcClient, TaskHubGrpcWorker } from "../../../src/portable/task-hub-grpc.ts";
import { registerOurApp } from "./our-app.ts";
import { type SdkFailure, type SdkState, SdkUnderTest } from "./sdk-under-test.ts";

/** What our worker calls them. */
export const ourFailures = {
  thrown: "RangeError",
  cause: "TypeError",
  flaky: "EvalError",
  task: "TaskFailedError",
  unknownOrchestration: "OrchestratorNotRegistered",
  unknownActivity: "ActivityNotRegistered",
};

/** Our client and our worker of a sidecar. */
export class OurSdk extends SdkUnderTest {
  readonly failures = ourFailures;
  readonly client: TaskHubGrpcClient;
  readonly #worker: TaskHubGrpcWorker;

  constructor(address: string) {
    super();
    this.client = new TaskHubGrpcClient(address);
    this.#worker = new TaskHubGrpcWorker(address, { log: () => {} });
    registerOurApp(this.#worker);
  }

  startWorker(): Promise<void> {
    return this.#worker.start();
  }

  async stop(): Promise<void> {
    await this.#worker.stop();
    await this.client.close();
  }

  override async ask<T>(op: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return (await this.#answer(op, args)) as T;
  }

  async #answer(op: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { client } = this;
    const { instanceId, name = "", version, reason } = args as Record<string, string>;
    const { input, output } = args;
    const id = instanceId ?? "";
    switch (op) {
      case "start":
        return client.scheduleNewOrchestration(name, { input, instanceId, version });
      case "get": {
        const state = await client.getOrchestrationState(id, { fetchPayloads: args["bare"] !== true });
        return state && describe(state);
      }
      case "waitForStart":
        return describe(await client.waitForOrchestrationStart(id, { timeout: timeoutMs }));
      case "waitForEnd":
        return describe(await client.waitForOrchestrationCompletion(id, { timeout: timeoutMs }));
      case "raise":
        return client.raiseOrchestrationEvent(id, name, input);
      case "terminate":
        return client.terminateOrchestration(id, { output });
      case "suspend":
        return client.suspendOrchestration(id, reason);
      case "resume":
        return client.resumeOrchestration(id, reason);
      case "purge":
        return (await client.purgeOrchestration(id)).deletedInstanceCount;
      default:
        throw new TypeError(`no operation '${op}'`);
    }
  }
}

const timeoutMs = 20_000;

function describe(state: OrchestrationState): SdkState {
  const { instanceId, name, runtimeStatus, input, output, customStatus, failureDetails } = state;
  return {
    instanceId,
    name,
    status: runtimeStatus,
    input,
    output,
    customStatus,
    ...(failureDetails === undefined ? {} : { failure: describeFailure(failureDetails) }),
    createdAt: state.createdAt.toISOString(),
    lastUpdatedAt: state.lastUpdatedAt.toISOString(),
  };
}

function describeFailure({ errorType, errorMessage, innerFailure, stackTrace }: FailureDetails): SdkFailure {
  return {
    type: errorType,
    message: errorMessage,
    ...(innerFailure === undefined ? {} : { inner: describeFailure(innerFailure) }),
    hasStack: Boolean(stackTrace),
  };
}
