import { formatHubQuery } from "../../management/management-links.ts";

/** Where a client of the JSON protocol finds the management API. */
export interface ClientBindingTarget {
  readonly taskHub: string;
  /** The setting with its connection string. */
  readonly connectionName: string;
  /** Without a trailing slash. */
  readonly managementBaseUrl: string;
  /** Where the client itself asks, without a trailing slash and without a key. @defaultValue `managementBaseUrl` */
  readonly rpcBaseUrl?: string | undefined;
}

const instanceId = "INSTANCEID";

/**
 * The value of a `durableClient` input, as JSON text. Its links hold no key: the client puts the instance in by itself, so
 * that none can be signed for just that one, and the key of the hub is not for those who get a link.
 */
export function formatClientBinding(target: ClientBindingTarget): string {
  const { taskHub, connectionName, managementBaseUrl, rpcBaseUrl = managementBaseUrl } = target;
  const hub = formatHubQuery({ taskHub, connectionName });
  const instance = `${managementBaseUrl}/instances/${instanceId}`;
  const start = `${managementBaseUrl}/orchestrators/{functionName}[/{instanceId}]`;
  return JSON.stringify({
    taskHubName: taskHub,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: start,
      createAndWaitOnNewInstancePostUri: `${start}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}`,
    },
    managementUrls: {
      id: instanceId,
      statusQueryGetUri: `${instance}?${hub}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${hub}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${hub}`,
      rewindPostUri: `${instance}/rewind?reason={text}&${hub}`,
      purgeHistoryDeleteUri: `${instance}?${hub}`,
      restartPostUri: `${instance}/restart?${hub}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${hub}`,
      resumePostUri: `${instance}/resume?reason={text}&${hub}`,
    },
    baseUrl: managementBaseUrl,
    requiredQueryStringParameters: "",
    // The library resolves paths against it, so that it must end in a slash.
    rpcBaseUrl: `${rpcBaseUrl}/`,
    httpBaseUrl: null,
    maxGrpcMessageSizeInBytes: null,
    grpcHttpClientTimeout: null,
  });
}
