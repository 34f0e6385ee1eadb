import { findLoadedApps, installEmbeddedHost } from "../../functions/embedded-host.ts";
import { assertDefinedOnce, type Registry } from "../../worker/registry.ts";
import { EmbeddedApps } from "./embedded-apps.ts";
import { FunctionsCore } from "./functions-core.ts";
import { loadAppWithin } from "./load-app.ts";
import { injectModule } from "./module-injection.ts";

/** An app that waits for a client at the top level of a module waits for ever: nothing runs it. */
const timeoutMs = 60_000;

/**
 * Loads the app of a folder as a host does, and gives the functions of its `DFApp`s. Nothing is started.
 *
 * @throws DurableError `HostStartFailed`, `DuplicateRegistration`
 */
export async function loadRegistries(appFolder: string, version: string): Promise<readonly Registry[]> {
  const core = new FunctionsCore({ version, log: () => {} });
  injectModule("@azure/functions-core", core.createModule());
  const uninstall = installEmbeddedHost(new EmbeddedApps());
  try {
    const cure = () => "does a module wait for a client at its top level?";
    await loadAppWithin(timeoutMs, { appFolder }, core, cure);
  } finally {
    uninstall();
  }
  const registries = findLoadedApps().map(({ registry }) => registry);
  assertDefinedOnce(registries);
  return registries;
}
