import az from "@azure/functions";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import { DurableClient } from "../../../src/functions/durable-client.ts";
import { defineEvent } from "../../../src/orchestration/external-event.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { methodsOf, type Wrong, type WrongCalls, wrongVerbs } from "./client-verbs.ts";

// Every public method of a client, with what JavaScript may hand over by mistake, and with the forms of earlier versions.

const hub = new VirtualHub();
let client: DurableClient;
const request = new az.HttpRequest({ method: "GET", url: "http://app.example/api/x" });
const day = new Date("2030-01-01T00:00:00Z");

beforeAll(async () => {
  const { exports: app } = await hub.loadApp(() => {
    const loaded = new DFApp();
    loaded.orchestration("order", function* (context) {
      return context.getInput() ?? "nothing";
    });
    loaded.entity("Counter", () => {});
    return loaded;
  });
  client = await app.connect();
  await client.startNew("order", { instanceId: "known", scheduledStartTime: day });
});
afterAll(() => hub[Symbol.asyncDispose]());

const ids: readonly unknown[] = [undefined, null, 5, {}, "", ["known"]];
const badId: readonly Wrong[] = ids.map((id) => [[id], /instance id/]);
const location: readonly Wrong[] = [
  [["known", "r", { taskhubName: "Other" }], /did you mean 'taskHubName'/],
  [["known", "r", 5], /needs an object with options \(\{ taskHubName, connectionName \}\), but got 5/],
];
const reason: readonly Wrong[] = [
  [["known", {}], /the reason of .* must be a text/],
  [["known", 5], /the reason of .* must be a text, but got 5/],
];
const times: readonly Wrong[] = [
  [[{ createdTimeFrom: "2030-01-01" }], /'createdTimeFrom' of .* must be a valid Date, but got "2030-01-01"/],
  [[{ createdTimeTo: new Date(Number.NaN) }], /'createdTimeTo' of .* must be a valid Date/],
  [[{ runtimeStatus: "Running" }], /'runtimeStatus' of .* must be a list of Running/],
  [[{ runtimeStatus: ["Done"] }], /must be a list of Running/],
  [[{ instanceIdPrefix: 5 }], /'instanceIdPrefix' of .* must be a text/],
  [[{ createdtimefrom: day }], /did you mean 'createdTimeFrom'/],
  [["Running"], /needs an object with options/],
];

const wrong: WrongCalls = {
  ...wrongVerbs,
  startNew: [
    [[undefined], /the name of the orchestration/],
    [[{}], /the name of the orchestration/],
    [[5, {}], /the name of the orchestration/],
    [["order", { instanceID: "x" }], /startNew has no option 'instanceID'; did you mean 'instanceId'/],
    [["order", { cities: [] }], /startNew has no option 'cities'; it takes input, instanceId/],
    [["order", ["Tokyo"]], /startNew needs an object with options/],
    [["order", 5], /startNew needs an object with options .*, but got 5/],
    [["order", { instanceId: "x" }, "data"], /startNew\(name, \{ input \}\)/],
    [["order", { version: 2 }], /'version' of startNew must be a text, but got 2/],
    [["order", { tags: ["a"] }], /'tags' of startNew must be an object whose values are texts/],
    [["order", { tags: { a: 1 } }], /'tags' of startNew/],
    [["order", { scheduledStartTime: "tomorrow" }], /'scheduledStartTime' of startNew must be a valid Date/],
    [["order", { instanceId: 5 }], /instance id must be a string/],
    [["order", "."], /must not be '\.'/],
    [["order", { instanceId: ".." }], /must not be '\.\.'/],
  ],
  getStatus: [
    ...badId,
    [["known", { showhistory: true }], /did you mean 'showHistory'/],
    [["known", { showHistory: "true" }], /'showHistory' of getStatus must be true or false, but got "true"/],
    [["known", true, "yes"], /'showHistoryOutput' of getStatus/],
    [["known", 1], /getStatus needs an object/],
  ],
  findStatus: [...badId, [["known", { showInput: 1 }], /'showInput' of getStatus/]],
  getStatusAll: [[[{ runtimeStatus: ["Running"] }], /getStatusBy\(filter\) takes conditions/]],
  getStatusBy: [
    ...times,
    [[day, "2030"], /'createdTimeTo' of getStatusBy/],
    [[undefined, undefined, "Running"], /runtimeStatus/],
  ],
  listInstances: [
    ...times,
    [[{ pageSize: "5" }], /'pageSize' of listInstances/],
    [[{ continuationToken: 1 }], /continuationToken/],
  ],
  raiseEvent: [
    ...badId.map(([[id], message]) => [[id, "go"], message] as const),
    [["known"], /the name of an event must be a non-empty text/],
    [["known", 5, 1], /the name of an event/],
    [["known", {}, 1], /the name of an event/],
    [["known", "go", 1, { taskHub: "x" }], /has no option 'taskHub'/],
    [["known", "go", 1, { ifMissing: true }], /'ifMissing' of an event must be "throw" or "ignore", but got true/],
    [["known", "go", 1, "Other"], /speaks to the task hub 'MemoryHub', not to 'Other'/],
    [["known", "go", () => 1], /function/],
  ],
  terminate: [
    ...badId,
    ...reason,
    [["known", { recursive: true }], /the reason of a termination must be a text/],
    [["known", "r", { recursiv: true }], /did you mean 'recursive'/],
    [["known", "r", true], /terminate needs an object/],
  ],
  suspend: [...badId, ...reason],
  resume: [...badId, ...reason],
  rewind: [...badId, ...reason, ...location],
  restart: [
    ...badId,
    [["known", "false"], /'restartWithNewInstanceId' of restart must be true or false, but got "false"/],
    [["known", { newInstanceId: false }], /restart has no option 'newInstanceId'/],
  ],
  purgeInstanceHistory: [
    ...badId,
    [["known", { force: 1 }], /'force' of purgeInstanceHistory/],
    [["known", true], /needs an object/],
  ],
  purgeInstanceHistoryBy: [
    ...times,
    [[{}], /needs a time or a status/],
    [[], /needs a time or a status/],
    [[{ createdTimeFrom: day }, { timeout: "soon" }], /'timeout' of purgeInstanceHistoryBy must be a length of time/],
    [[{ createdTimeFrom: day }, { maxInstances: 0 }], /'maxInstances'/],
    [[{ createdTimeFrom: day }, { signal: true }], /'signal' of purgeInstanceHistoryBy must be an AbortSignal/],
    [[{ createdTimeFrom: day }, { onProgress: 1 }], /'onProgress'/],
  ],
  purgeOlderThan: [
    [[], /'age'/],
    [[day], /'age'/],
    [["30 days"], /'age'/],
    [[{ olderThan: "30d" }], /'age'/],
    [["30d", { runtimeStatus: "Failed" }], /'runtimeStatus' of purgeOlderThan/],
  ],
  signalEntity: [
    [[], /entity/],
    [["Counter"], /has the form '@name@key'/],
    [[{ name: "Counter" }], /the key of an entity must be a text/],
    [["@counter@.."], /the key of an entity must not be '\.\.'/],
    [["@counter@k", 5], /the operation of an entity must be a text/],
    [["@counter@k", "add", 1, { scheduledtime: day }], /did you mean 'scheduledTime'/],
    [["@counter@k", "add", 1, { scheduledTime: 5 }], /'scheduledTime' of signalEntity must be a valid Date/],
    [["@counter@k", "add", 1, day], /signalEntity needs an object/],
  ],
  readEntityState: [
    [[5], /entity/],
    [["@counter@k", { hub: "x" }], /no option 'hub'/],
    [["@counter@k", 5], /needs an object/],
  ],
  listEntities: [
    [["Counter"], /listEntities needs an object/],
    [[{ entityName: "Counter" }], /no option 'entityName'/],
    [[{ lastModifiedFrom: 5 }], /'lastModifiedFrom' of listEntities/],
    [[{ keyPrefix: "a" }], /keyPrefix needs a name/],
  ],
  purgeEntity: [
    [[], /entity/],
    [["Counter"], /has the form/],
  ],
  createHttpManagementPayload: [
    ...badId,
    [[request, "known"], /\(instanceId, request\) needs the request/],
    [["known", "http://x"], /\(instanceId, request\) needs the request/],
  ],
  createCheckStatusResponse: [
    [["known", request], /createCheckStatusResponse\(request, instanceId\) needs the request/],
    [[request], /instance id/],
    [[{}, "known"], /needs the request of an HTTP function/],
  ],
  waitForCompletionOrCreateCheckStatusResponse: [
    [["known", request], /needs the request/],
    [[request, "known", { timeout: 5 }], /no option 'timeout'/],
    [[request, "known", { timeoutInMilliseconds: "5" }], /'timeoutInMilliseconds' .* must be a number, but got "5"/],
    [[request, "known", 5, "1"], /'retryIntervalInMilliseconds'/],
  ],
  waitForCompletion: [
    ...badId,
    [
      ["known", 5000],
      /waitForCompletion needs an object with options \(\{ timeout, pollInterval, signal \}\), but got 5000/,
    ],
    [["known", { timeOut: 5 }], /did you mean 'timeout'/],
    [["known", { timeout: "soon" }], /'timeout' of waitForCompletion must be a length of time/],
    [["known", { signal: {} }], /'signal' of waitForCompletion must be an AbortSignal/],
  ],
};

const withoutArguments = ["close", "taskHubName"];

it("the table has every method", () => {
  const methods = methodsOf(DurableClient).filter((name) => !withoutArguments.includes(name));

  expect(Object.keys(wrong).sort()).toEqual(methods.sort());
});

const cases = Object.entries(wrong).flatMap(([method, list]) =>
  list.map(([given, message]) => [method, given, message] as const),
);

it.each(cases)("%s(...%j) is refused with the right form", async (method, given, message) => {
  const verb = (client as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[method]!;
  const before = await client.countInstances();

  const error: unknown = await Promise.resolve()
    .then(() => verb.apply(client, [...given]))
    // Lists are read when they are asked for.
    .then((answer) => (answer as { toArray?: () => Promise<unknown> } | undefined)?.toArray?.())
    .then(
      () => "nothing was refused",
      (thrown: unknown) => thrown,
    );

  expect(isDurableError(error), String(error)).toBe(true);
  expect(String((error as Error).message)).toMatch(message);
  expect(await client.countInstances()).toBe(before);
});

it.each<[string, unknown, RegExp]>([
  ["no connection", [undefined], /DurableClient\.connect/],
  ["options in place of a connection", [{ connectionString: "x" }], /DurableClient\.connect/],
])("a client of %s is refused", (_, given, message) => {
  expect(() => Reflect.construct(DurableClient, given as unknown[])).toThrow(message);
});

it.each<[string, unknown, RegExp]>([
  ["nothing", undefined, /DurableClient.connect needs an object/],
  ["a connection string", "UseDevelopmentStorage=true", /DurableClient.connect needs an object/],
  ["a misspelt option", { storage: "memory", taskhub: "x" }, /did you mean 'taskHub'/],
  ["both storages", { storage: "memory", connectionString: "x" }, /one of them/],
  ["no storage", { taskHub: "x" }, /one of them/],
  ["a connection that no setting has", { connection: "NoSuchSetting" }, /'NoSuchSetting' does not exist/],
  ["an empty connection", { connection: "" }, /'connection' must be the name of an app setting/],
  ["a number as hub", { storage: "memory", taskHub: 5 }, /'taskHub' must be/],
  ["a converter without its functions", { storage: "memory", dataConverter: {} }, /'serialize' and 'deserialize'/],
  ["a text as flag", { storage: "memory", trustForwardedHeaders: "yes" }, /'trustForwardedHeaders' .* true or false/],
])("connect with %s is refused", async (_, options, message) => {
  await expect(DurableClient.connect(options as never)).rejects.toThrow(message);
});

it.each<[string, unknown, RegExp]>([
  ["list", 5, /quarantine.list needs an object/],
  ["list", { pagesize: 5 }, /did you mean 'pageSize'/],
  ["get", undefined, /the id of a message/],
  ["requeue", 5, /the id of a message/],
  ["drop", {}, /the id of a message/],
])("quarantine.%s(%j) is refused", async (verb, given, message) => {
  const { quarantine } = await DurableClient.connect({ storage: "memory", taskHub: "Shapes" });
  await expect((quarantine[verb as "list"] as (given: unknown) => Promise<unknown>)(given)).rejects.toThrow(message);
});

// What durable-functions 1 and 2 took by position.

type Client = Readonly<Record<string, (...args: readonly unknown[]) => Promise<never>>>;

it("a start takes an instance id and an input by position", async () => {
  const old = client as unknown as Client;

  expect(await old["startNew"]!("order", "by-position", { n: 1 })).toBe("by-position");
  const generated: string = await old["startNew"]!("order", undefined, "data");
  const third: string = await old["startNew"]!("order", null, "more");
  const inputs = await Promise.all(
    ["by-position", generated, third].map(async (id) => (await client.getStatus(id)).input),
  );

  expect(generated).toMatch(/^[0-9a-f]{32}$/);
  expect(inputs).toEqual([{ n: 1 }, "data", "more"]);
});

it("a status takes flags, and lists take times, by position", async () => {
  const old = client as unknown as Client;
  const withHistory: { history?: unknown; input: unknown } = await old["getStatus"]!("by-position", true, true, false);
  const all: unknown[] = await old["getStatusBy"]!(new Date(0), undefined, ["Pending"]);
  const none: unknown[] = await old["getStatusBy"]!(undefined, new Date(0));
  const byStatus: unknown[] = await old["getStatusBy"]!(null, null, ["Pending"]);

  expect(withHistory.history).toEqual([]);
  expect(withHistory.input).toBeNull();
  expect(all.length).toBeGreaterThan(2);
  expect(none).toEqual([]);
  expect(byStatus).toHaveLength(all.length);
  expect(await old["purgeInstanceHistoryBy"]!(new Date(0), new Date(1), ["Completed"])).toEqual({
    instancesDeleted: 0,
  });
});

it("hubs and waits are taken by position too", async () => {
  const old = client as unknown as Client;

  await old["raiseEvent"]!("known", "go", { n: 1 }, "MemoryHub", "Storage");
  await old["signalEntity"]!({ name: "Counter", key: "k" }, "add", 5, undefined, "Storage");
  expect(await old["readEntityState"]!("@counter@never", "MemoryHub")).toEqual({ entityExists: false });
  await expect(old["rewind"]!("known", "why", "Elsewhere")).rejects.toThrow("not to 'Elsewhere'");
  const response: { status: number } = await hub.run(
    old["waitForCompletionOrCreateCheckStatusResponse"]!(request, "known", 20, 5),
  );
  expect(response.status).toBe(202);
});

it("an event by its definition needs data only", async () => {
  await client.raiseEvent("known", defineEvent<number>("go"), 5);
});
