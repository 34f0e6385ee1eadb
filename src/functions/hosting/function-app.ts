import type { FunctionInput } from "@azure/functions";
import { DurableError, messageOf } from "../../core/errors.ts";
import { createEventLog, type EventLog } from "../../core/event-log.ts";
import { findLogEvent } from "../../core/log-events.ts";
import type { LogLevel, LogSink } from "../../core/ports.ts";
import type { Registry } from "../../worker/registry.ts";
import type { ClientFunction, EmbeddedHost } from "../embedded-host.ts";
import type { AppFiles } from "./app-files.ts";
import { chooseHosting, type HostingChoice, hostingSetting, otherChoices } from "./choose-hosting.ts";
import type { HostingOption } from "./hosting-option.ts";

/** What a `DFApp` hands over to the app of the process that it is a part of. */
export interface HostedApp {
  readonly registry: Registry;
  /** @defaultValue false */
  readonly trustForwardedHeaders?: boolean | undefined;
  readonly hosting: HostingOption | undefined;
  readonly clientFunctions: readonly ClientFunction[];
  /** @throws DurableError `NotSupported` when the app has a host already */
  attachTo(host: EmbeddedHost): () => void;
  /** Registers the functions with a client that have waited for it, and from now on each at once. */
  registerClientFunctions(extraInputs: readonly FunctionInput[]): void;
}

/** One way to run the orchestrations of a process. */
export interface Hosted {
  readonly host: EmbeddedHost;
  /** What functions with a client need, besides their trigger. */
  readonly clientInputs: readonly FunctionInput[];
  stop(): Promise<void>;
}

export interface HostingRequest {
  readonly registries: readonly Registry[];
  /** An app stands behind a proxy whose headers are true. */
  readonly trustForwardedHeaders: boolean;
  /** Names of functions that are registered by the apps themselves. */
  readonly clientFunctionNames: readonly string[];
  readonly files: AppFiles;
  readonly appFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly events: EventLog;
  readonly log: WriteLine;
}

/** Writes a line to the log of the host. Must not throw. */
export type WriteLine = (entry: {
  readonly level: LogLevel;
  readonly category: string;
  readonly message: string;
}) => void;

export interface FunctionAppPorts {
  /** Read when the app starts, and not before: a worker may be given its settings late. */
  readonly env: () => Readonly<Record<string, string | undefined>>;
  readonly appFolder: () => string;
  readonly readFiles: (appFolder: string, env: Readonly<Record<string, string | undefined>>) => Promise<AppFiles>;
  readonly log: WriteLine;
  readonly runExtension: (request: HostingRequest) => Promise<Hosted>;
  readonly runOwnEngine: (request: HostingRequest) => Promise<Hosted>;
}

/**
 * All `DFApp`s of a process that a genuine Functions host runs.
 *
 *   collecting ──start──▶ hosted ──stop──▶ stopped
 *                └── it cannot work: every client and function that needs one says why
 *
 * H1. The hosting is decided once, when the host has loaded all entry files and still takes registrations.
 * H2. Nothing is thrown at the host: it would start the worker anew a few times and give up, without a word of why.
 */
export class FunctionApp {
  readonly #ports: FunctionAppPorts;
  readonly #events: EventLog;
  readonly #apps: HostedApp[] = [];
  #started: Promise<void> | undefined;
  #hosted: Hosted | undefined;

  constructor(ports: FunctionAppPorts) {
    this.#ports = ports;
    this.#events = createEventLog(toSink(ports.log));
  }

  add(app: HostedApp): void {
    this.#apps.push(app);
    if (this.#hosted !== undefined) this.#admit(app, this.#hosted);
  }

  /** What the hook at the start of the app does. Never rejects; repeated calls wait for the first. */
  start(): Promise<void> {
    this.#started ??= this.#start(); // H1
    return this.#started;
  }

  /** What the hook at the end of the app does. Never rejects. */
  async stop(): Promise<void> {
    try {
      await this.#started;
      await this.#hosted?.stop();
    } catch (error) {
      this.#events.write("HostStopFailed", messageOf(error), {});
    }
  }

  async #start(): Promise<void> {
    const hosted = await this.#host().catch((error) => this.#fail(error)); // H2
    this.#hosted = hosted;
    for (const app of this.#apps) this.#admit(app, hosted);
  }

  async #host(): Promise<Hosted> {
    const { env: readEnv, appFolder: findFolder, readFiles, log, runExtension, runOwnEngine } = this.#ports;
    const [env, appFolder] = [readEnv(), findFolder()];
    const files = await readFiles(appFolder, env);
    const choice = chooseHosting({
      isLocalHost: false,
      options: this.#apps.map(({ hosting }) => hosting),
      setting: env[hostingSetting],
      ...files,
    });
    this.#events.write("HostingChosen", describe(choice), {});
    const request = {
      registries: this.#apps.map(({ registry }) => registry),
      trustForwardedHeaders: this.#apps.some(({ trustForwardedHeaders }) => trustForwardedHeaders === true),
      clientFunctionNames: this.#apps.flatMap(({ clientFunctions }) => clientFunctions.map(({ name }) => name)),
      files,
      appFolder,
      env,
      events: this.#events,
      log,
    };
    return choice.hosting === "extension" ? await runExtension(request) : await runOwnEngine(request);
  }

  #fail(cause: unknown): Hosted {
    const text = `the orchestrations of this app cannot run: ${messageOf(cause)}`;
    this.#events.write("HostingFailed", text, {});
    const error = new DurableError("HostStartFailed", text, { cause });
    const host = { attach() {}, connect: () => Promise.reject(error) };
    return { host, clientInputs: [], stop: async () => {} };
  }

  #admit(app: HostedApp, { host, clientInputs }: Hosted): void {
    try {
      app.attachTo(host);
    } catch {
      // The app is run by a worker of its own, in this process.
    }
    try {
      app.registerClientFunctions(clientInputs);
    } catch (error) {
      this.#events.write("HostingFailed", `a function cannot be registered: ${messageOf(error)}`, {}); // H2
    }
  }
}

function describe({ hosting, reason }: HostingChoice): string {
  const where =
    hosting === "extension"
      ? "run through the Durable extension of the host"
      : "run on the engine of this package, in the worker";
  return `orchestrations ${where}, because ${reason}; to choose otherwise, ${otherChoices}`;
}

function toSink(log: WriteLine): LogSink {
  return {
    log(level, event, message) {
      const category = `${findLogEvent(event)?.area ?? "Durable"}.${event}`;
      log({ level, category, message: `${event}: ${message}` });
    },
  };
}
