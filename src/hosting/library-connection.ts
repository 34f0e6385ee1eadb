import { DurableError } from "../core/errors.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { ClientConnection } from "../functions/embedded-host.ts";
import type { StartChecks } from "../management/start-checks.ts";

/** A connection of a process that serves no management API, which links to instances would lead to. */
export function createLibraryConnection(
  client: OrchestrationClient,
  more: { readonly startChecks?: StartChecks; readonly close?: () => Promise<void> },
): ClientConnection {
  return {
    ...more,
    client,
    connectionName: "Storage",
    get managementBaseUrl(): never {
      throw new DurableError(
        "NotSupported",
        "there are no links to an instance here: the management API is served by 'durable start' only",
      );
    },
  };
}
