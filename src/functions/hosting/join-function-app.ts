import { az, type FunctionsCore, findFunctionsCore } from "../azure-functions.ts";
import type { FunctionApp, HostedApp } from "./function-app.ts";

/** The app of the process. Copies of this package meet under a global symbol; its number changes with the shape. */
const functionAppKey = Symbol.for("durable-functions-ts.function-app.2");

/**
 * Makes a `DFApp` a part of the Functions app that this process runs.
 *
 * @returns `false` when no worker of a Functions host runs this process
 */
export function joinFunctionApp(app: HostedApp): boolean {
  const core = findFunctionsCore();
  if (core === undefined) return false;
  const globals = globalThis as { [functionAppKey]?: Pick<FunctionApp, "add"> };
  globals[functionAppKey] ??= collectApps(core);
  globals[functionAppKey].add(app);
  return true;
}

function collectApps(core: FunctionsCore): Pick<FunctionApp, "add"> {
  const apps = new CollectedApps(core);
  az.app.hook.appStart(() => apps.start());
  az.app.hook.appTerminate(() => apps.stop());
  return apps;
}

/** Keeps the apps until the host has loaded all files. What hosts them is loaded then: imports of apps stay cheap. */
class CollectedApps {
  readonly #core: FunctionsCore;
  readonly #waiting: HostedApp[] = [];
  #app: FunctionApp | undefined;
  #started: Promise<void> | undefined;

  constructor(core: FunctionsCore) {
    this.#core = core;
  }

  add(app: HostedApp): void {
    if (this.#app === undefined) this.#waiting.push(app);
    else this.#app.add(app);
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async stop(): Promise<void> {
    await this.#started;
    await this.#app?.stop();
  }

  async #start(): Promise<void> {
    const { openFunctionApp } = await import("./open-function-app.ts");
    const app = openFunctionApp(this.#core);
    for (const waiting of this.#waiting.splice(0)) app.add(waiting);
    this.#app = app;
    await app.start();
  }
}
