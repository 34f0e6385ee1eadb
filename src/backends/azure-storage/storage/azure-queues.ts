import {
  AnonymousQueueCredential,
  newQueuePipeline,
  type QueueClient,
  QueueKeyCredential,
  QueueServiceClient,
} from "./azure-sdk.ts";
import { followsNoRedirects } from "./sdk-redirects.ts";
import { pinServiceVersion, serviceVersionOf } from "./service-version.ts";
import { pipelineCredential, type StorageConnection } from "./storage-connection.ts";
import type { StorageHandlers } from "./storage-handlers.ts";
import { wholeSeconds } from "./whole-seconds.ts";

/** A queue keeps what it is given: the encoding of texts is the codec's business, so the SDK's stays off. */
export function openQueues(connection: StorageConnection): StorageHandlers<"queue"> {
  const { credential, queueEndpoint } = connection;
  const options = { retryOptions: { maxTries: 1 }, ...followsNoRedirects };
  const pipeline = newQueuePipeline(
    pipelineCredential(credential, { key: QueueKeyCredential, signature: AnonymousQueueCredential }),
    options,
  );
  const url =
    credential.kind === "sharedAccessSignature" ? `${queueEndpoint}?${credential.queries.queue}` : queueEndpoint;
  const service = new QueueServiceClient(url, pinServiceVersion(pipeline, serviceVersionOf(credential)));
  // Making a client is a good part of what a request costs.
  const clients = new Map<string, QueueClient>();
  const queueOf = ({ queue }: { readonly queue: string }) => {
    const client = clients.get(queue) ?? service.getQueueClient(queue);
    clients.set(queue, client);
    return client;
  };

  return {
    "queue.create": async (request, abortSignal) => {
      await queueOf(request).create({ abortSignal });
      return undefined;
    },
    "queue.delete": async (request, abortSignal) => {
      await queueOf(request).delete({ abortSignal });
      return undefined;
    },
    "queue.exists": async (request, abortSignal) => {
      await queueOf(request).getProperties({ abortSignal });
      return undefined;
    },
    "queue.send": async (request, abortSignal) => {
      const sent = await queueOf(request).sendMessage(request.text, {
        abortSignal,
        visibilityTimeout: wholeSeconds(request.visibilityDelayMs),
        messageTimeToLive: -1,
      });
      const { messageId, popReceipt, insertedOn, nextVisibleOn } = sent;
      return { messageId, popReceipt, insertedOn, nextVisibleOn };
    },
    "queue.receive": async (request, abortSignal) => {
      const received = await queueOf(request).receiveMessages({
        abortSignal,
        numberOfMessages: request.maxMessages,
        visibilityTimeout: wholeSeconds(request.visibilityTimeoutMs),
      });
      return received.receivedMessageItems.map((item) => ({
        messageId: item.messageId,
        popReceipt: item.popReceipt,
        text: item.messageText ?? "",
        dequeueCount: item.dequeueCount,
        insertedOn: item.insertedOn,
        nextVisibleOn: item.nextVisibleOn,
        expiresOn: item.expiresOn,
      }));
    },
    "queue.update": async (request, abortSignal) => {
      const timeout = wholeSeconds(request.visibilityTimeoutMs);
      const updated = await queueOf(request).updateMessage(
        request.messageId,
        request.popReceipt,
        request.text,
        timeout,
        {
          abortSignal,
        },
      );
      return { popReceipt: updated.popReceipt ?? request.popReceipt };
    },
    "queue.deleteMessage": async (request, abortSignal) => {
      await queueOf(request).deleteMessage(request.messageId, request.popReceipt, { abortSignal });
      return undefined;
    },
    "queue.count": async (request, abortSignal) => {
      const { approximateMessagesCount } = await queueOf(request).getProperties({ abortSignal });
      return { messages: approximateMessagesCount ?? 0 };
    },
  };
}
