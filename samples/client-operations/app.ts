// What a client does with orchestrations: start them, look at them, end them.
//
//   curl -X POST localhost:7071/api/start -d '{"any": "input"}'
//   curl -X POST localhost:7071/api/start/my-id -d '{"any": "input"}'
//   curl localhost:7071/api/status/my-id
//   curl -X POST localhost:7071/api/terminate/my-id
//   curl -X POST localhost:7071/api/once/my-order -d '{"any": "input"}'
//   curl -X POST localhost:7071/api/finish/my-order
//   curl localhost:7071/api/running
//
// The first makes an id up; with an id that is given there is one instance at a time. "once" starts it or finds it, and
// "finish" lets it end and waits for its result.

import { DFApp, isDurableError } from "durable-functions-ts";

const app = new DFApp();

/** Runs until it is told to finish. */
const waitToFinish = app.orchestration("waitToFinish", function* (context, input: unknown) {
  yield* context.waitForExternalEvent("Finish");
  return input;
});

app.http("startInstance", {
  route: "start/{instanceId?}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { instanceId } = request.params;
    try {
      const id = await client.startNew(waitToFinish, { instanceId, input: await request.json() });
      return client.createCheckStatusResponse(request, id);
    } catch (error) {
      return refusal(error);
    }
  },
});

app.http("status", {
  route: "status/{instanceId}",
  methods: ["GET"],
  handler: async (request, client) => {
    try {
      const { instanceId, runtimeStatus, output } = await client.getStatus(request.params.instanceId);
      return { jsonBody: { instanceId, runtimeStatus, output } };
    } catch (error) {
      return refusal(error);
    }
  },
});

app.http("terminate", {
  route: "terminate/{instanceId}",
  methods: ["POST"],
  handler: async (request, client) => {
    try {
      await client.terminate(request.params.instanceId, "Terminated by user");
      return { status: 202, body: "Terminated" };
    } catch (error) {
      return refusal(error);
    }
  },
});

app.http("once", {
  route: "once/{instanceId}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { instanceId } = request.params;
    const run = await client.startOrGet(waitToFinish, await request.json(), { instanceId });
    return { status: run.isNew ? 201 : 200, jsonBody: { instanceId: run.id, isNew: run.isNew } };
  },
});

app.http("finish", {
  route: "finish/{instanceId}",
  methods: ["POST"],
  handler: async (request, client) => {
    const run = client.run<typeof waitToFinish>(request.params.instanceId);
    try {
      await run.raiseEvent("Finish");
      return { jsonBody: { result: await run.result({ timeout: "30s", pollInterval: 100 }) } };
    } catch (error) {
      return refusal(error);
    }
  },
});

app.http("running", {
  methods: ["GET"],
  handler: async (_request, client) => {
    const instanceIds: string[] = [];
    const filter = { name: waitToFinish.name, runtimeStatus: ["Pending", "Running"] } as const;
    for await (const { instanceId } of client.getAllInstances({ ...filter, fetchPayloads: false })) {
      instanceIds.push(instanceId);
    }
    return { jsonBody: { count: await client.countInstances(filter), instanceIds } };
  },
});

function refusal(error: unknown) {
  if (isDurableError(error, "InstanceNotFound")) return { status: 404, body: error.message };
  if (isDurableError(error, "InstanceTerminated")) return { status: 410, body: error.message };
  if (isDurableError(error, "InstanceAlreadyExists")) return { status: 409, body: error.message };
  throw error;
}
