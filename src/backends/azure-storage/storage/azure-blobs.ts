import {
  AnonymousCredential,
  type BlobItem,
  BlobServiceClient,
  type ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { DurableError } from "../../../core/errors.ts";
import type { StorageConnection } from "./connection-string.ts";
import { pinServiceVersion } from "./service-version.ts";
import type { StorageHandlers } from "./storage-handlers.ts";

export function openBlobs(connection: StorageConnection): StorageHandlers<"blob"> {
  const { credential, blobEndpoint } = connection;
  const options = { retryOptions: { maxTries: 1 } };
  const isSigned = credential.kind === "sharedAccessSignature";
  const pipeline = isSigned
    ? newPipeline(new AnonymousCredential(), options)
    : newPipeline(new StorageSharedKeyCredential(credential.accountName, credential.accountKey), options);
  const url = isSigned ? `${blobEndpoint}?${credential.query}` : blobEndpoint;
  const service = new BlobServiceClient(url, pinServiceVersion(pipeline));
  const clients = new Map<string, ContainerClient>();
  const containerOf = ({ container }: { readonly container: string }) => {
    const client = clients.get(container) ?? service.getContainerClient(container);
    clients.set(container, client);
    return client;
  };
  const leaseOf = (target: { readonly container: string; readonly blob?: string | undefined }, leaseId?: string) => {
    const container = containerOf(target);
    return (target.blob === undefined ? container : container.getBlobClient(target.blob)).getBlobLeaseClient(leaseId);
  };

  return {
    "blob.createContainer": async (request, abortSignal) => {
      await containerOf(request).create({ abortSignal });
      return undefined;
    },
    "blob.deleteContainer": async (request, abortSignal) => {
      await containerOf(request).delete({ abortSignal });
      return undefined;
    },
    // `upload` is one Put Blob; the SDK's stream and parallel uploads take several calls.
    "blob.put": async (request, abortSignal) => {
      const { content, contentEncoding, ifAbsent = false, leaseId } = request;
      await containerOf(request)
        .getBlockBlobClient(request.blob)
        .upload(content, content.byteLength, {
          abortSignal,
          ...(contentEncoding !== undefined && { blobHTTPHeaders: { blobContentEncoding: contentEncoding } }),
          ...((ifAbsent || leaseId !== undefined) && {
            conditions: { ...(ifAbsent && { ifNoneMatch: "*" }), ...(leaseId !== undefined && { leaseId }) },
          }),
        });
      return undefined;
    },
    "blob.get": async (request, abortSignal) => {
      const blob = containerOf(request).getBlockBlobClient(request.blob);
      const response = await blob.download(0, undefined, { abortSignal, maxRetryRequests: 0 });
      return await readAll(response.readableStreamBody, request.maxBytes, request.blob);
    },
    "blob.list": async (request, abortSignal) => {
      const pages = containerOf(request)
        .listBlobsFlat({ prefix: request.prefix, abortSignal })
        .byPage({
          maxPageSize: 1000,
          ...(request.continuationToken !== undefined && { continuationToken: request.continuationToken }),
        });
      const { value: page } = await pages.next();
      if (page === undefined) return { names: [], continuationToken: undefined };
      const names = (page.segment.blobItems as { readonly name: string }[]).map((item) => item.name);
      return { names, continuationToken: page.continuationToken || undefined };
    },
    "blob.delete": async (request, abortSignal) => {
      await containerOf(request).getBlockBlobClient(request.blob).delete({ abortSignal, deleteSnapshots: "include" });
      return undefined;
    },
    "blob.listLeases": async (request, abortSignal) => {
      const { prefix, continuationToken } = request;
      const pages = containerOf(request)
        .listBlobsFlat({ prefix, abortSignal })
        .byPage({ maxPageSize: 1000, ...(continuationToken !== undefined && { continuationToken }) });
      const { value: page } = await pages.next();
      if (page === undefined) return { blobs: [], continuationToken: undefined };
      const blobs = (page.segment.blobItems as readonly BlobItem[]).map(({ name, properties }) => ({
        blob: name,
        etag: properties.etag,
        isLeased: properties.leaseState === "leased",
      }));
      return { blobs, continuationToken: page.continuationToken || undefined };
    },
    "blob.acquireLease": async (request, abortSignal) => {
      await leaseOf(request, request.leaseId).acquireLease(request.durationSeconds, { abortSignal });
      return undefined;
    },
    "blob.renewLease": async (request, abortSignal) => {
      await leaseOf(request, request.leaseId).renewLease({ abortSignal });
      return undefined;
    },
    "blob.changeLease": async (request, abortSignal) => {
      await leaseOf(request, request.leaseId).changeLease(request.newLeaseId, { abortSignal });
      return undefined;
    },
    "blob.releaseLease": async (request, abortSignal) => {
      await leaseOf(request, request.leaseId).releaseLease({ abortSignal });
      return undefined;
    },
    "blob.breakLease": async (request, abortSignal) => {
      await leaseOf(request).breakLease(0, { abortSignal });
      return undefined;
    },
  };
}

async function readAll(body: NodeJS.ReadableStream | undefined, maxBytes: number, blob: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.byteLength;
    if (length > maxBytes) {
      throw new DurableError("CorruptData", `blob ${blob} holds more than ${maxBytes} bytes, the most that is read`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}
