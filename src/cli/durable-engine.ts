import { DurableError } from "../core/errors.ts";
import type { DurableEngine, DurableEngineRequest } from "../host/durable-engine.ts";
import { openStorageAccount } from "./storage-account.ts";

export async function createDurableEngine(request: DurableEngineRequest): Promise<DurableEngine> {
  const { appFolder, env, settings, log } = request;
  const account = await openStorageAccount({
    connectionName: settings.connectionName,
    appFolder,
    env,
    onWait: (message) => log({ level: "warning", category: "Host.Console", message }),
  });
  await account.close();
  throw new DurableError("NotSupported", "the engine is not wired yet");
}
