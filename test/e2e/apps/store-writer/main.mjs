// A host reduced to its store: starts it, writes rows, messages and blobs without end, and prints what was acknowledged.
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";

const [azuriteStoreUrl, folder, round] = process.argv.slice(2);
const { startAzuriteStore } = await import(azuriteStoreUrl);
const store = await startAzuriteStore({ appFolder: folder, onWait: (text) => console.log(`# ${text}`) });
console.log(`# ready ${store.connectionString}`);

const table = TableClient.fromConnectionString(store.connectionString, "rows", { allowInsecureConnection: true });
const queue = QueueServiceClient.fromConnectionString(store.connectionString).getQueueClient("messages");
const container = BlobServiceClient.fromConnectionString(store.connectionString).getContainerClient("blobs");
await table.createTable();
await queue.createIfNotExists();
await container.createIfNotExists();

for (let n = 0; ; n++) {
  const name = `${round}-${n}`;
  await table.createEntity({ partitionKey: "p", rowKey: name, value: n });
  await queue.sendMessage(name);
  await container.getBlockBlobClient(name).upload(name, name.length);
  console.log(name);
}
