import { expect, it } from "vitest";
import type { OrchestrationClient } from "../../../../src/core/orchestration-client.ts";
import { systemRandom } from "../../../../src/core/system-ports.ts";
import type { TaskHubChannel } from "../../../../src/grpc/channel/task-hub-channel.ts";
import { GrpcOrchestrationClient } from "../../../../src/grpc/client/grpc-orchestration-client.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

/** A client whose channel must not be used. */
function openClient(taskHub?: string): OrchestrationClient {
  const refuse = () => {
    throw new Error("nothing must be sent");
  };
  const channel: TaskHubChannel = { target: "t", taskHub, unary: refuse, stream: refuse, close: refuse };
  return new GrpcOrchestrationClient({ channel, clock: new SteppedClock(), random: systemRandom });
}

it("a hub without a name is the default one", () => {
  expect([openClient().taskHub, openClient("mine").taskHub]).toEqual(["default", "mine"]);
});

it.each<[string, (client: OrchestrationClient, id: string) => Promise<unknown>]>([
  ["a start", (client, instanceId) => client.startInstance({ name: "seq", instanceId })],
  ["an event", (client, id) => client.raiseEvent(id, "Go", undefined)],
  ["a termination", (client, id) => client.terminate(id, undefined)],
  ["a suspension", (client, id) => client.suspend(id, undefined)],
  ["a resumption", (client, id) => client.resume(id, undefined)],
  ["a rewind", (client, id) => client.rewind(id, undefined)],
  ["a restart", (client, id) => client.restart(id, { restartWithNewInstanceId: true })],
  ["a purge", (client, id) => client.purge(id)],
  ["a status query", (client, id) => client.getInstance(id)],
  ["a wait", (client, id) => client.waitForInstance(id, "ended")],
  ["a look at the history", (client, id) => client.getHistory(id)],
])("sends nothing for %s under an id that no hub accepts", async (_, ask) => {
  for (const id of ["", "\ud800", 7 as unknown as string]) {
    await expect(ask(openClient(), id)).rejects.toMatchObject({ code: "InvalidInstanceId" });
  }
});

it.each<[string, (client: OrchestrationClient) => Promise<unknown>]>([
  ["no name", (client) => client.startInstance({ name: "" })],
  ["a reserved name", (client) => client.startInstance({ name: "BuiltIn__CallEntity" })],
  ["the name of an entity", (client) => client.startInstance({ name: "@counter" })],
  ["a start out of time", (client) => client.startInstance({ name: "seq", scheduledStartTime: new Date(8.64e15) })],
  ["an event without a name", (client) => client.raiseEvent("a", "", undefined)],
  ["a reserved event", (client) => client.raiseEvent("a", "BuiltIn__Wake", undefined)],
  ["a page of nothing", (client) => client.queryInstances({ pageSize: 0 })],
  ["a page of a half", (client) => client.listInstanceIds({ pageSize: 0.5 })],
  ["a page of no entities", (client) => client.entities.query({ pageSize: -1 })],
  ["a key without a name", (client) => client.entities.query({ keyPrefix: "a" })],
  ["a request id that is none", (client) => client.entities.signal("@counter@a", { requestId: "1" })],
  ["a signal out of time", (client) => client.entities.signal("@counter@a", { scheduledTime: new Date(Number.NaN) })],
  ["an operation that is no text", (client) => client.entities.call("@counter@a", { operation: 1 as never })],
])("sends nothing for %s", async (_, ask) => {
  await expect(ask(openClient())).rejects.toMatchObject({ code: "InvalidOption" });
});

it("sends nothing for what is no entity, nor for a rest that no server knows", async () => {
  const { entities } = openClient();

  await expect(entities.signal("counter", {})).rejects.toMatchObject({ code: "InvalidEntityId" });
  await expect(entities.get("@counter")).rejects.toMatchObject({ code: "InvalidEntityId" });
  await expect(entities.purge({ name: "", key: "a" })).rejects.toMatchObject({ code: "InvalidEntityId" });
  await expect(entities.cleanStorage({ minEmptyMs: 0 })).rejects.toMatchObject({ code: "NotSupported" });
});
