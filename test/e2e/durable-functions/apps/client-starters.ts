import * as df from "durable-functions";

df.app.orchestration("started", function* (context) {
  return `by ${context.df.getInput<string>()}`;
});

df.app.client.http("httpStarter", {
  route: "start-by-http",
  handler: async (request, client, context) => {
    context.log("an HTTP request starts an orchestration");
    const id = await client.startNew("started", { instanceId: "by-http", input: "http" });
    return client.createCheckStatusResponse(request, id);
  },
});
df.app.client.timer("timerStarter", {
  schedule: "0 0 3 * * *",
  handler: async (_timer, client) => {
    await client.startNew("started", { instanceId: "by-timer", input: "timer" });
  },
});
df.app.client.storageQueue("queueStarter", {
  queueName: "work",
  connection: "AzureWebJobsStorage",
  handler: async (message, client) => {
    await client.startNew("started", { instanceId: "by-queue", input: message });
  },
});
df.app.client.storageBlob("blobStarter", {
  path: "work/{name}",
  connection: "AzureWebJobsStorage",
  handler: async (_blob, client) => {
    await client.startNew("started", { instanceId: "by-blob", input: "blob" });
  },
});
df.app.client.serviceBusQueue("busQueueStarter", {
  queueName: "work",
  connection: "Bus",
  handler: async (_message, client) => {
    await client.startNew("started", { instanceId: "by-bus-queue", input: "service bus queue" });
  },
});
df.app.client.serviceBusTopic("busTopicStarter", {
  topicName: "work",
  subscriptionName: "all",
  connection: "Bus",
  handler: async (_message, client) => {
    await client.startNew("started", { instanceId: "by-bus-topic", input: "service bus topic" });
  },
});
df.app.client.eventHub("hubStarter", {
  eventHubName: "work",
  connection: "Hub",
  handler: async (_event, client) => {
    await client.startNew("started", { instanceId: "by-hub", input: "event hub" });
  },
});
df.app.client.eventGrid("gridStarter", {
  handler: async (_event, client) => {
    await client.startNew("started", { instanceId: "by-grid", input: "event grid" });
  },
});
df.app.client.cosmosDB("cosmosStarter", {
  databaseName: "work",
  containerName: "items",
  connection: "Cosmos",
  handler: async (_documents, client) => {
    await client.startNew("started", { instanceId: "by-cosmos", input: "cosmos db" });
  },
});
df.app.client.generic("genericStarter", {
  trigger: { type: "customTrigger", name: "custom" } as never,
  handler: async (_value, client) => {
    await client.startNew("started", { instanceId: "by-generic", input: "something else" });
  },
});
