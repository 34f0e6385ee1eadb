import { formatHubQuery } from "../../management/management-links.ts";

/** Where a client of the JSON protocol finds the management API. */
export interface ClientBindingTarget {
  readonly taskHub: string;
  /** The setting with its connection string. */
  readonly connectionName: string;
  /** Without a trailing slash. */
  readonly managementBaseUrl: string;
}

const instanceId = "INSTANCEID";

/** The value of a `durableClient` input, as JSON text. There are no keys on this host. */
export function formatClientBinding({ taskHub, connectionName, managementBaseUrl }: ClientBindingTarget): string {
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
    rpcBaseUrl: `${managementBaseUrl}/`,
    httpBaseUrl: null,
    maxGrpcMessageSizeInBytes: null,
    grpcHttpClientTimeout: null,
  });
}
