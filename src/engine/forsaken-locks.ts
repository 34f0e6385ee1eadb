import { formatEntityInstanceId } from "../core/entity-id.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import { readAnswer } from "../entities/entity-message.ts";
import { releaseMessages } from "../entities/open-locks.ts";
import type { DeliveredMessage } from "./backend.ts";

/**
 * Gives back the locks that messages without effect grant: to executions that are over, by requests that no history knows
 * of, because the episode that sent them was lost.
 *
 * @param runningExecutionId the execution that may hold what is granted to it; absent when none runs
 */
export function releaseForsakenLocks(
  discarded: readonly DeliveredMessage[],
  runningExecutionId: string | undefined,
  now: Date,
): readonly OutgoingMessage[] {
  return discarded.flatMap(({ message: { event, target } }) => {
    const isForsaken = target.executionId !== undefined && target.executionId !== runningExecutionId;
    if (event.type !== "EventRaised" || !isForsaken) return [];
    const answer = readAnswer(event.input);
    const lockSet = answer?.kind === "completed" ? answer.lockSet : undefined;
    const locks = (lockSet ?? []).map((entity) => ({ id: event.name, target: formatEntityInstanceId(entity) }));
    return releaseMessages(target.instanceId, locks, now);
  });
}
