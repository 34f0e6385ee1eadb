import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { RouteValues } from "../routing/route-template.ts";
import type { HttpCookie, HttpData, NullableMapping } from "./typed-data.ts";
import { bodyBytes } from "./typed-data.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** The absolute URL a client asked for. */
export function requestUrl(request: Pick<IncomingMessage, "headers" | "url">, fallbackHost: string): string {
  const path = request.url ?? "/";
  if (/^https?:\/\//i.test(path)) return path;
  return `http://${request.headers.host ?? fallbackHost}${path}`;
}

/** A request as the Functions host shows it to a function: lower-case headers, repeated query keys joined by commas. */
export function toHttpData(options: {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: RouteValues;
  readonly body: Buffer;
}): HttpData {
  const { method, url, headers, params, body } = options;
  return {
    method,
    url,
    nullableHeaders: toNullable(joinHeaders(headers)),
    nullableQuery: toNullable(joinQuery(url)),
    nullableParams: toNullable(Object.entries(params)),
    ...(body.length > 0 ? { body: { bytes: body } } : {}),
  };
}

/** Header names with their values on one line each. */
export function joinHeaders(headers: IncomingHttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    return [[name, Array.isArray(value) ? value.join(", ") : value]];
  });
}

function joinQuery(url: string): [string, string][] {
  const values = new Map<string, string>();
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  for (const [name, value] of new URLSearchParams(query)) {
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return [...values];
}

function toNullable(entries: readonly (readonly [string, string])[]): NullableMapping {
  return Object.fromEntries(entries.map(([name, value]) => [name, { value }]));
}

/** Headers that belong to one connection, or that the server works out by itself. */
const connectionHeaders = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length", "te"]);

/**
 * The cookies that a handler has put into the headers of its response. A header is one text to the library, so that of
 * several it keeps the last.
 */
export function cookiesOf(result: unknown): readonly string[] {
  const { headers } = (result ?? {}) as { readonly headers?: ConstructorParameters<typeof Headers>[0] };
  try {
    return new Headers(headers).getSetCookie();
  } catch {
    // What is no headers is for the library to refuse.
    return [];
  }
}

/**
 * What goes over the wire for a function's response; nothing at all becomes 204.
 *
 * @param cookies from its headers
 */
export function toHttpAnswer(data: HttpData | undefined, cookies: readonly string[] = []): HttpAnswer {
  if (data === undefined) return { status: 204, headers: {}, body: Buffer.alloc(0) };
  const status = Number(data.statusCode ?? 200);
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new RangeError(`the response has the status '${data.statusCode}', which is not a number from 200 to 999`);
  }
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(data.headers ?? {})) {
    if (!connectionHeaders.has(name.toLowerCase())) headers[name] = value;
  }
  const listed = data.cookies?.map(formatCookie) ?? [];
  if (cookies.length + listed.length > 0) headers["set-cookie"] = [...cookies, ...listed];
  return { status, headers, body: bodyBytes(data.body) };
}

/** A `Set-Cookie` value. The path defaults to `/`; name and value are percent-encoded. */
export function formatCookie(cookie: HttpCookie): string {
  const attributes = [`${encodeURIComponent(cookie.name ?? "")}=${encodeURIComponent(cookie.value ?? "")}`];
  const seconds = cookie.expires?.value?.seconds;
  if (seconds !== undefined) attributes.push(`expires=${new Date(Number(seconds) * 1000).toUTCString()}`);
  if (isSet(cookie.maxAge?.value)) attributes.push(`max-age=${Math.trunc(cookie.maxAge.value)}`);
  if (cookie.domain?.value) attributes.push(`domain=${cookie.domain.value}`);
  attributes.push(`path=${cookie.path?.value || "/"}`);
  if (cookie.secure?.value === true) attributes.push("secure");
  const sameSite = { lax: "lax", strict: "strict", explicitNone: "none", none: undefined }[cookie.sameSite ?? "none"];
  if (sameSite !== undefined) attributes.push(`samesite=${sameSite}`);
  if (cookie.httpOnly?.value === true) attributes.push("httponly");
  return attributes.join("; ");
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}
