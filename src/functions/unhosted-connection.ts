import { DurableError } from "../core/errors.ts";
import type { ClientConnection } from "./embedded-host.ts";

/** Stands in where no engine runs: HTTP functions that leave the client alone still answer. */
export const noConnection: ClientConnection = {
  get client(): never {
    throw notHosted();
  },
  get managementBaseUrl(): never {
    throw notHosted();
  },
  get connectionName(): never {
    throw notHosted();
  },
};

/** What an app answers that nothing runs. */
export function notHosted(): DurableError {
  return new DurableError(
    "NotSupported",
    "this process does not run orchestrations: start the app with 'npx durable start' or the Azure Functions host, or " +
      "call 'startWorker'",
  );
}
