import { DurableError } from "../../core/errors.ts";
import { systemClock, systemRandom } from "../../core/system-ports.ts";
import { openChannel } from "../../grpc/channel/task-hub-channel.ts";
import type { StartChecks } from "../../management/start-checks.ts";
import type { ClientConnection } from "../embedded-host.ts";
import { readClientBinding } from "./client-binding.ts";
import { ExtensionClient } from "./extension-client.ts";

/**
 * A connection to the Durable extension of the host, over gRPC.
 *
 * @param value of a `durableClient` binding
 * @throws DurableError `NotSupported`, `InvalidOption`
 */
export function connectToExtension(value: unknown, startChecks: StartChecks): ClientConnection {
  const { rpcBaseUrl, taskHubName, connectionName, httpBaseUrl, requiredQuery, maxMessageBytes } =
    readClientBinding(value);
  const channel = openChannel({
    address: rpcBaseUrl,
    taskHub: taskHubName,
    // The names that the extension reads; without them it takes the hub of host.json.
    metadata: {
      "durable-taskhub": taskHubName,
      ...(connectionName !== undefined && { "durable-connectionname": connectionName }),
    },
    maxMessageBytes,
  });
  return {
    client: new ExtensionClient({ channel, clock: systemClock, random: systemRandom }),
    get managementBaseUrl(): string {
      if (httpBaseUrl !== undefined) return httpBaseUrl;
      throw new DurableError("NotSupported", "the Durable extension does not say where its management API is");
    },
    connectionName: connectionName?.replace(/^AzureWebJobs(?=.)/i, "") ?? "Storage",
    linkQuery: requiredQuery,
    startChecks,
    close: async () => channel.close(),
  };
}
