import { EventGridEvent, FunctionResult, InvocationContext, Timer, trigger } from "@azure/functions";
import * as df from "durable-functions";

const onTimer: df.TimerDurableClientHandler = async (timer: Timer, client: df.DurableClient, context: InvocationContext) => {
  context.log(timer.isPastDue, await client.startNew("tour"));
};
const options: df.TimerDurableClientOptions = { schedule: "0 0 3 * * *", handler: onTimer };
df.app.client.timer("onTimer", options);

const onMessage = async (message: unknown, client: df.DurableClient): Promise<void> => {
  await client.startNew("tour", { input: message });
};
df.app.client.storageQueue("onQueue", { queueName: "orders", connection: "AzureWebJobsStorage", handler: onMessage });
df.app.client.storageBlob("onBlob", { path: "c/{name}", connection: "C", handler: onMessage });
df.app.client.serviceBusQueue("onBusQueue", { queueName: "orders", connection: "C", handler: onMessage });
df.app.client.serviceBusTopic("onBusTopic", { topicName: "t", subscriptionName: "s", connection: "C", handler: onMessage });
df.app.client.eventHub("onHub", { eventHubName: "h", connection: "C", handler: onMessage });
df.app.client.eventGrid("onGrid", {
  handler: async (event: EventGridEvent, client) => {
    await client.startNew("tour", { input: event.data });
  },
});
df.app.client.cosmosDB("onDocuments", {
  connection: "C",
  databaseName: "d",
  containerName: "c",
  handler: async (documents: unknown[], client): Promise<void> => {
    await client.startNew("tour", { input: documents.length });
  },
});
const handler: df.DurableClientHandler = (message: unknown, client): FunctionResult<string> => client.startNew("tour", { input: message });
df.app.client.generic("onAnything", { trigger: trigger.generic({ type: "someTrigger" }), handler });

export const triggers: string[] = [
  df.trigger.orchestration(),
  df.trigger.activity(),
  df.trigger.entity(),
].map(({ type }) => type);
