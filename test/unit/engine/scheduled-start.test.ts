import { expect, it } from "vitest";
import { systemRandom } from "../../../src/core/system-ports.ts";
import type { NewInstance, TaskHubStore } from "../../../src/engine/backend.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

function openClient() {
  const created: NewInstance[] = [];
  const store = { taskHub: "Hub", createInstance: async (start: NewInstance) => void created.push(start) };
  const client = new TaskHubClient({
    store: store as unknown as TaskHubStore,
    clock: new SteppedClock(),
    random: systemRandom,
  });
  return { client, created };
}

it.each(["0001-01-01", "1600-12-31", "+010000-01-01", "no date"])(
  "a start scheduled for %s is refused before anything is sent",
  async (date) => {
    const { client, created } = openClient();
    const start = client.startInstance({ name: "Test", scheduledStartTime: new Date(date) });
    await expect(start).rejects.toMatchObject({
      code: "InvalidOption",
      message: "scheduledStartTime must be a date from the year 1601 to 9999",
    });
    expect(created).toEqual([]);
  },
);

it.each(["1601-01-01", "1970-01-01", "9999-12-31"])("a start may be scheduled for %s", async (date) => {
  const { client, created } = openClient();
  await client.startInstance({ name: "Test", scheduledStartTime: new Date(date) });
  expect(created).toMatchObject([{ event: { scheduledStartTime: new Date(date) } }]);
});
