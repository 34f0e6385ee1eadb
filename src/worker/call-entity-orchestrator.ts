import type { EntityCallMessage } from "../core/entity-client.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { formatAnswer } from "../entities/entity-message.ts";
import type { DurableTask } from "../orchestration/durable-task.ts";
import type { OrchestrationContext } from "../orchestration/orchestration-context.ts";
import type { OrchestrationCode } from "../orchestration/replay/orchestration-code.ts";

/** Values are the texts that are stored: what goes to the entity and comes back is not read on the way. */
const textConverter: DataConverter = {
  serialize: (value) => value as string | undefined,
  deserialize: (text) => text,
};

/** The orchestration behind `client.callEntity`. Its output is the entity's answer, so that a failure keeps its details. */
export const callEntityCode: OrchestrationCode = { orchestrator: callEntity, dataConverter: textConverter };

function* callEntity(context: OrchestrationContext, message: string): Generator<DurableTask<unknown>, string, unknown> {
  const { entity, operation, input } = JSON.parse(message) as EntityCallMessage;
  try {
    const result = (yield context.callEntity(entity, operation, input)) as string | undefined;
    return formatAnswer({ kind: "completed", result });
  } catch (error) {
    const { failureDetails } = error as { readonly failureDetails?: FailureDetails };
    if (failureDetails === undefined) throw error;
    return formatAnswer({ kind: "failed", failureDetails });
  }
}
