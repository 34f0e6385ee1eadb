import { systemClock } from "../core/system-ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { TaskHubClient } from "../engine/task-hub-client.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";

/** How a server calls entities for its clients: by the built-in orchestration, which runs in its own process. */
export interface EntityCalls {
  start(instanceId: string, input: string | undefined): Promise<string>;
  readonly executor: TaskExecutor;
}

export function createEntityCalls(client: TaskHubClient): EntityCalls {
  return {
    start: (instanceId, input) => client.startEntityCall(instanceId, input),
    executor: new InProcessExecutor({ registries: [], clock: systemClock }),
  };
}
