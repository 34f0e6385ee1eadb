// Functions as libraries for the protobuf protocol register them, around the worker parts of durabletask-js.
const { app, input, trigger } = require("@azure/functions");
const { EntityInstanceId, TaskEntity, TaskHubGrpcClient } = require("@microsoft/durabletask-js");
const inside = (path) => require(`${process.env.DURABLETASK_JS}/dist/${path}`);
const pb = inside("proto/orchestrator_service_pb.js");
const { OrchestrationExecutor } = inside("worker/orchestration-executor.js");
const { TaskEntityShim } = inside("worker/entity-executor.js");
const { Registry } = inside("worker/registry.js");
const { getStringValue } = inside("utils/pb-helper.util.js");

const grpc = { durableRequiresGrpc: true };
const registry = new Registry();
const base64 = (message) => Buffer.from(message.serializeBinary()).toString("base64");
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

const silent = { error() {}, warn() {}, info() {}, debug() {} };

function orchestration(name, fn) {
  registry.addNamedOrchestrator(name, fn);
  app.generic(name, {
    trigger: trigger.generic({ type: "orchestrationTrigger", ...grpc }),
    async handler(text) {
      const request = pb.OrchestratorRequest.deserializeBinary(bytes(text));
      const executor = new OrchestrationExecutor(registry, silent);
      const { actions, customStatus } = await executor.execute(
        request.getInstanceid(),
        request.getPasteventsList(),
        request.getNeweventsList(),
        request.getExecutionid()?.getValue(),
      );
      const response = new pb.OrchestratorResponse();
      response.setInstanceid(request.getInstanceid());
      response.setActionsList(actions);
      if (customStatus !== undefined) response.setCustomstatus(getStringValue(customStatus));
      return base64(response);
    },
  });
}

function activity(name, handler) {
  app.generic(name, { trigger: trigger.generic({ type: "activityTrigger", ...grpc }), handler });
}

function entity(name, Entity) {
  app.generic(name, {
    trigger: trigger.generic({ type: "entityTrigger", ...grpc }),
    async handler(text) {
      const request = pb.EntityBatchRequest.deserializeBinary(bytes(text));
      const shim = new TaskEntityShim(new Entity(), EntityInstanceId.fromString(request.getInstanceid()));
      return base64(await shim.executeAsync(request));
    },
  });
}

const clientInput = input.generic({ type: "durableClient", ...grpc });

/** A client for the functions of this app, from what the host hands over. */
function clientOf(context) {
  const binding = context.extraInputs.get(clientInput);
  return new TaskHubGrpcClient({ hostAddress: new URL(binding.rpcBaseUrl).host, logger: silent });
}
function http(name, route, handler, status = 200) {
  app.http(name, {
    methods: ["GET", "POST"],
    authLevel: "anonymous",
    route,
    extraInputs: [clientInput],
    async handler(request, context) {
      const client = clientOf(context);
      try {
        return { status, jsonBody: (await handler(client, request, context)) ?? null };
      } finally {
        await client.stop();
      }
    },
  });
}

activity("hello", (name) => `Hello ${name}`);
activity("refuse", (reason) => {
  throw new RangeError(reason);
});
orchestration("sequence", async function* (ctx, names) {
  const greetings = [];
  for (const name of names) {
    greetings.push(yield ctx.callActivity("hello", name));
    ctx.setCustomStatus({ greeted: greetings.length });
  }
  return greetings;
});
orchestration("parent", async function* (ctx) {
  const child = yield ctx.callSubOrchestrator("sequence", ["a", "b"]);
  yield ctx.createTimer(0.5);
  let failure = "";
  try {
    yield ctx.callActivity("refuse", "out of range");
  } catch (error) {
    failure = error.message;
  }
  return { child, failure };
});
orchestration("approval", async function* (ctx) {
  return { approved: yield ctx.waitForExternalEvent("approved") };
});
orchestration("failing", async function* () {
  throw new TypeError("no good");
});
orchestration("eternal", async function* (ctx, round) {
  if (round < 3) ctx.continueAsNew(round + 1, true);
  return round;
});

class Counter extends TaskEntity {
  add(amount) {
    this.state += amount;
    return this.state;
  }
  get() {
    return this.state;
  }
  initializeState() {
    return 0;
  }
}
entity("Counter", Counter);
orchestration("transfer", async function* (ctx) {
  const [from, to] = ["from", "to"].map((key) => new EntityInstanceId("Counter", `${ctx.instanceId}-${key}`));
  yield ctx.entities.callEntity(from, "add", 10);
  const lock = yield ctx.entities.lockEntities(from, to);
  yield ctx.entities.callEntity(from, "add", -4);
  yield ctx.entities.callEntity(to, "add", 4);
  lock.release();
  return [yield ctx.entities.callEntity(from, "get"), yield ctx.entities.callEntity(to, "get")];
});

http(
  "start",
  "orchestrators/{name}",
  async (client, request) => ({
    id: await client.scheduleNewOrchestration(request.params.name, await request.json()),
  }),
  202,
);
http("verbs", "verbs", async (client) => {
  const id = await client.scheduleNewOrchestration("approval", null, "by-verbs");
  const started = await client.waitForOrchestrationStart(id, true, 30);
  await client.suspendOrchestration(id);
  await client.resumeOrchestration(id);
  await client.raiseOrchestrationEvent(id, "approved", true);
  const ended = await client.waitForOrchestrationCompletion(id, true, 30);
  const history = await client.getOrchestrationHistory(id);
  const stopped = await client.scheduleNewOrchestration("approval", null, "to-stop");
  await client.terminateOrchestration(stopped, "enough");
  const terminated = await client.waitForOrchestrationCompletion(stopped, true, 30);
  const purged = await client.purgeOrchestration(id);
  return {
    started: started.name,
    output: ended.serializedOutput,
    history: history.length > 4,
    terminated: terminated.serializedOutput,
    purged: purged.deletedInstanceCount,
    gone: (await client.getOrchestrationState(id, false)) === undefined,
  };
});
http("count", "count", async (client) => {
  const id = new EntityInstanceId("Counter", "signalled");
  await client.signalEntity(id, "add", 5);
  for (let reads = 0; reads < 200; reads++) {
    const entity = await client.getEntity(id, true);
    if (entity?.state !== undefined) return entity.state;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the signal has not arrived");
});
http("binding", "binding", async (_client, _request, context) => context.extraInputs.get(clientInput));
