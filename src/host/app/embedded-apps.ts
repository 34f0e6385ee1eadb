import { DurableError } from "../../core/errors.ts";
import type { ClientConnection, EmbeddedApp, EmbeddedHost } from "../../functions/embedded-host.ts";
import type { DescribedOrchestration } from "../../http/open-api/management-paths.ts";
import { createStartChecks, listOrchestrationNames, type StartChecks } from "../../management/start-checks.ts";
import type { Registry } from "../../worker/registry.ts";

/** The `DFApp`s that attached themselves while the app was loaded, and the connection they wait for. */
export class EmbeddedApps implements EmbeddedHost {
  readonly #registries: Registry[] = [];
  #trustsForwardedHeaders = false;
  /** Over all apps, for whoever starts an instance. */
  readonly startChecks: StartChecks = createStartChecks(() => this.#registries);
  #isAwaited = false;
  readonly #connected: Promise<ClientConnection>;
  #settle!: { resolve(connection: ClientConnection): void; reject(error: unknown): void };

  constructor() {
    this.#connected = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#connected.catch(() => {});
  }

  get registries(): readonly Registry[] {
    return this.#registries;
  }

  get orchestrationNames(): readonly string[] {
    return listOrchestrationNames(this.#registries);
  }

  /** Each once, as the app that serves it has it, with its schemas. */
  get orchestrations(): readonly DescribedOrchestration[] {
    return this.orchestrationNames.map((name) => {
      const found = this.#registries.map((app) => app.findOrchestration(name)).find((each) => each !== undefined);
      return { name, inputSchema: found?.inputSchema, outputSchema: found?.outputSchema };
    });
  }

  get activityNames(): readonly string[] {
    return [...new Set(this.#registries.flatMap((registry) => registry.activityNames))].sort();
  }

  /** Each once, ignoring case, as the app that serves it has it. */
  get entityNames(): readonly string[] {
    const names = this.#registries.flatMap((registry) => registry.entityNames);
    return names.filter((name, at) => names.findIndex((other) => isSameEntity(name, other)) === at).sort();
  }

  /** Names that more than one app defines; the first definition serves. */
  get duplicateNames(): readonly string[] {
    const perApp = this.#registries.map((app) => new Set([...app.orchestrationNames, ...app.activityNames]));
    const names = new Set(perApp.flatMap((own) => [...own]));
    const duplicates = [...names].filter((name) => perApp.filter((own) => own.has(name)).length > 1);
    // Those of entities compare ignoring case.
    const entities = this.entityNames.filter(
      (name) => this.#registries.filter((app) => app.findEntity(name) !== undefined).length > 1,
    );
    return [...new Set([...duplicates, ...entities])];
  }

  attach(app: EmbeddedApp): void {
    this.#registries.push(app.registry);
    this.#trustsForwardedHeaders ||= app.trustForwardedHeaders === true;
  }

  /** One of them stands behind a proxy whose headers are true. */
  get trustForwardedHeaders(): boolean {
    return this.#trustsForwardedHeaders;
  }

  /** Somebody has asked for a client. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  connect(): Promise<ClientConnection> {
    this.#isAwaited = true;
    return this.#connected;
  }

  /** Lets everybody who waits for the engine go on. */
  engineRuns(connection: ClientConnection): void {
    this.#settle.resolve(connection);
  }

  engineGone(cause: unknown): void {
    this.#settle.reject(new DurableError("Aborted", "the host stopped before its engine ran", { cause }));
  }
}

function isSameEntity(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}
