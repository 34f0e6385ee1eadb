import { DurableError } from "../core/errors.ts";
import { assertOptions, type OptionKinds } from "../core/option-names.ts";
import { silentLog } from "../core/ports.ts";
import { clientOptionKinds } from "./client-arguments.ts";
import type { ConnectOptions, DurableClientOptions } from "./durable-client-options.ts";
import type { ClientConnection } from "./embedded-host.ts";

/** What holds what is checked further down. */
const locationKinds: OptionKinds<Omit<ConnectOptions, keyof DurableClientOptions>> = {
  connection: "text",
  connectionString: "text",
  storage: "any",
  taskHub: "any",
  partitionCount: "any",
  trackingStore: "any",
  messageEncoding: "any",
};

/**
 * Opens a hub for a client alone.
 *
 * @throws DurableError `InvalidOption`; `StorageUnavailable` when storage cannot be reached within seconds
 */
export async function connectClient(
  options: ConnectOptions,
): Promise<{ readonly connection: ClientConnection; readonly options: DurableClientOptions }> {
  // Lazy, so that an app loads without an engine and without the storage libraries.
  const [{ resolveHub }, { openHub }, { createLibraryConnection }] = await Promise.all([
    import("../hosting/hub-location.ts"),
    import("../hosting/open-hub.ts"),
    import("../hosting/library-connection.ts"),
  ]);
  const kinds = { ...clientOptionKinds, ...locationKinds };
  assertOptions(options, kinds, "DurableClient.connect");
  const { connection, connectionString, storage, taskHub, partitionCount, trackingStore, messageEncoding, ...rest } =
    options;
  const places = [
    ...(storage === undefined ? [] : [storage]),
    ...(connection === undefined ? [] : [{ connection }]),
    ...(connectionString === undefined ? [] : [{ connectionString }]),
  ];
  const [place] = places;
  if (place === undefined || places.length > 1) {
    throw new DurableError("InvalidOption", "connect needs 'connection', 'connectionString' or 'storage', one of them");
  }
  const location = resolveHub({
    storage: place,
    taskHub,
    partitionCount,
    trackingStore,
    messageEncoding,
  });
  const hub = await openHub({ ...location, env: process.env, log: silentLog });
  return { connection: createLibraryConnection(hub.client, { close: () => hub.close() }), options: rest };
}
