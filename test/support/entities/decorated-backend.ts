import type { Backend, OrchestrationWorkItem } from "../../../src/engine/backend.ts";

/** A backend that does some things otherwise. */
export function decorateBackend(backend: Backend, others: Partial<Backend>): Backend {
  return {
    taskHub: backend.taskHub,
    start: () => backend.start(),
    stop: () => backend.stop(),
    fetchOrchestrationWorkItem: (signal) => backend.fetchOrchestrationWorkItem(signal),
    fetchEntityWorkItem: (signal) => backend.fetchEntityWorkItem(signal),
    noteRun: (workItem, note) => backend.noteRun(workItem, note),
    loadHistory: (workItem) => backend.loadHistory(workItem),
    renewOrchestrationWorkItem: (workItem) => backend.renewOrchestrationWorkItem(workItem),
    completeOrchestrationWorkItem: (checkpoint) => backend.completeOrchestrationWorkItem(checkpoint),
    abandonOrchestrationWorkItem: (workItem) => backend.abandonOrchestrationWorkItem(workItem),
    fetchActivityWorkItem: (signal, demand) => backend.fetchActivityWorkItem(signal, demand),
    renewActivityWorkItem: (workItem, heartbeat) => backend.renewActivityWorkItem(workItem, heartbeat),
    completeActivityWorkItem: (workItem, answer) => backend.completeActivityWorkItem(workItem, answer),
    abandonActivityWorkItem: (workItem) => backend.abandonActivityWorkItem(workItem),
    readInstanceProgress: (instanceId) => backend.readInstanceProgress(instanceId),
    ...others,
  };
}

/**
 * Keeps `repeated` faults to what a store may do: what was settled and deleted does not come again, and whoever settles a
 * message that only came as a repeat is told that it is still there.
 */
export class SettledMessages {
  readonly #ids = new Set<string>();

  /** Takes note of what is settled. */
  observe(hub: Backend): Backend {
    return decorateBackend(hub, {
      completeOrchestrationWorkItem: async (checkpoint) => {
        const receipt = await hub.completeOrchestrationWorkItem(checkpoint);
        const kept = new Set(receipt.undeleted);
        for (const { id } of checkpoint.settled) if (!kept.has(id)) this.#ids.add(id);
        return receipt;
      },
    });
  }

  leaveOut(backend: Backend): Backend {
    const leaveOut = (workItem: OrchestrationWorkItem | undefined) => {
      const messages = workItem?.messages.filter(({ id }) => !this.#ids.has(id)) ?? [];
      if (workItem === undefined || messages.length === workItem.messages.length) return workItem;
      // The same object: the backend knows it by that.
      return Object.assign(workItem, { messages });
    };
    return decorateBackend(backend, {
      fetchOrchestrationWorkItem: async (signal) => leaveOut(await backend.fetchOrchestrationWorkItem(signal)),
      fetchEntityWorkItem: async (signal) => leaveOut(await backend.fetchEntityWorkItem(signal)),
      completeOrchestrationWorkItem: async (checkpoint) => {
        const receipt = await backend.completeOrchestrationWorkItem(checkpoint);
        const undeleted = checkpoint.settled.flatMap(({ id }) => (this.#ids.has(id) ? [] : id));
        return { ...receipt, undeleted };
      },
    });
  }
}
