import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { Clock } from "../core/ports.ts";
import type { StartChecks } from "../management/start-checks.ts";
import type { CallTarget } from "../orchestration/call-options.ts";

/** How the verbs of a client reach its hub, and what they know of it. */
export interface ClientAccess {
  readonly connect: () => Promise<OrchestrationClient>;
  readonly dataConverter: DataConverter;
  /** What looks at instances go by that are made here. */
  readonly clock: Clock;
  /** Waits are looks made here, by {@link clock}, also where the hub would tell. @defaultValue false */
  readonly waitsByClock?: boolean | undefined;
  /** What the apps of this process know before a start. @defaultValue nothing: any name is taken */
  readonly startChecks?: StartChecks | undefined;
  /** Of instances that are started without one. @defaultValue what `startChecks` know */
  readonly defaultVersion?: string | undefined;
  /** Finds out what is meant by what was handed over. @defaultValue a name or a handle is itself */
  readonly resolveTarget?: ((target: unknown) => CallTarget) | undefined;
  /** Runs a wait that ends with the client, or with the signal of its caller. @defaultValue the client ends no wait */
  readonly untilClosed?: UntilClosed | undefined;
}

export type UntilClosed = <T>(
  signal: AbortSignal | undefined,
  wait: (signal: AbortSignal | undefined) => Promise<T>,
) => Promise<T>;
