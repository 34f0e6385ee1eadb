import { afterAll, expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import { DurableTaskClient } from "../../../src/portable/durable-task-client.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { methodsOf, type WrongCalls, wrongVerbs } from "./client-verbs.ts";

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

const wrong: WrongCalls = {
  ...wrongVerbs,
  purgeEntity: [
    [[], /entity/],
    [["Counter"], /has the form/],
  ],
};

it("the table has every method", () => {
  const methods = methodsOf(DurableTaskClient).filter((name) => name !== "close");

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
