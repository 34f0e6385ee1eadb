import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { describeBackend } from "../../src/testing/backend/backend-suite.ts";
import type { OpenOptions } from "../../src/testing/backend/hub-under-test.ts";
import { SteppedClock } from "../../src/testing/stepped-clock.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";

describeBackend("memory", async (options: OpenOptions = {}) => {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock, ...options });
  return {
    backend: hub,
    store: hub,
    clock,
    openAnother: async () => hub,
    expireLocks: async () => hub.expireLocks(),
    close: () => hub.deleteTaskHub(),
  };
});

describeTaskHub("memory", async () => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return { backend: hub, store: hub, close: () => hub.deleteTaskHub() };
});
