import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { describeBackend } from "../../src/testing/backend-suite.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";

async function openMemoryHub() {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return { backend: hub, store: hub, close: () => hub.deleteTaskHub() };
}

describeBackend("memory", openMemoryHub);
describeTaskHub("memory", openMemoryHub);
