import type { EntityCalls } from "../core/entity-calls.ts";
import { systemClock } from "../core/system-ports.ts";
import type { TaskHubClient } from "../engine/task-hub-client.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";

export function createEntityCalls(client: TaskHubClient): EntityCalls {
  return {
    start: (instanceId, input) => client.startEntityCall(instanceId, input),
    executor: new InProcessExecutor({ registries: [], clock: systemClock }),
  };
}
