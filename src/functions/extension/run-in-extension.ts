import { az } from "../azure-functions.ts";
import type { Hosted, HostingRequest } from "../hosting/function-app.ts";
import { durableClientInput, durableTrigger } from "./durable-bindings.ts";
import { listDurableFunctions } from "./durable-functions.ts";
import { ExtensionHost } from "./extension-host.ts";
import { readExtensionSettings } from "./extension-settings.ts";
import { TriggerRunner } from "./trigger-runner.ts";

/**
 * Registers all durable functions of the apps with the host, whose Durable extension calls them.
 *
 * @throws DurableError `InvalidOption` for settings in host.json; what the worker throws for a name that is taken
 */
export async function runInExtension(request: HostingRequest): Promise<Hosted> {
  const { registries, clientFunctionNames, files, env } = request;
  const { versioning, httpPollIntervalMs } = await readExtensionSettings(files.hostJson, env);
  if (versioning !== undefined) for (const registry of registries) registry.setDefaultVersioning(versioning);
  const runner = new TriggerRunner({ registries, httpPollIntervalMs });
  for (const { trigger, name, functionName } of listDurableFunctions(registries, clientFunctionNames)) {
    az.app.generic(functionName, {
      trigger: durableTrigger(trigger, functionName === name ? undefined : name),
      handler: (value, context) => runner.run(trigger, name, value, context),
    });
  }
  const host = new ExtensionHost(registries);
  return { host, clientInputs: [durableClientInput()], stop: () => host.close() };
}
