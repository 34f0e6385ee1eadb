import { MemoryTaskHub } from "../backends/memory/memory-task-hub.ts";
import { systemClock } from "../core/system-ports.ts";

const hubs = new Map<string, MemoryTaskHub>();

/**
 * The task hub of that name in the memory of this process, which ends with it. Workers and clients that name the same hub
 * share it; names are compared ignoring case, as storage does.
 */
export function openMemoryHub(taskHub: string): MemoryTaskHub {
  const key = taskHub.toLowerCase();
  let hub = hubs.get(key);
  if (hub === undefined) {
    hub = new MemoryTaskHub({ clock: systemClock, taskHub });
    hubs.set(key, hub);
  }
  return hub;
}
