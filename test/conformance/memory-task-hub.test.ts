import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { describeTaskHub, serveInProcess } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";

describeTaskHub("memory", async () => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return { backend: hub, store: hub, close: () => hub.deleteTaskHub() };
});

// Whatever orchestrations may do, the replay check takes nothing of it for code that replay cannot repeat.
describeTaskHub("memory, with the replay check", async () => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return {
    backend: hub,
    store: hub,
    close: () => hub.deleteTaskHub(),
    serve: (_, options) =>
      serveInProcess({ backend: hub, store: hub }, new InProcessExecutor({ ...options, replayCheck: true })),
  };
});
