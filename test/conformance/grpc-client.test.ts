import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { GrpcOrchestrationClient } from "../../src/grpc/client/grpc-orchestration-client.ts";
import { connect, Refusal, type Script, type SeenCall, serve } from "./grpc-client-fixture.ts";

const at = (seconds: number) => ({ seconds: BigInt(seconds), nanos: 0 });
const date = (seconds: number) => new Date(seconds * 1000);

const completed = {
  instanceId: "a",
  name: "seq",
  orchestrationStatus: 1,
  createdTimestamp: at(100),
  lastUpdatedTimestamp: at(200),
  completedTimestamp: at(200),
  input: '"in"',
  output: '"out"',
  customStatus: '"almost"',
  tags: { team: "x" },
};
const failed = {
  ...completed,
  orchestrationStatus: 3,
  output: undefined,
  failureDetails: { errorType: "TypeError", errorMessage: "boom" },
};

/** What the client sent for one verb, and what it made of the answers. */
async function ask<T>(
  script: Script,
  verb: (client: OrchestrationClient) => Promise<T>,
): Promise<{ readonly answer: T; readonly seen: readonly SeenCall[] }> {
  await using server = await serve(script);
  using channel = connect(server);
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });
  const answer = await verb(client);
  return { answer, seen: server.seen };
}

const requests = (seen: readonly SeenCall[]) => seen.map(({ method, request }) => ({ [method]: request }));

it("a start sends all that was said, and replaces what has ended", async () => {
  const { answer, seen } = await ask({ startInstance: ({ instanceId }) => ({ instanceId }) }, (client) =>
    client.startInstance({
      name: "seq",
      version: "2.0",
      instanceId: "a",
      input: '"in"',
      tags: { team: "x" },
      scheduledStartTime: date(300),
      parentTraceContext: {
        traceParent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
        traceState: "s=1",
        id: undefined,
        spanId: undefined,
        activityStartTime: undefined,
      },
    }),
  );

  expect(answer).toBe("a");
  expect(seen[0]?.request).toEqual({
    instanceId: "a",
    name: "seq",
    version: "2.0",
    input: '"in"',
    tags: { team: "x" },
    scheduledStartTimestamp: { seconds: 300 },
    orchestrationIdReusePolicy: { replaceableStatus: [1, 3, 4, 5] },
    parentTraceContext: {
      traceParent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
      spanID: "0123456789abcdef",
      traceState: "s=1",
    },
    requestTime: { seconds: expect.any(Number), nanos: expect.any(Number) },
  });
});

it("a start without an id makes one, which may exist only by a repeat of the same call", async () => {
  const { answer, seen } = await ask(
    {
      startInstance: () => {
        throw new Refusal(status.ALREADY_EXISTS);
      },
    },
    (client) => client.startInstance({ name: "seq", reusableStatuses: ["Running"] }),
  );

  expect(answer).toMatch(/^[0-9a-f]{32}$/);
  expect(seen[0]?.request).toMatchObject({ instanceId: answer });
  expect(seen[0]?.request).not.toHaveProperty("orchestrationIdReusePolicy");
});

it("a status is read with all its payloads", async () => {
  const { answer, seen } = await ask(
    { getInstance: () => ({ exists: true, orchestrationState: completed }) },
    (client) => client.getInstance("a"),
  );

  expect(requests(seen)).toEqual([{ getInstance: { instanceId: "a", getInputsAndOutputs: true } }]);
  expect(answer).toEqual({
    instanceId: "a",
    executionId: undefined,
    name: "seq",
    version: undefined,
    runtimeStatus: "Completed",
    input: '"in"',
    output: '"out"',
    customStatus: '"almost"',
    createdTime: date(100),
    lastUpdatedTime: date(200),
    completedTime: date(200),
    scheduledStartTime: undefined,
    generation: 0,
    tags: { team: "x" },
  });
});

it("a status leaves out what was not asked for, and tells a failure to whoever asks", async () => {
  const script = { getInstance: () => ({ exists: true, orchestrationState: failed }) };
  const plainly = await ask(script, (client) => client.getInstance("a", { fetchInput: false }));
  const withFailure = await ask(script, (client) => client.getInstance("a", { fetchFailure: true }));

  expect(plainly.answer).toMatchObject({ input: undefined, output: "TypeError: boom", customStatus: '"almost"' });
  expect(plainly.answer).not.toHaveProperty("failureDetails");
  expect(withFailure.answer?.failureDetails).toMatchObject({ errorType: "TypeError", errorMessage: "boom" });
});

it.each<[string, (client: OrchestrationClient) => Promise<unknown>, Script]>([
  ["a status", (client) => client.getInstance("a"), { getInstance: () => ({ exists: false }) }],
  ["a wait", (client) => client.waitForInstance("a", "ended"), { waitForInstanceCompletion: () => ({}) }],
  ["a history", (client) => client.getHistory("a"), { streamInstanceHistory: async function* () {} }],
  ["an entity", (client) => client.entities.get("@counter@a"), { getEntity: () => ({ exists: false }) }],
])("%s of what is not there is undefined", async (_, verb, script) => {
  expect((await ask(script, verb)).answer).toBeUndefined();
});

const refusing = (code: status, details?: string): Script =>
  new Proxy({} as Script, {
    get: (_, method) =>
      method === "streamInstanceHistory"
        ? // It fails before it has anything to give.
          async function* () {
            throw new Refusal(code, details);
          }
        : () => {
            throw new Refusal(code, details);
          },
  });

it.each<[string, (client: OrchestrationClient) => Promise<unknown>, unknown]>([
  ["a status", (client) => client.getInstance("a"), undefined],
  ["a wait", (client) => client.waitForInstance("a", "started"), undefined],
  ["a history", (client) => client.getHistory("a"), undefined],
  ["an entity", (client) => client.entities.get("@counter@a"), undefined],
  ["a purge", (client) => client.purge("a"), 0],
  ["a purge of an entity", (client) => client.entities.purge("@counter@a"), 0],
])("%s survives a server that says NOT_FOUND", async (_, verb, expected) => {
  expect((await ask(refusing(status.NOT_FOUND), verb)).answer).toBe(expected);
});

const verbs: readonly [string, (client: OrchestrationClient) => Promise<unknown>][] = [
  ["start", (client) => client.startInstance({ name: "seq", instanceId: "a" })],
  ["event", (client) => client.raiseEvent("a", "Go", "1")],
  ["termination", (client) => client.terminate("a", "why")],
  ["suspension", (client) => client.suspend("a", "why")],
  ["resumption", (client) => client.resume("a", "why")],
  ["rewind", (client) => client.rewind("a", "why")],
  ["query", (client) => client.queryInstances({})],
  ["signal", (client) => client.entities.signal("@counter@a", {})],
];

it.each([
  [status.NOT_FOUND, "InstanceNotFound"],
  [status.ALREADY_EXISTS, "InstanceAlreadyExists"],
  [status.FAILED_PRECONDITION, "InstanceNotActive"],
  [status.INVALID_ARGUMENT, "InvalidOption"],
  [status.UNIMPLEMENTED, "NotSupported"],
  [status.UNAVAILABLE, "ServiceUnavailable"],
  [status.UNAUTHENTICATED, "ServiceRejected"],
  [status.PERMISSION_DENIED, "ServiceRejected"],
  [status.RESOURCE_EXHAUSTED, "ServiceRejected"],
  [status.UNKNOWN, "ServiceRejected"],
  [status.INTERNAL, "ServiceRejected"],
  [status.DEADLINE_EXCEEDED, "TaskTimeout"],
  [status.CANCELLED, "Aborted"],
] as const)("status %i is told as %s by every verb, with the address and what the server says", async (code, told) => {
  await using server = await serve(refusing(code, "because of the moon"));
  using channel = connect(server);
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });

  await Promise.all(
    verbs.map(async ([name, verb]) => {
      const failure = await verb(client).catch((error: unknown) => error);
      expect(failure, name).toMatchObject({ code: told, message: expect.stringContaining("because of the moon") });
      if (told !== "Aborted") expect((failure as Error).message).toContain(server.address);
    }),
  );
});

it("events, terminations, suspensions, resumptions and rewinds are sent in one call each", async () => {
  const ok = () => ({});
  const { seen } = await ask(
    { raiseEvent: ok, terminateInstance: ok, suspendInstance: ok, resumeInstance: ok, rewindInstance: ok },
    async (client) => {
      await client.raiseEvent("a", "Go", '{"n":1}');
      await client.raiseEvent("a", "Go", undefined);
      await client.terminate("a", '"why"', { recursive: true });
      await client.suspend("a", "why");
      await client.resume("a", undefined);
      await client.rewind("a", "why");
    },
  );

  expect(requests(seen)).toEqual([
    { raiseEvent: { instanceId: "a", name: "Go", input: '{"n":1}' } },
    { raiseEvent: { instanceId: "a", name: "Go" } },
    { terminateInstance: { instanceId: "a", output: '"why"', recursive: true } },
    { suspendInstance: { instanceId: "a", reason: "why" } },
    { resumeInstance: { instanceId: "a" } },
    { rewindInstance: { instanceId: "a", reason: "why" } },
  ]);
});

it("a query asks for pages until the last", async () => {
  const { answer, seen } = await ask(
    {
      queryInstances: ({ query }) =>
        query?.continuationToken === undefined
          ? { orchestrationState: [completed, { ...completed, instanceId: "@counter@a" }], continuationToken: "next" }
          : { orchestrationState: [failed], continuationToken: "" },
    },
    async (client) => {
      const query = {
        runtimeStatus: ["Completed", "Failed"],
        createdTimeFrom: date(1),
        createdTimeTo: date(2),
        instanceIdPrefix: "a",
        pageSize: 2,
        fetchInput: false,
      } as const;
      const first = await client.queryInstances(query);
      return [first, await client.queryInstances({ ...query, continuationToken: first.continuationToken })];
    },
  );

  const query = {
    runtimeStatus: [1, 3],
    createdTimeFrom: { seconds: 1 },
    createdTimeTo: { seconds: 2 },
    instanceIdPrefix: "a",
    maxInstanceCount: 2,
  };
  expect(requests(seen)).toEqual([
    { queryInstances: { query } },
    { queryInstances: { query: { ...query, continuationToken: "next" } } },
  ]);
  expect(answer).toMatchObject([
    { instances: [{ instanceId: "a", runtimeStatus: "Completed" }], continuationToken: "next" },
    { instances: [{ runtimeStatus: "Failed" }], continuationToken: undefined },
  ]);
});

it("ids of finished instances are listed by pages", async () => {
  const { answer, seen } = await ask(
    { listInstanceIds: () => ({ instanceIds: ["a", "b"], lastInstanceKey: "b" }) },
    async (client) => [
      await client.listInstanceIds({
        runtimeStatus: ["Completed", "Running"],
        completedTimeFrom: date(1),
        completedTimeTo: date(2),
      }),
      await client.listInstanceIds({ runtimeStatus: ["Running"] }),
    ],
  );

  expect(requests(seen)).toEqual([
    {
      listInstanceIds: {
        runtimeStatus: [1],
        completedTimeFrom: { seconds: 1 },
        completedTimeTo: { seconds: 2 },
        pageSize: 100,
      },
    },
  ]);
  expect(answer).toEqual([
    { instanceIds: ["a", "b"], continuationToken: "b" },
    { instanceIds: [], continuationToken: undefined },
  ]);
});

it("purges name one instance, or what matches, until the server is done", async () => {
  let rounds = 0;
  const { answer, seen } = await ask(
    {
      purgeInstances: ({ request }) =>
        request.case === "instanceId"
          ? { deletedInstanceCount: 1 }
          : { deletedInstanceCount: 2, isComplete: ++rounds === 2 },
    },
    async (client) => [
      await client.purge("a"),
      await client.purge("a", { recursive: true }),
      await client.purgeBy({ createdTimeTo: date(9), recursive: true }),
      await client.purgeBy({ runtimeStatus: ["Running"] }),
    ],
  );

  const byFilter = {
    purgeInstances: {
      request: {
        case: "purgeInstanceFilter",
        value: { createdTimeTo: { seconds: 9 }, runtimeStatus: [1, 3, 4, 5] },
      },
      recursive: true,
    },
  };
  const request = { case: "instanceId", value: "a" };
  expect(requests(seen)).toEqual([
    { purgeInstances: { request, isOrchestration: true } },
    { purgeInstances: { request, isOrchestration: true, recursive: true } },
    byFilter,
    byFilter,
  ]);
  expect(answer).toEqual([1, 1, 4, 0]);
});

it("a restart is the server's, or made of a status and a start where it has none", async () => {
  const native = await ask({ restartInstance: () => ({ instanceId: "b" }) }, (client) =>
    client.restart("a", { restartWithNewInstanceId: true }),
  );
  const made = await ask(
    {
      getInstance: () => ({ exists: true, orchestrationState: completed }),
      startInstance: ({ instanceId }) => ({ instanceId }),
    },
    (client) => client.restart("a", { restartWithNewInstanceId: false }),
  );

  expect(requests(native.seen)).toEqual([{ restartInstance: { instanceId: "a", restartWithNewInstanceId: true } }]);
  expect(native.answer).toBe("b");
  expect(made.answer).toBe("a");
  expect(made.seen.at(-1)?.request).toMatchObject({ name: "seq", input: '"in"', tags: { team: "x" } });
});

it("a restart of an instance that runs is in its own way", async () => {
  const restart = ask(refusing(status.FAILED_PRECONDITION), (client) =>
    client.restart("a", { restartWithNewInstanceId: false }),
  );

  await expect(restart).rejects.toMatchObject({ code: "InstanceAlreadyExists" });
});

it("a history is read from all its chunks", async () => {
  const { answer, seen } = await ask(
    {
      streamInstanceHistory: async function* () {
        yield { events: [{ eventId: -1, timestamp: at(1), eventType: { case: "orchestratorStarted", value: {} } }] };
        yield {
          events: [
            { eventId: 0, timestamp: at(2), eventType: { case: "taskScheduled", value: { name: "hello" } } },
            // Of a version of the protocol that is not known here.
            { eventId: 7, timestamp: at(3) },
          ],
        };
      },
    },
    (client) => client.getHistory("a"),
  );

  expect(requests(seen)).toEqual([{ streamInstanceHistory: { instanceId: "a" } }]);
  expect(answer?.map(({ type }) => type)).toEqual(["OrchestratorStarted", "TaskScheduled", "GenericEvent"]);
});

it("entities are signalled, read, queried, purged and cleaned", async () => {
  const entity = { instanceId: "@counter@a", lastModifiedTime: at(5), backlogQueueSize: 2, serializedState: "7" };
  const { answer, seen } = await ask(
    {
      signalEntity: () => ({}),
      getEntity: () => ({ exists: true, entity: { ...entity, lockedBy: "o" } }),
      queryEntities: () => ({ entities: [entity, { instanceId: "nonsense" }], continuationToken: "0" }),
      purgeInstances: () => ({ deletedInstanceCount: 1 }),
      cleanEntityStorage: ({ continuationToken }) => ({
        emptyEntitiesRemoved: 2,
        orphanedLocksReleased: 1,
        continuationToken: continuationToken === undefined ? "more" : undefined,
      }),
    },
    async ({ entities }) => {
      await entities.signal("@Counter@a", { operation: "add", input: "1", scheduledTime: date(9) });
      return {
        get: await entities.get("@Counter@a"),
        query: await entities.query({
          name: "Counter",
          keyPrefix: "a",
          lastModifiedFrom: date(1),
          includeState: false,
        }),
        all: await entities.query({ includeTransient: true }),
        purge: await entities.purge("@counter@a"),
        clean: await entities.cleanStorage(),
      };
    },
  );

  expect(requests(seen)).toEqual([
    {
      signalEntity: {
        instanceId: "@counter@a",
        name: "add",
        input: "1",
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        scheduledTime: { seconds: 9 },
        requestTime: expect.anything(),
      },
    },
    { getEntity: { instanceId: "@counter@a", includeState: true } },
    {
      queryEntities: { query: { instanceIdStartsWith: "@counter@a", lastModifiedFrom: { seconds: 1 }, pageSize: 100 } },
    },
    { queryEntities: { query: { includeState: true, includeTransient: true, pageSize: 100 } } },
    { purgeInstances: { request: { case: "instanceId", value: "@counter@a" } } },
    { cleanEntityStorage: { removeEmptyEntities: true, releaseOrphanedLocks: true } },
    { cleanEntityStorage: { removeEmptyEntities: true, releaseOrphanedLocks: true, continuationToken: "more" } },
  ]);
  const known = { exists: true, lastModifiedTime: date(5), queueSize: 2 };
  expect(answer).toMatchObject({
    get: { ...known, lockedBy: "o", state: "7", id: { name: "counter", key: "a" } },
    query: { entities: [{ ...known, state: undefined }], continuationToken: undefined },
    all: { entities: [{ ...known, state: "7" }] },
    purge: 1,
    clean: { emptyEntitiesRemoved: 4, orphanedLocksReleased: 2, continuationToken: undefined },
  });
});

it("an entity is called through the built-in orchestration, which is purged afterwards", async () => {
  const answered = { ...completed, output: '{"result":"42"}' };
  const { answer, seen } = await ask(
    {
      startInstance: ({ instanceId }) => ({ instanceId }),
      waitForInstanceCompletion: () => ({ exists: true, orchestrationState: answered }),
      purgeInstances: () => ({ deletedInstanceCount: 1 }),
    },
    (client) => client.entities.call("@Counter@a", { operation: "get", input: "1" }),
  );

  expect(answer).toEqual({ kind: "completed", result: "42" });
  expect(seen.map(({ method }) => method)).toEqual(["startInstance", "waitForInstanceCompletion", "purgeInstances"]);
  expect(seen[0]?.request).toMatchObject({
    name: "BuiltIn__CallEntity",
    input: '{"entity":"@counter@a","operation":"get","input":"1"}',
  });
});

it.each<[string, Script]>([
  ["a server that refuses the orchestration", refusing(status.INVALID_ARGUMENT)],
  [
    "workers that do not know the orchestration",
    {
      startInstance: ({ instanceId }) => ({ instanceId }),
      waitForInstanceCompletion: () => ({
        exists: true,
        orchestrationState: { ...failed, failureDetails: { errorType: "OrchestratorTaskNotFound" } },
      }),
    },
  ],
])("an entity cannot be called at %s", async (_, script) => {
  const call = ask(script, (client) => client.entities.call("@counter@a", { operation: "get" }));

  await expect(call).rejects.toMatchObject({ code: "NotSupported", message: expect.stringContaining("orchestration") });
});

it("an answer that makes no sense fails its call alone", async () => {
  await using server = await serve({
    getInstance: ({ instanceId }) =>
      instanceId === "a"
        ? { exists: true, orchestrationState: { ...completed, orchestrationStatus: 99 as 1 } }
        : { exists: true },
  });
  using channel = connect(server);
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });

  await expect(client.getInstance("a")).rejects.toMatchObject({ name: "DurableError" });
  expect(await client.getInstance("b")).toBeUndefined();
});
