import type { EventLog } from "../../core/event-log.ts";
import { RequestGuard } from "../../http/request-guard.ts";
import { type AllowedCallers, allowedHostsSetting } from "../settings/allowed-callers.ts";
import type { CorsPolicy } from "./cors.ts";

export interface HostGuardOptions {
  readonly allowed: AllowedCallers;
  readonly cors: CorsPolicy | undefined;
  /** Other machines reach the host. */
  readonly isExposed: boolean;
  /** Callers show keys. */
  readonly needsKeys: boolean;
  /** A proxy, whose headers are trusted, looks at the host names. */
  readonly isBehindProxy: boolean;
  readonly events: EventLog;
}

/** How many origins are told of: each once, and a page that makes up origins cannot fill the log. */
const maxToldOrigins = 20;

/** What stands before `/admin` and the management API. Functions are the app's own business. */
export function createHostGuard(options: HostGuardOptions): RequestGuard {
  const { allowed, cors, isExposed, needsKeys, isBehindProxy, events } = options;
  const told = new Set<string>();
  // Whoever binds another address than loopback wants to be called by other names, and may list them.
  const takesAnyName = isBehindProxy || (isExposed && allowed.hosts.length === 0);
  return new RequestGuard({
    allowedHosts: takesAnyName ? "any" : allowed.hosts,
    // A key or a signature is nothing that a foreign page could make a browser add.
    allowedOrigins: needsKeys ? "any" : [...(cors?.origins ?? []), ...allowed.origins],
    guardsReads: true,
    cures: {
      host: `allow it with --allow-host, by the setting ${allowedHostsSetting}, or as httpSettings.allowedHosts of host.json`,
      origin:
        "list the origin with --cors, as Host.CORS in local.settings.json ('*' does not count here), or as " +
        "httpSettings.allowedOrigins of host.json",
    },
    onPageRefused: (origin, message) => {
      // What browsers send is plain; the log of others shall be too.
      if (!/^[\x21-\x7e]{1,300}$/.test(origin) || told.has(origin) || told.size >= maxToldOrigins) return;
      told.add(origin);
      events.write("PageRefused", message, { origin });
    },
  });
}
