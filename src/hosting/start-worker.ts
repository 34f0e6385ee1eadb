import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { StartWorkerOptions } from "./library-options.ts";
import type { WorkerHost } from "./worker-host.ts";

/**
 * Runs the orchestrations, entities and activities of some `DFApp`s in this process, without a Functions host: in a web
 * server, a service, a job. HTTP functions of the apps are not served.
 *
 * @example
 * await using host = await startWorker({ apps: [app], storage: process.env.STORAGE!, taskHub: "MyHub" });
 * const id = await host.client.startNew(processOrder, { input: order });
 *
 * @returns the host, once it takes work
 * @throws DurableError `InvalidOption`, `NotSupported` for an app that runs already, `StorageUnavailable` when storage
 * cannot be reached within seconds, `HostStartFailed` when the embedded store does not start
 */
export async function startWorker<Converter extends DataConverter | undefined = undefined>(
  options: StartWorkerOptions<Converter>,
): Promise<WorkerHost<Converter>> {
  // Loaded when it is asked for: an app that another host runs needs no engine.
  const [{ LibraryHost }, { resolveStartWorker }] = await Promise.all([
    import("./library-host.ts"),
    import("./library-options.ts"),
  ]);
  const host = new LibraryHost(resolveStartWorker(options));
  try {
    await host.start();
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host as WorkerHost<Converter>;
}
