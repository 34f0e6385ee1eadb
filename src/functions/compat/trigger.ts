import az from "@azure/functions";
import type { ActivityTrigger, EntityTrigger, OrchestrationTrigger } from "./handlers.ts";

/** The trigger of an activity, as the Functions host names it. */
export function activity(): ActivityTrigger {
  return az.trigger.generic({ type: "activityTrigger" }) as ActivityTrigger;
}

/** The trigger of an orchestration, as the Functions host names it. */
export function orchestration(): OrchestrationTrigger {
  return az.trigger.generic({ type: "orchestrationTrigger" }) as OrchestrationTrigger;
}

/** The trigger of an entity, as the Functions host names it. */
export function entity(): EntityTrigger {
  return az.trigger.generic({ type: "entityTrigger" }) as EntityTrigger;
}
