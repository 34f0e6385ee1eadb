import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

export interface CorsPolicy {
  /** As browsers send them: `http://localhost:3000`. */
  readonly origins: readonly string[];
  /** Pages of all other origins may call functions, without credentials. */
  readonly anyOrigin: boolean;
  /** Pages of `origins` may send cookies and the like. */
  readonly credentials: boolean;
}

export interface ParsedCors {
  /** `undefined` when no origin is allowed: then `OPTIONS` is a method like any other. */
  readonly policy: CorsPolicy | undefined;
  /** What was left out, and what to write instead. */
  readonly problems: readonly string[];
}

/** What a page reads besides the few headers that browsers show to all. */
const exposedHeaders = "Location, Retry-After, x-ms-continuation-token";
/** For how long a browser does not ask again. */
const preflightSeconds = "600";

/** @param origins separated by commas; `*` stands for all */
export function parseCorsPolicy(origins: string | undefined, credentials: boolean): ParsedCors {
  const problems: string[] = [];
  const written = (origins ?? "")
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");
  const anyOrigin = written.includes("*");
  const list: string[] = [];
  for (const text of written.filter((each) => each !== "*")) {
    const origin = originOf(text);
    if (origin !== undefined) list.push(origin);
    else
      problems.push(
        `CORS: '${text}' is no origin and is left out; an origin reads like http://localhost:3000, or is *`,
      );
  }
  if (credentials && anyOrigin) {
    problems.push("CORS: pages of any origin ('*') get no credentials; list the origins that shall");
  }
  const isSet = anyOrigin || list.length > 0;
  return { policy: isSet ? { origins: [...new Set(list)], anyOrigin, credentials } : undefined, problems };
}

/** The origin as a browser sends it; `undefined` for what no browser would. */
function originOf(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@*\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  // Schemes of extensions and apps have none in URLs, and are sent as they are.
  return origin === "null" ? text.replace(/\/$/, "").toLowerCase() : origin;
}

/** Headers that let a page of an allowed origin read the answer. */
export function corsHeaders(policy: CorsPolicy | undefined, request: IncomingHttpHeaders): OutgoingHttpHeaders {
  if (policy === undefined) return {};
  // Caches keep apart what is for one origin, also where it is for none.
  const vary = policy.origins.length === 0 ? {} : { vary: "Origin" };
  const origin = request.origin?.toLowerCase();
  const isListed = origin !== undefined && policy.origins.includes(origin);
  if (origin === undefined || (!isListed && !policy.anyOrigin)) return vary;
  return {
    ...vary,
    "access-control-allow-origin": isListed ? origin : "*",
    "access-control-expose-headers": exposedHeaders,
    ...(isListed && policy.credentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

/** The whole answer to a preflight request, or `undefined` when the request is none. Any method and header may be used. */
export function answerPreflight(
  policy: CorsPolicy | undefined,
  method: string,
  request: IncomingHttpHeaders,
): OutgoingHttpHeaders | undefined {
  const wanted = request["access-control-request-method"];
  if (policy === undefined || method !== "OPTIONS" || request.origin === undefined || wanted === undefined) {
    return undefined;
  }
  const { "access-control-expose-headers": _exposed, ...allowed } = corsHeaders(policy, request);
  const origin = allowed["access-control-allow-origin"];
  if (origin === undefined) return allowed;
  const headers = request["access-control-request-headers"];
  // A page of the internet asks whether it may call this machine: one that is listed may.
  const isPrivate = request["access-control-request-private-network"] === "true" && origin !== "*";
  return {
    ...allowed,
    "access-control-allow-methods": wanted,
    "access-control-max-age": preflightSeconds,
    ...(headers === undefined ? {} : { "access-control-allow-headers": headers }),
    ...(isPrivate ? { "access-control-allow-private-network": "true" } : {}),
  };
}
