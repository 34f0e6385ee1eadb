import { DurableError } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import type { OpenApiDocument } from "../http/open-api/open-api-document.ts";
import { describeApp, identifyApp } from "./app/describe-app.ts";
import { EmbeddedApps } from "./app/embedded-apps.ts";
import { type AppOpening, openApp } from "./app/open-app.ts";
import { createEventSink, type HostLog } from "./host-log.ts";
import { hostEnvironment } from "./settings/local-settings.ts";
import { readFolderSettings } from "./settings/read-settings.ts";

export interface FolderDescription extends Pick<AppOpening, "appFolder" | "version" | "functions" | "loadTimeoutMs"> {
  readonly verbose: boolean;
  /** Read, and extended by local.settings.json: the app sees it as its environment. */
  readonly env: Record<string, string | undefined>;
  readonly log: HostLog;
}

/**
 * The OpenAPI document that a local host of this folder would serve on the loopback address. Loads the app, and nothing runs: no engine, no
 * storage, no server.
 *
 * @throws DurableError when the app cannot be loaded, as the host does
 */
export async function describeFolder(options: FolderDescription): Promise<OpenApiDocument> {
  const { appFolder, env, verbose, log } = options;
  const settings = await readFolderSettings(appFolder, env, verbose);
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
    const place = { ...options, hostJson, origin, openTriggerStorages: openNone };
    const { app, isDurable } = await openApp({ ...place, apps, log: filteredLog, events, onStop });
    return describeApp(app, apps, { ...(await identifyApp(appFolder)), isDurable, needsKeys: false });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** No trigger fires here. */
function openNone(): Promise<never> {
  throw new DurableError("NotSupported", "an app that is described does not run");
}
