import { DurableError, isDurableError } from "../../core/errors.ts";
import type { TerminateOptions } from "../../core/orchestration-client.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import { GrpcOrchestrationClient } from "../../grpc/client/grpc-orchestration-client.ts";

/**
 * The client of the Durable extension. Older extensions answer to what an instance is not in a state for with an error
 * that says nothing, so the instance is looked at then.
 */
export class ExtensionClient extends GrpcOrchestrationClient {
  override raiseEvent(instanceId: string, name: string, input: string | undefined): Promise<void> {
    return this.#judge(instanceId, super.raiseEvent(instanceId, name, input));
  }

  override terminate(instanceId: string, reason: string | undefined, options?: TerminateOptions): Promise<void> {
    return this.#judge(instanceId, super.terminate(instanceId, reason, options));
  }

  override suspend(instanceId: string, reason: string | undefined): Promise<void> {
    return this.#judge(instanceId, super.suspend(instanceId, reason));
  }

  override resume(instanceId: string, reason: string | undefined): Promise<void> {
    return this.#judge(instanceId, super.resume(instanceId, reason));
  }

  async #judge(instanceId: string, call: Promise<void>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (!isDurableError(error, "ServiceRejected")) throw error;
      const state = await this.getInstance(instanceId, { fetchInput: false }).catch(() => {
        throw error;
      });
      if (state === undefined) {
        throw new DurableError("InstanceNotFound", `there is no instance '${instanceId}'`, { cause: error });
      }
      if (!isTerminalStatus(state.runtimeStatus)) throw error;
      const message = `the instance '${instanceId}' has ended: it is ${state.runtimeStatus}`;
      throw new DurableError("InstanceNotActive", message, { cause: error });
    }
  }
}
