import type { FunctionInput, InvocationContext } from "@azure/functions";
import { az, type FunctionsCore, findFunctionsCore } from "../azure-functions.ts";
import type { DurableClient } from "../durable-client.ts";
import type { ClientFunction } from "../embedded-host.ts";
import type { FoundClient } from "../http-function.ts";
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

/** Registers a function with the host, with what the hosting asks for besides its trigger. */
export type RegisterFunction = (extraInputs: readonly FunctionInput[]) => void;

/** The functions of an app that are given a client. Where a Functions host runs the process, they wait until the hosting is chosen. */
export class ClientRegistrations {
  readonly functions: ClientFunction[] = [];
  #waiting: RegisterFunction[] | undefined;
  #extraInputs: readonly FunctionInput[] = [];

  /** From now on functions wait for {@link release}. */
  hold(): void {
    this.#waiting ??= [];
  }

  add(added: ClientFunction, register: RegisterFunction): void {
    this.functions.push(added);
    if (this.#waiting === undefined) register(this.#extraInputs);
    else this.#waiting.push(register);
  }

  /** Registers what waits, and from now on each at once. @throws what a registration throws */
  release(extraInputs: readonly FunctionInput[]): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#extraInputs = extraInputs;
    for (const register of waiting) register(extraInputs);
  }
}

/** How functions with any trigger are registered that are given a client of an app. */
export interface ClientFunctions {
  /** Registers now, or once it is known which inputs the hosting asks for. */
  add(added: ClientFunction, register: RegisterFunction): void;
  /** @throws DurableError when there is no client, and no Functions host to answer to */
  findClient(context: InvocationContext): Promise<FoundClient>;
  /** @throws DurableError when there is no client */
  connect(context: InvocationContext): Promise<DurableClient>;
}

const ofApps = new WeakMap<object, ClientFunctions>();

/** Lets those of this package that register functions of an app do so. */
export function showClientFunctions(app: object, functions: ClientFunctions): void {
  ofApps.set(app, functions);
}

export function clientFunctionsOf(app: object): ClientFunctions {
  return ofApps.get(app)!;
}
