import type { InvocationContext } from "@azure/functions";
import { DurableError } from "../../core/errors.ts";
import { createStartChecks, type StartChecks } from "../../management/start-checks.ts";
import type { Registry } from "../../worker/registry.ts";
import type { ClientConnection, EmbeddedHost } from "../embedded-host.ts";
import { clientBindingOf } from "./durable-bindings.ts";

/**
 * Where apps get their clients when the Durable extension runs their orchestrations: the extension hands one over with
 * each call of a function that has the input `durableClient`.
 */
export class ExtensionHost implements EmbeddedHost {
  readonly #startChecks: StartChecks;
  readonly #connections = new Map<string, Promise<ClientConnection>>();
  #latest: Promise<ClientConnection> | undefined;

  constructor(registries: readonly Registry[]) {
    this.#startChecks = createStartChecks(() => registries);
  }

  attach(): void {}

  /**
   * @param context of a function with the input. @defaultValue the connection that was handed over last
   * @throws DurableError `NotSupported`
   */
  connect(context?: InvocationContext): Promise<ClientConnection> {
    const binding = context && clientBindingOf(context);
    if (binding !== undefined && binding !== null) return this.#connectTo(binding);
    return this.#latest ?? Promise.reject(noBinding());
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    const open = [...this.#connections.values()];
    this.#connections.clear();
    this.#latest = undefined;
    for (const connection of await Promise.allSettled(open)) {
      if (connection.status === "fulfilled") await connection.value.close?.();
    }
  }

  /** One for each value: they are the same for all functions of an app, until its host starts again. */
  #connectTo(binding: unknown): Promise<ClientConnection> {
    const key = typeof binding === "string" ? binding : JSON.stringify(binding);
    let connection = this.#connections.get(key);
    if (connection === undefined) {
      connection = this.#open(binding);
      this.#connections.set(key, connection);
      connection.catch(() => this.#connections.delete(key));
    }
    this.#latest = connection;
    return connection;
  }

  async #open(binding: unknown): Promise<ClientConnection> {
    // Lazy, so that an app starts without gRPC.
    const { connectToExtension } = await import("./extension-connection.ts");
    return connectToExtension(binding, this.#startChecks);
  }
}

function noBinding(): DurableError {
  return new DurableError(
    "NotSupported",
    "the Durable extension hands over a client with the call of a function only: use 'app.http', or give the function " +
      "the input 'durableClient' and its context to 'app.connect(context)'",
  );
}
