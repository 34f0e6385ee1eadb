import { DurableError } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { EmbeddedApps } from "./app/embedded-apps.ts";
import { type AppOpening, type OpenedApp, openApp } from "./app/open-app.ts";
import { createEventSink, type HostLog } from "./host-log.ts";
import { hostEnvironment } from "./settings/local-settings.ts";
import { readFolderSettings } from "./settings/read-settings.ts";

export interface FolderOpening extends Pick<AppOpening, "appFolder" | "version" | "functions" | "loadTimeoutMs"> {
  readonly verbose: boolean;
  /** host.json may be missing. @defaultValue false */
  readonly mayLackHostJson?: boolean | undefined;
  /** Read, and extended by local.settings.json: the app sees it as its environment. */
  readonly env: Record<string, string | undefined>;
  readonly log: HostLog;
}

export interface OpenedFolder extends Pick<OpenedApp, "app" | "registries" | "isDurable"> {
  readonly apps: EmbeddedApps;
}

/**
 * Loads the app of a folder as a local host on the loopback address does, for as long as `use` works with it. Nothing
 * runs: no engine, no storage, no server.
 *
 * @throws DurableError when the app cannot be loaded, as the host does
 */
export async function openFolder<T>(opening: FolderOpening, use: (folder: OpenedFolder) => T | Promise<T>): Promise<T> {
  const { appFolder, env, verbose, log, mayLackHostJson } = opening;
  const settings = await readFolderSettings(appFolder, env, verbose, { mayLackHostJson });
  const filteredLog: HostLog = (entry) => {
    if (settings.isLogged(entry)) log(entry);
  };
  const events = createEventLog(createEventSink(filteredLog));
  settings.report(events);
  const port = settings.localSettings.port ?? 7071;
  for (const [name, value] of hostEnvironment(appFolder, port)) env[name] = value;

  const apps = new EmbeddedApps();
  const undo: (() => Promise<void> | void)[] = [];
  const onStop: AppOpening["onStop"] = (step) => void undo.push(step);
  try {
    const { hostJson } = settings;
    const origin = `http://localhost:${port}`;
    const place = { ...opening, hostJson, origin, openTriggerStorages: openNone };
    const { app, registries, isDurable } = await openApp({ ...place, apps, log: filteredLog, events, onStop });
    return await use({ app, apps, registries, isDurable });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** No trigger fires here. */
function openNone(): Promise<never> {
  throw new DurableError("NotSupported", "an app that is only looked at does not run");
}
