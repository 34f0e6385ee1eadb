import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What the folder of an app says of extensions. */
export interface AppFiles {
  readonly hostJson: Readonly<Record<string, unknown>>;
  readonly extensionsJson: unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of the app that a worker runs. */
export function appFolderOf(env: Environment, workingFolder: string): string {
  return env["AzureWebJobsScriptRoot"] || workingFolder;
}

/**
 * Reads host.json, with overrides from the environment, and bin/extensions.json, which only apps without a bundle have.
 *
 * @throws DurableError `HostStartFailed` for a file that cannot be read
 */
export async function readAppFiles(appFolder: string, env: Environment): Promise<AppFiles> {
  // Lazy: only a worker of the Functions host comes here.
  const { readHostJson, parseJsonWithComments } = await import("../../host/settings/host-json.ts");
  const hostJson = await readHostJson(appFolder, env);
  const text = await readFile(join(appFolder, "bin", "extensions.json"), "utf8").catch(() => undefined);
  return {
    hostJson,
    extensionsJson: text === undefined ? undefined : parseJsonWithComments(text, "bin/extensions.json"),
  };
}
