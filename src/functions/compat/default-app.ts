import { DFApp } from "../df-app.ts";
import type { DurableClient } from "../durable-client.ts";

let app: DFApp | undefined;

/** The app behind `df.app`, made by its first use: it attaches to the host that loads the module, as any other. */
export function defaultApp(): DFApp {
  app ??= new DFApp();
  return app;
}

/** A client of the default app, once the engine runs. @throws DurableError `NotSupported` where nothing runs it */
export function connectClient(): Promise<DurableClient> {
  return defaultApp().connect();
}
