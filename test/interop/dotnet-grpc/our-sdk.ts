import type { FailureDetails } from "../../../src/core/failure-details.ts";
import type { OrchestrationClient } from "../../../src/core/orchestration-client.ts";
import type { OrchestrationState } from "../../../src/core/orchestration-state.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { openChannel, type TaskHubChannel } from "../../../src/grpc/channel/task-hub-channel.ts";
import { GrpcOrchestrationClient } from "../../../src/grpc/client/grpc-orchestration-client.ts";
import { GrpcWorker } from "../../../src/grpc/worker/grpc-worker.ts";
import { createOurExecutor } from "./our-app.ts";
import { type SdkFailure, type SdkState, SdkUnderTest } from "./sdk-under-test.ts";

/** Our client and our worker of a sidecar. */
export class OurSdk extends SdkUnderTest {
  readonly failures = {
    thrown: "RangeError",
    cause: "TypeError",
    flaky: "EvalError",
    task: "TaskFailedError",
    unknownOrchestration: "OrchestratorNotRegistered",
    unknownActivity: "ActivityNotRegistered",
  };
  readonly #channel: TaskHubChannel;
  readonly #client: OrchestrationClient;
  readonly #worker: GrpcWorker;

  constructor(address: string) {
    super();
    const ports = { clock: systemClock, random: systemRandom };
    this.#channel = openChannel({ address });
    this.#client = new GrpcOrchestrationClient({ channel: this.#channel, ...ports });
    const executor = createOurExecutor();
    this.#worker = new GrpcWorker({
      openChannel: () => openChannel({ address }),
      executor,
      log: { log: () => {} },
      ...ports,
    });
  }

  startWorker(): Promise<void> {
    return this.#worker.start();
  }

  async stop(): Promise<void> {
    await this.#worker.stop();
    this.#channel.close();
  }

  override async ask<T>(op: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return (await this.#answer(op, args)) as T;
  }

  async #answer(op: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    const client = this.#client;
    const { instanceId, name, version } = args as Record<string, string>;
    const id = instanceId ?? "";
    const wait = { fetchInput: true, fetchFailure: true, timeoutMs: 20_000 };
    switch (op) {
      case "start":
        return client.startInstance({ name: name!, version, instanceId, input: write(args["input"]) });
      case "get": {
        const fetches = args["bare"] === true ? { fetchInput: false } : wait;
        return describe(await client.getInstance(id, fetches));
      }
      case "waitForStart":
        return describe(await client.waitForInstance(id, "started", wait));
      case "waitForEnd":
        return describe(await client.waitForInstance(id, "ended", wait));
      case "raise":
        return client.raiseEvent(id, name!, write(args["input"]));
      case "terminate":
        return client.terminate(id, write(args["output"]));
      case "suspend":
        return client.suspend(id, args["reason"] as string);
      case "resume":
        return client.resume(id, args["reason"] as string);
      case "purge":
        return client.purge(id);
      default:
        throw new TypeError(`no operation '${op}'`);
    }
  }
}

function write(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function read(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return `not JSON: ${text}`;
  }
}

function describe(state: OrchestrationState | undefined): SdkState | undefined {
  if (state === undefined) return undefined;
  const { instanceId, name, runtimeStatus, input, output, customStatus, failureDetails, tags } = state;
  return {
    instanceId,
    name,
    status: runtimeStatus,
    input: read(input),
    output: read(output),
    customStatus: read(customStatus),
    ...(failureDetails === undefined ? {} : { failure: describeFailure(failureDetails) }),
    createdAt: state.createdTime.toISOString(),
    lastUpdatedAt: state.lastUpdatedTime.toISOString(),
    ...(tags === undefined ? {} : { tags }),
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
