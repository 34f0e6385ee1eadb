import type { ResolvedWorkerLimits } from "../core/worker-limits.ts";
import { InProcessExecutor, type InProcessExecutorOptions } from "../worker/in-process-executor.ts";
import { eventLoopWatchdog } from "./watchdog/event-loop-watchdog.ts";

/** An executor within limits, whose code the watchdog of this process knows. */
export function createWatchedExecutor(
  options: InProcessExecutorOptions,
  { maxActions, unknownNameGraceMs }: ResolvedWorkerLimits,
): InProcessExecutor {
  const unknownNames = unknownNameGraceMs > 0 ? "reject" : "fail";
  return new InProcessExecutor({ ...options, unknownNames, maxActions, marks: eventLoopWatchdog.marks });
}
