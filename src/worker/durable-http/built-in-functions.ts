import type { HttpRequestMessage } from "../../core/durable-http.ts";
import { jsonDataConverter } from "../../core/payloads/data-converter.ts";
import type { Clock } from "../../core/ports.ts";
import { callEntityOrchestratorName, httpActivityName, httpPollOrchestratorName } from "../../core/reserved-names.ts";
import type { OrchestrationCode } from "../../orchestration/replay/orchestration-code.ts";
import type { ActivityContext } from "../activity-context.ts";
import { callEntityCode } from "../call-entity-orchestrator.ts";
import type { ActivityDefinition } from "../registry.ts";
import type { ResolvedDurableHttpOptions } from "./durable-http-options.ts";
import { sendHttpRequest } from "./http-activity.ts";
import { createHttpPoller } from "./poll-orchestrator.ts";

/** The functions that every executor has, under names that no app can take. They speak plain JSON, whatever the apps do. */
export interface BuiltInFunctions {
  findOrchestration(name: string): OrchestrationCode | undefined;
  findActivity(name: string): ActivityDefinition | undefined;
}

export function createBuiltInFunctions(options: ResolvedDurableHttpOptions, clock: Clock): BuiltInFunctions {
  const poller: OrchestrationCode = { orchestrator: createHttpPoller(options), dataConverter: jsonDataConverter };
  const sender: ActivityDefinition = {
    name: httpActivityName,
    activity: (request: HttpRequestMessage, { signal }: ActivityContext) =>
      sendHttpRequest(request, { signal, clock }, options),
  };
  const orchestrations = new Map([
    [httpPollOrchestratorName, poller],
    [callEntityOrchestratorName, callEntityCode],
  ]);
  return {
    findOrchestration: (name) => orchestrations.get(name),
    findActivity: (name) => (name === httpActivityName ? sender : undefined),
  };
}
