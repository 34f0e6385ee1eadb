import type { RequestPolicyFactory } from "@azure/storage-queue";

/**
 * The version of the storage protocol that is asked for, the same for all three services. An old one on purpose: it has
 * all that a task hub needs, and is known everywhere. The SDKs send the newest they know, which regions that lag behind,
 * Azure Stack and emulators refuse (400 InvalidHeaderValue).
 */
export const serviceVersion = "2019-02-02";

const serviceVersionPolicy: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest(request) {
      request.headers.set("x-ms-version", serviceVersion);
      return next.sendRequest(request);
    },
  }),
};

/** Has the clients of a pipeline, for queues or blobs, ask for {@link serviceVersion}. */
export function pinServiceVersion<P extends { readonly factories: RequestPolicyFactory[] }>(pipeline: P): P {
  pipeline.factories.unshift(serviceVersionPolicy);
  return pipeline;
}
