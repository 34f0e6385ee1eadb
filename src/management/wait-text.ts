import type { NamedEvents } from "../core/event-waits.ts";
import type { InstanceWait } from "./instance-waits.ts";

export interface WaitTextOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What is said of a time beside it, such as how far away it is. @defaultValue nothing */
  readonly distance?: (time: Date) => string;
  /** Status of a sub-orchestration, where it is known. */
  readonly statusOf?: (instanceId: string) => string | undefined;
  /** @defaultValue the whole text */
  readonly shorten?: (text: string, length: number) => string;
}

/** What is waited for, in words. */
export function formatWait(wait: InstanceWait, options: WaitTextOptions): string {
  const { now, distance, statusOf, shorten = (text) => text } = options;
  switch (wait.kind) {
    case "worker":
      return wait.notBefore !== undefined && wait.notBefore.getTime() > now
        ? `its start at ${wait.notBefore.toISOString()}`
        : "a worker that takes it up";
    case "resume":
      return `being resumed${wait.reason ? `: ${shorten(wait.reason, 100)}` : ""}`;
    case "activity":
      return `activity '${wait.name}'${wait.attempt > 1 ? `, attempt ${wait.attempt}` : ""}`;
    case "timer":
      return `timer, due ${wait.fireAt.toISOString()}${distance === undefined ? "" : ` ${distance(wait.fireAt)}`}`;
    case "sub-orchestration": {
      const status = statusOf?.(wait.instanceId);
      return `sub-orchestration '${wait.name}' ${wait.instanceId}${status === undefined ? "" : `, ${status}`}`;
    }
    case "event":
      return wait.name === undefined
        ? "an event (its worker has not noted which)"
        : formatNamedEvents({ ...wait, name: wait.name });
    case "entity":
      return `entity ${wait.entity}, operation '${wait.operation}'`;
    case "lock":
      return `lock of ${wait.entities.join(", ")}`;
  }
}

export function formatNamedEvents({ name, count }: Pick<NamedEvents, "name" | "count">): string {
  return `event '${name}'${count > 1 ? `, ${count} times` : ""}`;
}
