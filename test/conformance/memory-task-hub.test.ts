import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";

describeTaskHub("memory", async () => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return { backend: hub, store: hub, close: () => hub.deleteTaskHub() };
});
