import type { EventLog } from "../../core/event-log.ts";
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
  readonly events: EventLog;
}

/** How many origins are told of: each once, and a page that makes up origins cannot fill the log. */
const maxToldOrigins = 20;

/** What stands before `/admin` and the management API. Functions are the app's own business. */
export function createHostGuard(options: HostGuardOptions): RequestGuard {
  const { allowedHosts, cors, address, isBehindProxy, env, events } = options;
  const told = new Set<string>();
  const listed = allowedHosts ?? findSetting(env, setting) ?? "";
  return new RequestGuard({
    // Whoever binds another address than loopback wants to be called by other names.
    allowedHosts: isBehindProxy || !isLoopback(address) ? "any" : listed.split(/[\s,]+/).filter((name) => name !== ""),
    allowedOrigins: cors?.origins ?? [],
    guardsReads: true,
    cures: {
      host: `allow it with --allow-host, or by the setting ${setting} in local.settings.json`,
      origin: "list the origin with --cors, or as Host.CORS in local.settings.json ('*' does not count here)",
    },
    onPageRefused: (origin, message) => {
      // What browsers send is plain; the log of others shall be too.
      if (!/^[\x21-\x7e]{1,300}$/.test(origin) || told.has(origin) || told.size >= maxToldOrigins) return;
      told.add(origin);
      events.write("PageRefused", message, { origin });
    },
  });
}
