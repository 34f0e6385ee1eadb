import { formatEntityInstanceId, isEntityInstanceId } from "../core/entity-id.ts";
import type { EventSent, HistoryEvent } from "../core/history-event.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import { formatRelease, operationEventName, readRelease, readRequest, releaseEventName } from "./entity-message.ts";

/** A lock that an execution has asked for, on one entity. */
export interface OpenLock {
  /** Id of the lock request. */
  readonly id: string;
  /** The entity, as an instance. */
  readonly target: string;
}

/** The locks that an execution has asked for and not given back: a fold over its events. */
export class OpenLocks {
  /** By lock request: the entities. Absent before the first. */
  #targets: Map<string, Set<string>> | undefined;

  constructor(before: readonly OpenLock[] = []) {
    for (const { id, target } of before) {
      this.#targets ??= new Map();
      this.#targets.set(id, (this.#targets.get(id) ?? new Set()).add(target));
    }
  }

  add(event: HistoryEvent): void {
    if (event.type === "EventSent") this.addSent(event);
  }

  /** An event that the execution has sent, or may have sent. */
  addSent({ instanceId, name, input }: Pick<EventSent, "instanceId" | "name" | "input">): void {
    if (typeof instanceId !== "string" || !isEntityInstanceId(instanceId)) return;
    if (name === operationEventName) this.#ask(input);
    else if (name === releaseEventName) this.#release(instanceId, input);
  }

  get locks(): readonly OpenLock[] {
    return [...(this.#targets ?? [])].flatMap(([id, targets]) => [...targets].map((target) => ({ id, target })));
  }

  #ask(input: string | undefined): void {
    // Nearly all requests are operations: they need not be parsed.
    if (input?.includes('"lockset"') !== true) return;
    const { id, lockSet } = readRequest(input) ?? {};
    if (id === undefined || lockSet === undefined) return;
    this.#targets ??= new Map();
    this.#targets.set(id, new Set(lockSet.map(formatEntityInstanceId)));
  }

  #release(target: string, input: string | undefined): void {
    const release = readRelease(input);
    const targets = release && this.#targets?.get(release.id);
    if (release === undefined || targets === undefined) return;
    targets.delete(target);
    if (targets.size === 0) this.#targets?.delete(release.id);
  }
}

/** What gives locks back, whether they are held, or the request is still on its way. */
export function releaseMessages(
  parentInstanceId: string,
  locks: readonly OpenLock[],
  timestamp: Date,
): readonly OutgoingMessage[] {
  return locks.map(({ id, target }) => ({
    message: {
      event: {
        type: "EventRaised",
        eventId: -1,
        timestamp,
        name: releaseEventName,
        input: formatRelease({ parentInstanceId, id }),
        parentTraceContext: undefined,
      },
      target: { instanceId: target, executionId: undefined },
    },
  }));
}
