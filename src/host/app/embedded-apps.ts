import { DurableError } from "../../core/errors.ts";
import type { ClientConnection, EmbeddedApp, EmbeddedHost } from "../../functions/embedded-host.ts";
import { createStartChecks, listOrchestrationNames, type StartChecks } from "../../management/start-checks.ts";
import { assertDefinedOnce, type Registry } from "../../worker/registry.ts";

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

  /** In the order of registration. */
  get firstOrchestration(): string | undefined {
    return this.#registries.flatMap((registry) => registry.orchestrationNames)[0];
  }

  get activityNames(): readonly string[] {
    return [...new Set(this.#registries.flatMap((registry) => registry.activityNames))].sort();
  }

  /** Each once, ignoring case, as the app that serves it has it. */
  get entityNames(): readonly string[] {
    const names = this.#registries.flatMap((registry) => registry.entityNames);
    return names.filter((name, at) => names.findIndex((other) => isSameEntity(name, other)) === at).sort();
  }

  /** @throws DurableError `DuplicateRegistration` for a name that more than one app defines */
  assertDefinedOnce(): void {
    assertDefinedOnce(this.#registries);
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
