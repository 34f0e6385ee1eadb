import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

export interface CorsPolicy {
  /** Allowed origins; `*` allows all. */
  readonly origins: readonly string[];
  readonly credentials: boolean;
}

/** `undefined` when no origin is allowed: then `OPTIONS` is a method like any other. */
export function parseCorsPolicy(origins: string | undefined, credentials: boolean): CorsPolicy | undefined {
  const list = (origins ?? "")
    .split(",")
    .map((origin) => origin.trim().replace(/\/$/, "").toLowerCase())
    .filter((origin) => origin !== "");
  return list.length === 0 ? undefined : { origins: list, credentials };
}

/** Headers that let a page of an allowed origin read the answer. */
export function corsHeaders(policy: CorsPolicy | undefined, request: IncomingHttpHeaders): OutgoingHttpHeaders {
  const { origin } = request;
  if (policy === undefined || origin === undefined) return {};
  const anyOrigin = policy.origins.includes("*");
  if (!anyOrigin && !policy.origins.includes(origin.toLowerCase())) return {};
  return {
    "access-control-allow-origin": anyOrigin && !policy.credentials ? "*" : origin,
    ...(policy.credentials ? { "access-control-allow-credentials": "true" } : {}),
    ...(anyOrigin && !policy.credentials ? {} : { vary: "Origin" }),
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
  const allowed = corsHeaders(policy, request);
  if (allowed["access-control-allow-origin"] === undefined) return {};
  const headers = request["access-control-request-headers"];
  return {
    ...allowed,
    "access-control-allow-methods": wanted,
    ...(headers === undefined ? {} : { "access-control-allow-headers": headers }),
  };
}
