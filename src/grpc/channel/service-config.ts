import { TaskHubSidecarService } from "../proto/orchestrator_service_pb.ts";
import type { MethodName } from "../service/service-definition.ts";

/**
 * Calls whose second run does something more: another event, another instance. Only a call that found no server is made
 * again; one whose answer was lost is not.
 */
const unrepeatable: ReadonlySet<MethodName> = new Set<MethodName>([
  "raiseEvent",
  "restartInstance",
  "rewindInstance",
  "startInstance",
  "getWorkItems",
  "streamInstanceHistory",
]);

/** How often a call is made at most, in about two seconds. */
export const maxAttempts = 10;

/** `true` for calls that are not made again once they may have arrived. */
export function isMadeOnce(name: MethodName): boolean {
  return unrepeatable.has(name);
}

const repeatable = (Object.keys(TaskHubSidecarService.method) as MethodName[]).filter(
  (name) => !unrepeatable.has(name),
);

/**
 * How gRPC itself makes calls again: those that bear it, ten times in all when nobody answers, in about one and a half
 * seconds. Without a throttle, because a server that restarts fails all calls for a while.
 */
export const serviceConfig: string = JSON.stringify({
  methodConfig: [
    {
      name: repeatable.map((name) => ({
        service: TaskHubSidecarService.typeName,
        method: TaskHubSidecarService.method[name].name,
      })),
      retryPolicy: {
        maxAttempts,
        initialBackoff: "0.05s",
        maxBackoff: "0.25s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
});
