import { DurableError } from "../../../core/errors.ts";
import {
  AnonymousBlobCredential,
  type BlobItem,
  BlobKeyCredential,
  BlobServiceClient,
  type ContainerClient,
  newBlobPipeline,
} from "./azure-sdk.ts";
import { followsNoRedirects } from "./sdk-redirects.ts";
import { pinServiceVersion, serviceVersionOf } from "./service-version.ts";
import { pipelineCredential, type StorageConnection } from "./storage-connection.ts";
import type { StorageHandlers } from "./storage-handlers.ts";

export function openBlobs(connection: StorageConnection): StorageHandlers<"blob"> {
  const { credential, blobEndpoint } = connection;
  const options = { retryOptions: { maxTries: 1 }, ...followsNoRedirects };
  const pipeline = newBlobPipeline(
    pipelineCredential(credential, { key: BlobKeyCredential, signature: AnonymousBlobCredential }),
    options,
  );
  const url = credential.kind === "sharedAccessSignature" ? `${blobEndpoint}?${credential.queries.blob}` : blobEndpoint;
  const service = new BlobServiceClient(url, pinServiceVersion(pipeline, serviceVersionOf(credential)));
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
          ...encodedAs(contentEncoding),
          ...((ifAbsent || leaseId !== undefined) && {
            conditions: { ...(ifAbsent && { ifNoneMatch: "*" }), ...(leaseId !== undefined && { leaseId }) },
          }),
        });
      return undefined;
    },
    "blob.putBlock": async (request, abortSignal) => {
      const { blockId, content } = request;
      const blob = containerOf(request).getBlockBlobClient(request.blob);
      await blob.stageBlock(blockId, content, content.byteLength, { abortSignal });
      return undefined;
    },
    "blob.putBlockList": async (request, abortSignal) => {
      const { blockIds, contentEncoding } = request;
      const blob = containerOf(request).getBlockBlobClient(request.blob);
      await blob.commitBlockList([...blockIds], { abortSignal, ...encodedAs(contentEncoding) });
      return undefined;
    },
    "blob.get": async (request, abortSignal) => {
      const { range, maxBytes } = request;
      const blob = containerOf(request).getBlockBlobClient(request.blob);
      try {
        const response = await blob.download(range?.offset ?? 0, range?.count, { abortSignal, maxRetryRequests: 0 });
        return await readAll(response.readableStreamBody, maxBytes, request.blob);
      } catch (error) {
        // Nothing is left from there on.
        if (range !== undefined && (error as { statusCode?: unknown }).statusCode === 416) return new Uint8Array();
        throw error;
      }
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

function encodedAs(contentEncoding: string | undefined): { blobHTTPHeaders?: { blobContentEncoding: string } } {
  return contentEncoding === undefined ? {} : { blobHTTPHeaders: { blobContentEncoding: contentEncoding } };
}

async function readAll(body: NodeJS.ReadableStream | undefined, maxBytes: number, blob: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    const bytes = chunk as Buffer;
    length += bytes.byteLength;
    if (length > maxBytes) {
      throw new DurableError("CorruptData", `blob ${blob} holds more than ${maxBytes} bytes, the most that is read`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}
