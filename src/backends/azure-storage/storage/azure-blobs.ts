import {
  AnonymousCredential,
  BlobServiceClient,
  type ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { AccessCredential } from "../../../core/access-credential.ts";
import { DurableError } from "../../../core/errors.ts";
import { pinServiceVersion, serviceVersionOf } from "./service-version.ts";
import type { StorageConnection, StorageCredential } from "./storage-connection.ts";
import type { StorageHandlers } from "./storage-handlers.ts";

export function openBlobs(connection: StorageConnection): StorageHandlers<"blob"> {
  const { credential, blobEndpoint } = connection;
  const options = { retryOptions: { maxTries: 1 } };
  const pipeline = newPipeline(credentialOf(credential), options);
  const url = credential.kind === "sharedAccessSignature" ? `${blobEndpoint}?${credential.queries.blob}` : blobEndpoint;
  const service = new BlobServiceClient(url, pinServiceVersion(pipeline, serviceVersionOf(credential)));
  const clients = new Map<string, ContainerClient>();
  const containerOf = ({ container }: { readonly container: string }) => {
    const client = clients.get(container) ?? service.getContainerClient(container);
    clients.set(container, client);
    return client;
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
      const { content, contentEncoding } = request;
      await containerOf(request)
        .getBlockBlobClient(request.blob)
        .upload(content, content.byteLength, {
          abortSignal,
          ...(contentEncoding !== undefined && { blobHTTPHeaders: { blobContentEncoding: contentEncoding } }),
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

function credentialOf(
  credential: StorageCredential,
): AnonymousCredential | StorageSharedKeyCredential | AccessCredential {
  switch (credential.kind) {
    case "accountKey":
      return new StorageSharedKeyCredential(credential.accountName, credential.accountKey);
    case "sharedAccessSignature":
      return new AnonymousCredential();
    case "token":
      return credential.tokens;
  }
}
