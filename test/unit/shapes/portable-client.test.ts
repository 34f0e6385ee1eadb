import { afterAll, expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import { DurableTaskClient } from "../../../src/portable/durable-task-client.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

// Every public method of the portable clients, with what JavaScript may hand over by mistake.

const hub = new VirtualHub();
const registry = new Registry();
registry.addOrchestration({ name: "order", orchestrator: (context) => context.getInput() });
afterAll(() => hub[Symbol.asyncDispose]());

class ClientUnderTest extends DurableTaskClient {
  constructor(options: object = {}) {
    super(async () => ({ client: hub.client, close: async () => {} }), options);
  }
}
const client = new ClientUnderTest();
const day = new Date("2030-01-01T00:00:00Z");
await client.scheduleNewOrchestration("order", { instanceId: "known", startAt: day });

type Wrong = readonly [given: readonly unknown[], message: RegExp];

const badId: readonly Wrong[] = [undefined, 5, {}, ""].map((id) => [[id], /instance id/]);
const reason: readonly Wrong[] = [[["known", { reason: "x" }], /the reason of .* must be a text/]];
const conditions: readonly Wrong[] = [
  [[{ createdFrom: "2030" }], /'createdFrom' of .* must be a valid Date, but got "2030"/],
  [[{ runtimeStatus: "Running" }], /'runtimeStatus' of .* must be a list of Running/],
  [[{ createdTimeFrom: day }], /no option 'createdTimeFrom'; it takes runtimeStatus, createdFrom/],
  [[{ tags: ["a"] }], /'tags' of/],
  [[5], /needs an object with options/],
];
const waits: readonly Wrong[] = [
  ...badId,
  [["known", 5], /needs an object with options \(\{ fetchPayloads, timeout, signal \}\), but got 5/],
  [["known", { timeout: "soon" }], /'timeout' of .* must be a length of time/],
  [["known", { timeOut: 1 }], /did you mean 'timeout'/],
];

const wrong: Readonly<Record<string, readonly Wrong[]>> = {
  scheduleNewOrchestration: [
    [[undefined], /orchestration/],
    [["order", "id-1"], /scheduleNewOrchestration needs an object/],
    [["order", { instanceID: "x" }], /did you mean 'instanceId'/],
    [["order", { startAt: 5 }], /'startAt' of scheduleNewOrchestration must be a valid Date/],
    [["order", { version: 1 }], /'version' of/],
    [["order", { tags: { a: 1 } }], /'tags' of/],
    [["order", { reusableStatuses: "Failed" }], /'reusableStatuses' of .* must be a list/],
    [["order", { instanceId: ".." }], /must not be '\.\.'/],
  ],
  getOrchestrationState: [
    ...badId,
    [["known", false], /needs an object/],
    [["known", { fetchPayload: true }], /did you mean/],
  ],
  waitForOrchestrationStart: waits,
  waitForOrchestrationCompletion: waits,
  getAllInstances: [...conditions, [[{ pageSize: 0 }], /'pageSize' of getAllInstances/]],
  countInstances: [...conditions, [[{ pageSize: 5 }], /no option 'pageSize'/]],
  listInstanceIds: [
    [[{ completedTimeFrom: day }], /no option/],
    [[{ completedFrom: 5 }], /'completedFrom' of listInstanceIds/],
  ],
  raiseOrchestrationEvent: [
    ...badId.map(([[id], message]) => [[id, "go"], message] as const),
    [["known"], /the name of an event/],
  ],
  terminateOrchestration: [
    ...badId,
    [["known", { reason: "x" }], /no option 'reason'; it takes output, recursive/],
    [["known", 5], /needs an object/],
  ],
  suspendOrchestration: [...badId, ...reason],
  resumeOrchestration: [...badId, ...reason],
  rewindInstance: [...badId, ...reason],
  restartOrchestration: [
    ...badId,
    [["known", "true"], /needs an object/],
    [["known", { newId: true }], /no option 'newId'/],
  ],
  purgeOrchestration: [
    [[], /an instance id, a list of them, or a filter/],
    [[5], /an instance id, a list of them, or a filter/],
    [[[1, 2]], /an instance id, a list of them, or a filter/],
    [[{}], /needs a time or a status/],
    [[{ olderThan: day }], /'olderThan' of purgeOrchestration must be a length of time/],
    [[{ createdBefore: day }], /purgeOrchestration has no option 'createdBefore'/],
    [["known", { recursiv: true }], /did you mean 'recursive'/],
  ],
  deleteTaskHub: [[[true], /needs an object/]],
  getOrchestrationHistory: badId,
  signalEntity: [
    [["Counter", "add"], /has the form/],
    [["@c@k"], /the operation/],
    [["@c@..", "add"], /must not be/],
    [["@c@k", "add", 1, day], /needs an object/],
  ],
  callEntity: [
    [["Counter", "add"], /has the form/],
    [["@c@k"], /the operation/],
    [["@c@k", "add", 1, 5], /needs an object/],
  ],
  getEntity: [
    [[5], /entity/],
    [["@c@k", { state: false }], /no option 'state'/],
  ],
  getEntities: [
    [["Counter"], /needs an object/],
    [[{ keyprefix: "a" }], /did you mean 'keyPrefix'/],
  ],
  cleanEntityStorage: [[[true], /needs an object/]],
};

it("the table has every method", () => {
  const others = ["constructor", "close"];
  const methods = Object.getOwnPropertyNames(DurableTaskClient.prototype).filter((name) => !others.includes(name));

  expect(Object.keys(wrong).sort()).toEqual(methods.sort());
});

const cases = Object.entries(wrong).flatMap(([method, list]) =>
  list.map(([given, message]) => [method, given, message] as const),
);

it.each(cases)("%s(...%j) is refused with the right form", async (method, given, message) => {
  const verb = (client as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[method]!;

  const error: unknown = await Promise.resolve()
    .then(() => verb.apply(client, [...given]))
    // Lists are read when they are asked for.
    .then(
      (answer) => (answer as { toArray?: () => Promise<unknown> } | undefined)?.toArray?.() ?? "nothing was refused",
    )
    .catch((thrown: unknown) => thrown);

  expect(isDurableError(error), String(error)).toBe(true);
  expect((error as Error).message).toMatch(message);
});

it("what other SDKs take by position is taken", async () => {
  const old = client as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  await client.scheduleNewOrchestration("order", { instanceId: "ends" });

  await old["terminateOrchestration"]!("ends", "enough");
  expect(await old["restartOrchestration"]!("known", true).catch(String)).not.toBe("known");
});

it.each<[string, object, RegExp]>([
  ["a converter without its functions", { dataConverter: { serialize: String } }, /'serialize' and 'deserialize'/],
  ["a number as version", { defaultVersion: 2 }, /'defaultVersion' of this client must be a text/],
])("a client with %s is refused", (_, options, message) => {
  expect(() => new ClientUnderTest(options)).toThrow(message);
});
