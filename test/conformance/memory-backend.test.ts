import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import type { Backend } from "../../src/engine/backend.ts";
import { describeBackend } from "../../src/testing/backend/backend-suite.ts";
import type { BackendUnderTest, OpenOptions } from "../../src/testing/backend/hub-under-test.ts";
import { SteppedClock } from "../../src/testing/stepped-clock.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { withBackendFaults } from "../../src/testing/with-backend-faults.ts";

async function open(options: OpenOptions, decorate: (hub: MemoryTaskHub) => Backend): Promise<BackendUnderTest> {
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

describeBackend("memory", (options = {}) => open(options, (hub) => hub));
describeBackend("memory behind faults that never come", (options = {}) =>
  open(options, (hub) => withBackendFaults(hub, [])),
);

describeTaskHub("memory", async () => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return { backend: hub, store: hub, close: () => hub.deleteTaskHub() };
});
