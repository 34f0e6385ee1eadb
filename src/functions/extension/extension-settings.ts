import type { VersioningOptions } from "../../core/versioning.ts";

export interface ExtensionSettings {
  /** Which instances run here, and the version of new ones, for apps that do not say so themselves. */
  readonly versioning: VersioningOptions | undefined;
  readonly httpPollIntervalMs: number;
}

/** What the extension leaves to the code of an app. The rest of its settings may be of a kind that is not known here. */
const readMembers = ["defaultVersion", "versionMatchStrategy", "versionFailureStrategy", "httpSettings"];

/** @throws DurableError `InvalidOption` with the path in host.json of what is out of range */
export async function readExtensionSettings(
  hostJson: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExtensionSettings> {
  // Lazy: only a worker of the Functions host comes here.
  const [{ memberOf, sectionOf }, { resolveDurableTaskSettings }] = await Promise.all([
    import("../../host/settings/host-json.ts"),
    import("../../host/settings/durable-task-settings.ts"),
  ]);
  const section = sectionOf(hostJson, "extensions", "durableTask");
  const durableTask = Object.fromEntries(readMembers.map((name) => [name, memberOf(section, name)]));
  return resolveDurableTaskSettings({ extensions: { durableTask } }, env, { processorCount: 1 });
}
