import * as df from "durable-functions";

df.app.orchestration("waits", function* (context) {
  context.df.customStatus = "waiting";
  return yield context.df.waitForExternalEvent("go");
});
df.app.orchestration("fails", function* () {
  throw new Error("it always does");
});

async function until(client: df.DurableClient, id: string, wanted: df.OrchestrationRuntimeStatus) {
  for (;;) {
    const status: df.DurableOrchestrationStatus = await client.getStatus(id, { showHistory: true, showInput: true });
    if (status.runtimeStatus === wanted) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

df.app.client.http("verbs", {
  methods: ["POST"],
  handler: async (request, client) => {
    const options: df.StartNewOptions = { instanceId: "verbs-1", input: { n: 1 }, version: "1.0" };
    const id = await client.startNew("waits", options);
    await until(client, id, df.OrchestrationRuntimeStatus.Running);
    await client.suspend(id, "a rest");
    await until(client, id, df.OrchestrationRuntimeStatus.Suspended);
    await client.resume(id, "on");
    await until(client, id, df.OrchestrationRuntimeStatus.Running);
    const hub: df.TaskHubOptions = { taskHubName: client.taskHubName };
    await client.raiseEvent(id, "go", { gone: true }, hub);
    const completed = await until(client, id, df.OrchestrationRuntimeStatus.Completed);

    const ended = await client.startNew("waits");
    await until(client, ended, df.OrchestrationRuntimeStatus.Running);
    await client.terminate(ended, "enough");
    const terminated = await until(client, ended, df.OrchestrationRuntimeStatus.Terminated);

    const broken = await client.startNew("fails");
    await until(client, broken, df.OrchestrationRuntimeStatus.Failed);
    await client.rewind(broken, "once more");

    const filter: df.OrchestrationFilter = {
      createdTimeFrom: new Date(Date.now() - 3_600_000),
      createdTimeTo: new Date(Date.now() + 3_600_000),
      runtimeStatus: [df.OrchestrationRuntimeStatus.Completed, df.OrchestrationRuntimeStatus.Terminated],
    };
    const found = (await client.getStatusBy(filter)).map(({ instanceId }) => instanceId);
    const all = await client.getStatusAll();
    const payload: df.HttpManagementPayload = client.createHttpManagementPayload(id);
    const one: df.PurgeHistoryResult = await client.purgeInstanceHistory(id);
    const many = await client.purgeInstanceHistoryBy({ ...filter, runtimeStatus: [df.OrchestrationRuntimeStatus.Terminated] });
    let missing = "";
    try {
      await client.getStatus(id);
    } catch (error) {
      missing = (error as Error).name;
    }
    return {
      jsonBody: {
        hub: client.taskHubName,
        output: completed.output,
        customStatus: completed.customStatus,
        reason: terminated.output,
        found: [id, ended].every((wanted) => found.includes(wanted)),
        all: all.length >= found.length,
        links: Object.keys(payload).length,
        purged: [one.instancesDeleted, many.instancesDeleted],
        missing,
        origin: client.createCheckStatusResponse(request, id).status,
      },
    };
  },
});
