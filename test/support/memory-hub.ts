import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import type { Backend } from "../../src/engine/backend.ts";
import type { BackendUnderTest, OpenOptions } from "../../src/testing/backend/hub-under-test.ts";
import { SteppedClock } from "../../src/testing/stepped-clock.ts";

/** A hub in memory for the suite of backends, on a clock that the suite moves. */
export async function openMemoryHub(
  options: OpenOptions = {},
  decorate: (hub: MemoryTaskHub) => Backend = (hub) => hub,
): Promise<BackendUnderTest> {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock, ...options });
  return {
    backend: decorate(hub),
    store: hub,
    clock,
    openAnother: async () => decorate(hub),
    expireLocks: async () => hub.expireLocks(),
    close: () => hub.deleteTaskHub(),
  };
}
