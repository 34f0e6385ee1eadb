import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { Backend } from "../../../src/engine/backend.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { decorateBackend } from "./decorated-backend.ts";
import type { ScenarioKind } from "./entity-scenario.ts";

/** An engine that breaks one promise of entities, to be found out by what callers see. */
export interface PlantedEntityFault {
  readonly breaks: string;
  readonly kind: ScenarioKind;
  plant(backend: Backend, random: SeededRandom): Backend;
}

export const plantedEntityFaults: readonly PlantedEntityFault[] = [
  {
    breaks: "answers are sent once the state is committed",
    kind: "counter",
    plant: (backend, random) =>
      decorateBackend(backend, {
        async completeOrchestrationWorkItem(checkpoint) {
          const { workItem, outgoing, outgoingAfterCommit = [] } = checkpoint;
          const isLost = outgoingAfterCommit.length > 0 && random.chance(0.2);
          if (!isLost) return await backend.completeOrchestrationWorkItem(checkpoint);
          await backend.completeOrchestrationWorkItem({
            workItem,
            outgoing: [...outgoing, ...outgoingAfterCommit],
            history: undefined,
            instance: undefined,
            settled: [],
            deferred: workItem.messages,
          });
          throw new Error("this worker has died");
        },
      }),
  },
  {
    breaks: "a message that was accepted before is not accepted again",
    kind: "list",
    plant: (backend) =>
      decorateBackend(backend, {
        loadHistory: async (workItem) => ({ ...(await backend.loadHistory(workItem)), acceptedMessageIds: [] }),
      }),
  },
  {
    breaks: "an entity stays locked whichever worker has it",
    kind: "lock",
    plant: (backend) => forgetting(backend, "lockedBy", "lockId"),
  },
  {
    breaks: "a lock that was given back is not taken by a repeat of its request",
    kind: "transfer",
    plant: (backend) => forgetting(backend, "releasedLocks"),
  },
  {
    breaks: "what an orchestration has sent is run once and in order",
    kind: "counter",
    plant: (backend) => forgetting(backend, "sorter"),
  },
  {
    breaks: "what is unsent is sent by whoever loads the entity",
    kind: "list",
    plant: (backend) => forgetting(backend, "outbox"),
  },
];

/** Entities without a part of what they keep, whenever a worker loads one. */
function forgetting(backend: Backend, ...members: readonly string[]): Backend {
  const forget = (event: HistoryEvent): HistoryEvent => {
    if (event.type !== "ExecutionStarted" || !event.name.startsWith("@")) return event;
    const kept = Object.entries(JSON.parse(event.input!)).filter(([name]) => !members.includes(name));
    return { ...event, input: JSON.stringify(Object.fromEntries(kept)) };
  };
  return decorateBackend(backend, {
    async loadHistory(workItem) {
      const loaded = await backend.loadHistory(workItem);
      return { ...loaded, events: loaded.events.map(forget) };
    },
  });
}
