import type { LinkVerb, SignLink } from "./signed-links.ts";

/** Where a management API answers, and what its links carry. */
export interface ManagementLinkTarget {
  /** Without a trailing slash: `http://localhost:7071/runtime/webhooks/durabletask`. */
  readonly baseUrl: string;
  readonly taskHub: string;
  readonly connectionName: string;
  /** What every link carries besides, without a leading `&`: `code=...`. @defaultValue nothing */
  readonly query?: string | undefined;
  /** Makes each link open its instance. @defaultValue links open nothing: who follows them needs a key, or none */
  readonly signLink?: SignLink | undefined;
}

/**
 * The links that manage one instance. `{eventName}` and `{text}` are for the caller to replace, percent-encoded.
 * Names and order are those of the official client.
 */
export interface HttpManagementPayload {
  /** The instance id itself. */
  readonly id: string;
  /** GET: the status. */
  readonly statusQueryGetUri: string;
  /** POST: raises an event; `{eventName}` is its name, the body its payload. */
  readonly sendEventPostUri: string;
  /** POST: ends the instance at once; `{text}` is the reason. */
  readonly terminatePostUri: string;
  /** POST: suspends it; `{text}` is the reason. */
  readonly suspendPostUri: string;
  /** POST: lets it go on; `{text}` is the reason. */
  readonly resumePostUri: string;
  /** POST: runs it on after a failure; `{text}` is the reason. */
  readonly rewindPostUri: string;
  /** DELETE: purges it once it has finished. */
  readonly purgeHistoryDeleteUri: string;
  /** POST: starts it again with the same input. */
  readonly restartPostUri: string;
}

/** The one place where links to the management API are written. */
export function createManagementLinks(target: ManagementLinkTarget, instanceId: string): HttpManagementPayload {
  const instance = `${target.baseUrl}/instances/${encodeURIComponent(instanceId)}`;
  const hub = formatHubQuery(target);
  const queryFor = (verb: LinkVerb) => {
    const more = [target.query ?? "", target.signLink?.(instanceId, verb) ?? ""];
    return [hub, ...more.filter((part) => part !== "")].join("&");
  };
  const withReason = (verb: "terminate" | "suspend" | "resume" | "rewind") =>
    `${instance}/${verb}?reason={text}&${queryFor(verb)}`;
  // A link that opens one instance starts no other.
  const sameInstance = target.signLink === undefined ? "" : "restartWithNewInstanceId=false&";
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${queryFor("read")}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${queryFor("raiseEvent")}`,
    terminatePostUri: withReason("terminate"),
    suspendPostUri: withReason("suspend"),
    resumePostUri: withReason("resume"),
    rewindPostUri: withReason("rewind"),
    purgeHistoryDeleteUri: `${instance}?${queryFor("purge")}`,
    restartPostUri: `${instance}/restart?${sameInstance}${queryFor("restart")}`,
  };
}

/** What links say of the hub that they belong to. */
export function formatHubQuery({ taskHub, connectionName }: { taskHub: string; connectionName: string }): string {
  return `taskHub=${encodeURIComponent(taskHub)}&connection=${encodeURIComponent(shortConnectionName(connectionName))}`;
}

/** The name of a connection as links have it: the setting's without the prefix that the Functions host puts in front. */
export function shortConnectionName(connectionName: string): string {
  const short = connectionName.replace(/^AzureWebJobs/i, "");
  return short === "" ? connectionName : short;
}

/** What is read of a request to find out how its sender reaches us. */
export interface RequestAddress {
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** How the public origin of a request is found. There is one rule in a process, for every link. */
export interface PublicOriginRule {
  /**
   * Take `Forwarded`, or `X-Forwarded-Proto` and `X-Forwarded-Host`, for true. Only behind a proxy that sets them:
   * otherwise the sender chooses where links lead.
   */
  readonly trustForwardedHeaders: boolean;
  /** Whether requests under a host name are served here. @defaultValue all are */
  readonly isServed?: ((hostName: string) => boolean) | undefined;
  /** Where links lead that are made for a request under another name. @defaultValue under that name */
  readonly ownOrigin?: string | undefined;
}

/** Scheme, host and port as the sender of a request sees them, for links that lead back here. */
export type PublicOrigin = (request: RequestAddress) => string;

export function publicOriginBy(rule: PublicOriginRule): PublicOrigin {
  return (request) => {
    const url = new URL(request.url);
    const forwarded = rule.trustForwardedHeaders ? forwardedOrigin(request, url) : undefined;
    if (forwarded !== undefined) return forwarded;
    return rule.ownOrigin === undefined || rule.isServed?.(url.hostname) !== false ? url.origin : rule.ownOrigin;
  };
}

/** The standard's header goes before those that were there first; the nearest proxy to the sender speaks first. */
function forwardedOrigin({ headers }: RequestAddress, url: URL): string | undefined {
  const standard = firstOf(headers.get("forwarded"));
  const parameter = (name: string) =>
    new RegExp(`(?:^|;)\\s*${name}="?([^";]+)"?`, "i").exec(standard ?? "")?.[1]?.trim();
  const scheme = parameter("proto") ?? firstOf(headers.get("x-forwarded-proto")) ?? url.protocol.slice(0, -1);
  const host = parameter("host") ?? firstOf(headers.get("x-forwarded-host")) ?? url.host;
  // A host with a port at most: nothing that would make it a part of something else.
  if (!/^https?$/i.test(scheme) || !/^[^\s/?#@\\]+$/.test(host)) return undefined;
  const forwarded = `${scheme}://${host}`;
  return URL.canParse(forwarded) ? new URL(forwarded).origin : undefined;
}

/** A chain of proxies writes a list; the first entry is what the sender addressed. */
function firstOf(header: string | null): string | undefined {
  const first = header?.split(",")[0]?.trim();
  return first === "" ? undefined : first;
}
