import type { ActivityContext as WorkerActivityContext } from "../worker/activity-context.ts";

/** What an activity knows of the call it answers: its first argument. What it logs is marked with the instance. */
export interface ActivityContext extends WorkerActivityContext {
  /** Another name of `instanceId`. */
  readonly orchestrationId: string;
}

/** The context as portable activities have it: the same object, which belongs to one call. */
export function createActivityContext(context: WorkerActivityContext): ActivityContext {
  return Object.assign(context, { orchestrationId: context.instanceId });
}
