import type { ClientBindingTarget } from "../classic/client-binding.ts";

/** The value of a `durableClient` input that asks for gRPC, as JSON text. Its links hold no key, as those of the JSON protocol. */
export function formatProtobufClientBinding({
  taskHub,
  managementBaseUrl,
  rpcBaseUrl,
}: Omit<ClientBindingTarget, "rpcBaseUrl"> & {
  /** Of the gRPC service, without a path. */
  readonly rpcBaseUrl: string;
}): string {
  return JSON.stringify({
    taskHubName: taskHub,
    connectionName: null,
    creationUrls: null,
    managementUrls: null,
    // The extension leaves it out; management links that are made without a request need it.
    baseUrl: managementBaseUrl,
    requiredQueryStringParameters: "",
    rpcBaseUrl,
    httpBaseUrl: managementBaseUrl,
    useForwardedHost: false,
    maxGrpcMessageSizeInBytes: 0,
    grpcHttpClientTimeout: '"00:01:40"',
  });
}
