// A host reduced to its store: changes rows, messages and blobs in every way, without end, and prints what was
// acknowledged.
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";

const [azuriteStoreUrl, folder, round] = process.argv.slice(2);
const { startAzuriteStore } = await import(azuriteStoreUrl);
const store = await startAzuriteStore({ appFolder: folder, onWait: (text) => console.log(`# ${text}`) });

const table = TableClient.fromConnectionString(store.connectionString, "rows", { allowInsecureConnection: true });
const queue = QueueServiceClient.fromConnectionString(store.connectionString).getQueueClient("messages");
const container = BlobServiceClient.fromConnectionString(store.connectionString).getContainerClient("blobs");
await table.createTable();
await queue.createIfNotExists();
await container.createIfNotExists();

for (let n = 0; ; n++) {
  const name = `${round}-${n}`;
  const counter = { partitionKey: "p", rowKey: `counter-${round}`, value: n };
  await table.upsertEntity(counter, "Replace");
  await table.createEntity({ partitionKey: "p", rowKey: `deleted-${name}` });
  await table.createEntity({ partitionKey: "p", rowKey: name, value: n });
  await table.deleteEntity("p", `deleted-${name}`);
  const batch = [0, 1, 2, 3, 4].map((part) => ({ partitionKey: "p", rowKey: `batch-${name}-${part}`, batch: name }));
  await table.submitTransaction(batch.map((entity) => ["create", entity]));
  const deleted = await queue.sendMessage(`deleted-${name}`);
  await queue.deleteMessage(deleted.messageId, deleted.popReceipt);
  await queue.sendMessage(name);
  await queue.receiveMessages({ numberOfMessages: 1, visibilityTimeout: 600 });
  const blob = container.getBlockBlobClient(name);
  await blob.upload("first", 5);
  await blob.upload(`content of ${name}`, `content of ${name}`.length);
  console.log(JSON.stringify({ name, counter: n }));
}
