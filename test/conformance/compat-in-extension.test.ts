import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { callsOfClassicApp, registerClassicApp } from "../support/functions-host-double/classic-app.ts";
import { startExtensionHost } from "../support/functions-host-double/extension-host-double.ts";

// One test: `df.app` is one app for a process.
it("df.app runs behind the Durable extension, with clients from its bindings", async () => {
  const host = await startExtensionHost({
    hub: new MemoryTaskHub({ clock: systemClock }),
    register: registerClassicApp,
  });
  try {
    const { clientInputsOf, get, tick } = callsOfClassicApp(host.worker);
    expect(["start", "tick", "status", "tour", "greet"].map(clientInputsOf)).toEqual([1, 1, 1, 0, 0]);
    expect(await get("start")).toEqual(["Hello Oslo", 1]);
    await tick();
    expect(await get("status")).toEqual(["tour", "tour"]);
  } finally {
    await host.stop();
  }
});
