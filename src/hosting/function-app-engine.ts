import { DurableError } from "../core/errors.ts";
import type { ClientConnection } from "../functions/embedded-host.ts";
import type { Registry } from "../worker/registry.ts";
import type { HostHealth } from "./health.ts";

export interface FunctionAppEngineOptions {
  readonly registries: readonly Registry[];
  readonly appFolder: string;
  readonly env: Record<string, string | undefined>;
  readonly log: (line: string) => void;
}

/** The engine of this package in the worker of a Functions host. */
export interface FunctionAppEngine {
  readonly connection: ClientConnection;
  start(): Promise<void>;
  stop(): Promise<void>;
  handleManagement(request: Request): Promise<Response>;
  readonly management: { readonly route: string; readonly authLevel: "function" | "anonymous" | "admin" } | undefined;
  health(): HostHealth;
}

export async function createFunctionAppEngine(_options: FunctionAppEngineOptions): Promise<FunctionAppEngine> {
  throw new DurableError("NotSupported", "the engine of this package does not run in a Functions app yet");
}
