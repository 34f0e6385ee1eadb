/**
 * The storage libraries, as far as they are used. The one module that imports them: `npm run build` puts their code in
 * its place (scripts/bundle-azure-sdk.mjs), so that everybody runs the versions that were tested, whatever the newest are.
 */
export {
  AzureNamedKeyCredential,
  AzureSASCredential,
  TableClient,
  type TableServiceClientOptions,
  type TransactionAction,
} from "@azure/data-tables";
export {
  AnonymousCredential as AnonymousBlobCredential,
  type BlobItem,
  BlobServiceClient,
  type ContainerClient,
  newPipeline as newBlobPipeline,
  StorageSharedKeyCredential as BlobKeyCredential,
} from "@azure/storage-blob";
export {
  AnonymousCredential as AnonymousQueueCredential,
  newPipeline as newQueuePipeline,
  type QueueClient,
  QueueServiceClient,
  type RequestPolicyFactory,
  StorageSharedKeyCredential as QueueKeyCredential,
} from "@azure/storage-queue";
