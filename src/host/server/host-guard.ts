import { RequestGuard } from "../../http/request-guard.ts";
import { findSetting } from "../settings/app-settings.ts";
import type { Environment } from "../settings/host-json.ts";
import type { CorsPolicy } from "./cors.ts";
import { isLoopback } from "./listen-address.ts";

const setting = "DURABLE_ALLOWED_HOSTS";

export interface HostGuardOptions {
  /** Comma-separated. @defaultValue the setting `DURABLE_ALLOWED_HOSTS` */
  readonly allowedHosts: string | undefined;
  readonly cors: CorsPolicy | undefined;
  /** That the host listens on. */
  readonly address: string;
  /** A proxy, whose headers are trusted, looks at the host names. */
  readonly isBehindProxy: boolean;
  readonly env: Environment;
}

/** What stands before `/admin` and the management API. Functions are the app's own business. */
export function createHostGuard({ allowedHosts, cors, address, isBehindProxy, env }: HostGuardOptions): RequestGuard {
  const listed = allowedHosts ?? findSetting(env, setting) ?? "";
  return new RequestGuard({
    // Whoever binds another address than loopback wants to be called by other names.
    allowedHosts: isBehindProxy || !isLoopback(address) ? "any" : listed.split(/[\s,]+/).filter((name) => name !== ""),
    allowedOrigins: cors?.origins.filter((allowed) => allowed !== "*") ?? [],
    cures: {
      host: `allow it with --allow-host, or by the setting ${setting} in local.settings.json`,
      origin: "list the origin with --cors, or as Host.CORS in local.settings.json ('*' does not count here)",
    },
  });
}
