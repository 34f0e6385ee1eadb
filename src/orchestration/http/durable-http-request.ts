import type { HttpCallMessage, HttpRetryMessage, TokenSource, TokenSourceOptions } from "../../core/durable-http.ts";
import { DurableError } from "../../core/errors.ts";
import { assertOptions, type OptionKinds } from "../../core/option-names.ts";
import { jsonDataConverter } from "../../core/payloads/data-converter.ts";
import { type RetryOptions, type RetryPolicy, resolveRetryPolicy } from "../../core/retry-policy.ts";
import { shareAcrossCopies } from "../../core/shared-class.ts";
import { parseTimeSpan, type TimeSpanInput } from "../../core/time-span.ts";

/** One durable HTTP call. What it holds is kept in history, headers included: prefer a `tokenSource` to a token. */
export interface DurableHttpRequest {
  /** @defaultValue GET */
  readonly method?: string | undefined;
  /** An http or https URL, as text or as `URL`. */
  readonly url?: string | URL | undefined;
  /** Another name of {@link url}. */
  readonly uri?: string | URL | undefined;
  /** Text is sent as it is, anything else as JSON. Not with GET and HEAD. */
  readonly body?: unknown;
  /** Another name of {@link body}. */
  readonly content?: unknown;
  /** Those that belong to the connection (`host`, `content-length`, ...) are left out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Adds `Authorization: Bearer`, with a token that is made when the request is sent. @defaultValue none */
  readonly tokenSource?: TokenSource | undefined;
  /** Asks again at the `Location` of a 202 answer until it is another one. @defaultValue true */
  readonly enablePolling?: boolean | undefined;
  /** Another name of {@link enablePolling}. */
  readonly asynchronousPatternEnabled?: boolean | undefined;
  /** Retries of each request. Its functions are not possible here. @defaultValue none: any answer is a result */
  readonly retry?: HttpRetryPolicy | RetryOptions | undefined;
  /** Another name of {@link retry}. */
  readonly retryOptions?: HttpRetryPolicy | RetryOptions | undefined;
  /** Most time for one request with its redirects. @defaultValue 100 seconds */
  readonly timeout?: TimeSpanInput | undefined;
  /** Most time for all polls together. @defaultValue 7 days */
  readonly pollingTimeout?: TimeSpanInput | undefined;
}

/** What holds what is read one by one, further down. */
const requestKinds: OptionKinds<DurableHttpRequest> = {
  method: "text",
  url: "any",
  uri: "any",
  body: "any",
  content: "any",
  headers: "object",
  tokenSource: "any",
  enablePolling: "flag",
  asynchronousPatternEnabled: "flag",
  retry: "object",
  retryOptions: "object",
  timeout: "time span",
  pollingTimeout: "time span",
};

/** Retries of HTTP requests. */
export interface HttpRetryPolicy extends Omit<RetryPolicy, "retryIf" | "retryDelay"> {
  /** Statuses that count as a failure. @defaultValue every 4xx and 5xx */
  readonly statusCodes?: readonly number[] | undefined;
}

/**
 * Tokens of the app's managed identity for one resource. Needs the package `@azure/identity`.
 *
 * @example
 * const tokenSource = new ManagedIdentityTokenSource("https://management.core.windows.net/");
 * const answer = yield* context.callHttp({ method: "POST", url, tokenSource });
 */
export class ManagedIdentityTokenSource implements TokenSource {
  static {
    shareAcrossCopies(ManagedIdentityTokenSource, "ManagedIdentityTokenSource");
  }

  /** Tells kinds of token sources apart. */
  readonly kind = "AzureManagedIdentity";
  readonly resource: string;
  /** Of another cloud or tenant. @defaultValue Azure's public cloud */
  readonly options?: TokenSourceOptions;

  /** @throws DurableError `InvalidOption` without a resource */
  constructor(resource: string, options?: TokenSourceOptions) {
    if (typeof resource !== "string" || resource === "") throw invalid("the resource of a token source", "a URL");
    this.resource = resource;
    if (options === undefined) return;
    assertOptions(options, { authorityHost: "text", tenantId: "text" }, "ManagedIdentityTokenSource");
    this.options = options;
  }
}

/** Headers that belong to one connection, or that are made for each request. */
const connectionHeaders: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "te",
  "trailer",
  "expect",
]);
const token = /^[!#$%&'*+\-.^_`|~\w]+$/;

/**
 * A call as it is given: `(request)`, or `(method, url, body, headers, tokenSource, enablePolling)`, as `durable-functions`
 * 2 had it.
 *
 * @throws DurableError `InvalidOption`, which names the member and never shows a header's value
 */
export function readHttpCall(given: readonly unknown[]): HttpCallMessage {
  const [first, url, body, headers, tokenSource, enablePolling] = given;
  if (typeof first !== "string" || given.length === 1) return resolveHttpCall(first as DurableHttpRequest);
  const members = Object.entries({ method: first, url, body, headers, tokenSource, enablePolling });
  return resolveHttpCall(Object.fromEntries(members.filter(([, value]) => value !== null)));
}

/** @throws DurableError `InvalidOption`, which names the member and never shows a header's value */
export function resolveHttpCall(given: DurableHttpRequest): HttpCallMessage {
  assertOptions(given, requestKinds, "callHttp");
  const method = readMethod(given.method ?? "GET");
  const url = readUrl(given.url ?? given.uri);
  const payload = given.body ?? given.content;
  if (payload !== undefined && payload !== null && (method === "GET" || method === "HEAD")) {
    throw new DurableError("InvalidOption", `a ${method} request of callHttp cannot have a body`);
  }
  const { headers, body } = readPayload(readHeaders(given.headers ?? {}), payload);
  const retry = given.retry ?? given.retryOptions;
  const statusCodes = retry !== undefined && "statusCodes" in retry ? retry.statusCodes : undefined;
  return {
    request: {
      method,
      url: url.href,
      headers,
      body,
      tokenSource: readTokenSource(given.tokenSource),
      timeoutMs: parseTimeSpan(given.timeout ?? 100_000, "the timeout of callHttp"),
      failingStatuses: retry === undefined ? undefined : readStatuses(statusCodes ?? []),
      trustedOrigin: url.origin,
    },
    enablePolling: given.enablePolling ?? given.asynchronousPatternEnabled ?? true,
    retry: retry === undefined ? undefined : readRetry(retry),
    pollingTimeoutMs: parseTimeSpan(given.pollingTimeout ?? { days: 7 }, "the pollingTimeout of callHttp"),
  };
}

function readMethod(value: unknown): string {
  const method = typeof value === "string" ? value.toUpperCase() : "";
  if (!token.test(method) || ["CONNECT", "TRACE"].includes(method))
    throw invalid("the method of callHttp", "an HTTP method");
  return method;
}

function readUrl(value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== "string" || !URL.canParse(text)) throw invalid("the url of callHttp", "an absolute URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid("the url of callHttp", "an http or https URL");
  if (url.username !== "" || url.password !== "")
    throw invalid("the url of callHttp", "without user name and password");
  url.hash = "";
  return url;
}

function readHeaders(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!token.test(name)) throw invalid("a header name of callHttp", "a valid header name");
    if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw invalid(`the header '${name}' of callHttp`, "a text without line breaks and control characters");
    }
    if (!connectionHeaders.has(name.toLowerCase())) headers.set(name.toLowerCase(), value);
  }
  return Object.fromEntries(headers);
}

function readPayload(headers: Record<string, string>, payload: unknown) {
  if (payload === undefined || payload === null) return { headers, body: undefined };
  const isText = typeof payload === "string";
  // Bytes and whatever else JSON would empty are refused there: a body is kept in history, as text.
  const body = isText ? payload : jsonDataConverter.serialize(payload, "the body of callHttp");
  if (body === undefined) throw invalid("the body of callHttp", "a text or a value with a JSON form");
  const contentType = isText ? "text/plain; charset=utf-8" : "application/json";
  return { headers: { "content-type": contentType, ...headers }, body };
}

function readTokenSource(source: TokenSource | undefined): TokenSource | undefined {
  if (source === undefined || source === null) return undefined;
  const { kind, resource, options } = source;
  if (kind !== "AzureManagedIdentity" || typeof resource !== "string") {
    throw invalid("the tokenSource of callHttp", "a ManagedIdentityTokenSource");
  }
  return { kind, resource, ...(options && { options }) };
}

function readStatuses(statuses: readonly number[]): readonly number[] {
  if (!Array.isArray(statuses) || !statuses.every((status) => Number.isInteger(status))) {
    throw invalid("statusCodes of a retry policy", "a list of HTTP statuses");
  }
  return statuses;
}

function readRetry(policy: RetryPolicy | RetryOptions): HttpRetryMessage {
  if ("retryIf" in policy || "retryDelay" in policy) {
    throw invalid("the retry policy of callHttp", "without functions: use 'statusCodes'");
  }
  const { firstIntervalMs, maxAttempts, backoffCoefficient, maxIntervalMs, retryTimeoutMs, jitter } =
    resolveRetryPolicy(policy, ["statusCodes"]);
  return {
    firstIntervalMs,
    maxAttempts,
    backoffCoefficient,
    maxIntervalMs: finite(maxIntervalMs),
    retryTimeoutMs: finite(retryTimeoutMs),
    ...(jitter > 0 && { jitter }),
  };
}

/** JSON has no infinity. */
function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}

function invalid(what: string, wanted: string): DurableError {
  return new DurableError("InvalidOption", `${what} must be ${wanted}`);
}
