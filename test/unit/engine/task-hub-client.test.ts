import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

function openClient() {
  const clock = new SteppedClock();
  return new TaskHubClient({ store: new MemoryTaskHub({ clock }), clock, random: systemRandom });
}

it.each<[string, (client: TaskHubClient, id: string) => Promise<unknown>]>([
  ["a start", (client, instanceId) => client.startInstance({ name: "seq", instanceId })],
  ["an event", (client, id) => client.raiseEvent(id, "Go", undefined)],
  ["a termination", (client, id) => client.terminate(id, undefined)],
  ["a suspension", (client, id) => client.suspend(id, undefined)],
  ["a resumption", (client, id) => client.resume(id, undefined)],
  ["a rewind", (client, id) => client.rewind(id, undefined)],
  ["a restart", (client, id) => client.restart(id, { restartWithNewInstanceId: true })],
  ["a purge", (client, id) => client.purge(id)],
])("refuses %s under an id that no hub accepts", async (_, ask) => {
  const client = openClient();

  for (const id of ["", "\ud800", "@counter@a", 7 as unknown as string]) {
    await expect(ask(client, id)).rejects.toMatchObject({ code: "InvalidInstanceId" });
  }
});

it.each<[string, (client: TaskHubClient, id: string) => Promise<unknown>]>([
  ["a status query", (client, id) => client.getInstance(id)],
  ["a look at the history", (client, id) => client.getHistory(id)],
])("takes any id that other programs may have given for %s, and refuses what no hub accepts", async (_, ask) => {
  const client = openClient();

  for (const id of ["", "\ud800", 7 as unknown as string]) {
    await expect(ask(client, id)).rejects.toMatchObject({ code: "InvalidInstanceId" });
  }
  for (const id of ["@counter@a", "@counter", "@@a", "a/b", "a#b"]) expect(await ask(client, id)).toBeUndefined();
});

it("starts nothing under an id with slashes, and looks for what other programs have started there", async () => {
  const client = openClient();

  const start = client.startInstance({ name: "seq", instanceId: "a/b" });

  await expect(start).rejects.toMatchObject({ code: "InvalidInstanceId" });
  expect(await client.getInstance("a/b")).toBeUndefined();
  await expect(client.raiseEvent("a/b", "Go", undefined)).rejects.toMatchObject({ code: "InstanceNotFound" });
});

it.each(["", "@counter", "BuiltIn__HttpPollOrchestrator", 1 as unknown as string])(
  "starts nothing under the name %j",
  async (name) => {
    await expect(openClient().startInstance({ name })).rejects.toMatchObject({ code: "InvalidOption" });
  },
);
