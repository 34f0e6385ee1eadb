const df = require("durable-functions");

let repaired = false;
df.app.activity("mayFail", {
  handler: () => {
    if (!repaired) throw new Error("not repaired yet");
    return "repaired";
  },
});
df.app.orchestration("waits", function* (context) {
  return { event: yield context.df.waitForExternalEvent("go"), input: context.df.getInput() };
});
df.app.orchestration("fails", function* (context) {
  return yield context.df.callActivity("mayFail");
});
df.app.orchestration("quick", function* (context) {
  return context.df.getInput();
});
df.app.entity("Box", (context) => {
  if (context.df.operationName === "put") context.df.setState(context.df.getInput());
});

/** Asks until the answer is right: what one call has done may be seen a moment later. */
async function until(ask, isRight) {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`still ${JSON.stringify(await ask())}`);
}
const inStatus = (client, id, status) =>
  until(
    () => client.getStatus(id),
    ({ runtimeStatus }) => runtimeStatus === status,
  );
const failureOf = (promise) =>
  promise.then(
    () => "none",
    (error) => error.message,
  );

df.app.client.http("lifecycle", {
  handler: async (_request, client) => {
    const since = new Date(Date.now() - 1000);
    const id = await client.startNew("waits", { instanceId: "verbs-1", input: { deep: [1, "ü"] } });
    await inStatus(client, id, "Running");
    await client.suspend(id, "a break");
    await inStatus(client, id, "Suspended");
    await client.resume(id, "go on");
    await inStatus(client, id, "Running");
    await client.raiseEvent(id, "go", { approved: true });
    const completed = await inStatus(client, id, "Completed");
    await client.raiseEvent(id, "go", "too late");

    const other = await client.startNew("waits");
    await inStatus(client, other, "Running");
    await client.terminate(other, "no more");
    const terminated = await inStatus(client, other, "Terminated");

    const failing = await client.startNew("fails");
    await inStatus(client, failing, "Failed");
    repaired = true;
    await client.rewind(failing, "repaired");
    const rewound = await inStatus(client, failing, "Completed");

    const all = await until(
      () => client.getStatusAll(),
      (found) => found.length >= 3,
    );
    const by = await client.getStatusBy({
      createdTimeFrom: since,
      createdTimeTo: new Date(Date.now() + 60_000),
      runtimeStatus: [df.OrchestrationRuntimeStatus.Terminated],
    });
    const purged = await client.purgeInstanceHistory(id);
    const purgedBy = await client.purgeInstanceHistoryBy({
      createdTimeFrom: since,
      runtimeStatus: [df.OrchestrationRuntimeStatus.Completed],
    });
    return {
      jsonBody: {
        completed: completed.output,
        input: completed.input,
        terminated: terminated.output,
        withoutInput: terminated.input,
        rewound: rewound.output,
        all: all.length,
        by: by.map(({ instanceId }) => instanceId === other),
        purged,
        purgedBy,
        unknown: await failureOf(client.getStatus("nobody")),
        unknownEvent: await failureOf(client.raiseEvent("nobody", "go", 1)),
        purgedUnknown: await client.purgeInstanceHistory("nobody"),
      },
    };
  },
});

df.app.client.http("entities", {
  handler: async (_request, client) => {
    const id = new df.EntityId("Box", "k/1".replace("/", "-"));
    const before = await client.readEntityState(id);
    await client.signalEntity(id, "put", { full: true });
    const after = await until(
      () => client.readEntityState(id),
      (state) => state.entityExists,
    );
    return { jsonBody: { before: before.entityExists, after: after.entityState } };
  },
});

df.app.client.http("waitForQuick", {
  handler: async (request, client) => {
    const id = await client.startNew("quick", { input: "done" });
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
      timeoutInMilliseconds: 20_000,
      retryIntervalInMilliseconds: 200,
    });
  },
});
df.app.client.http("waitForSlow", {
  handler: async (request, client) => {
    const id = await client.startNew("waits");
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
      timeoutInMilliseconds: 600,
      retryIntervalInMilliseconds: 200,
    });
  },
});
df.app.client.http("links", {
  handler: async (request, client) => {
    const response = client.createCheckStatusResponse(request, "some-id");
    return { jsonBody: { payload: client.createHttpManagementPayload("some-id"), check: await response.json() } };
  },
});
df.app.client.http("unknown", {
  handler: async (_request, client) => ({ jsonBody: await failureOf(client.startNew("nobody")) }),
});
