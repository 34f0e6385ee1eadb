import type { RequestPolicyFactory } from "./azure-sdk.ts";
import type { StorageCredential } from "./storage-connection.ts";

/**
 * The version of the storage protocol that is asked for with keys and signatures, for all three services. An old one on purpose: it has
 * all that a task hub needs, and is known everywhere. The SDKs send the newest they know, which regions that lag behind,
 * Azure Stack and emulators refuse (400 InvalidHeaderValue).
 */
const serviceVersion = "2019-02-02";

/**
 * Asked for with tokens: the first version in which all three services take them, and say which tenant they trust when
 * they refuse one. Tables are the last to have learned it.
 */
const tokenServiceVersion = "2020-12-06";

/** The version for a way to authorize requests. */
export function serviceVersionOf({ kind }: StorageCredential): string {
  return kind === "token" ? tokenServiceVersion : serviceVersion;
}

/** Has the clients of a pipeline, for queues or blobs, ask for a version. */
export function pinServiceVersion<P extends { readonly factories: RequestPolicyFactory[] }>(
  pipeline: P,
  version: string,
): P {
  pipeline.factories.unshift({
    create: (next) => ({
      sendRequest(request) {
        request.headers.set("x-ms-version", version);
        return next.sendRequest(request);
      },
    }),
  });
  return pipeline;
}
