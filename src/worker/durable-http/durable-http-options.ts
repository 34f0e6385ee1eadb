import { DurableError } from "../../core/errors.ts";
import { parseTimeSpan, type TimeSpanInput } from "../../core/time-span.ts";
import type { HttpTransport } from "./http-transport.ts";
import { systemHttpTransport } from "./system-http.ts";
import { createAzureTokenProvider, type TokenProvider } from "./token-provider.ts";

/** What durable HTTP calls (`context.callHttp`) may do. */
export interface DurableHttpOptions {
  /**
   * Decides about every request, also those that redirects and polls lead to. `false` fails the call.
   *
   * @defaultValue every http and https URL. Addresses that serve a machine's metadata are refused in any case when the
   * request has credentials, or when another origin has led to them
   */
  readonly allowRequest?: ((url: URL, request: { readonly hasCredentials: boolean }) => boolean) | undefined;
  /** Makes tokens for `tokenSource`. @defaultValue the app's managed identity, by the package `@azure/identity` */
  readonly tokenProvider?: TokenProvider | undefined;
  /** Most bytes of an answer's body, decompressed. @defaultValue 10 MiB */
  readonly maxResponseBytes?: number | undefined;
  /** Most bytes of an answer's headers. @defaultValue 32 KiB */
  readonly maxHeaderBytes?: number | undefined;
  /** Wait between two polls when the answer does not say. @defaultValue 30 seconds */
  readonly defaultPollInterval?: TimeSpanInput | undefined;
  /** Shortest wait between two polls, whatever the answer says. @defaultValue 1 second */
  readonly minPollInterval?: TimeSpanInput | undefined;
  /** Longest wait between two polls, whatever the answer says. @defaultValue 1 hour */
  readonly maxPollInterval?: TimeSpanInput | undefined;
  /** What sends the requests. @defaultValue the machine's network */
  readonly transport?: HttpTransport | undefined;
}

export interface ResolvedDurableHttpOptions {
  readonly allowRequest: (url: URL, request: { readonly hasCredentials: boolean }) => boolean;
  readonly tokenProvider: TokenProvider;
  readonly maxResponseBytes: number;
  readonly maxHeaderBytes: number;
  readonly defaultPollMs: number;
  readonly minPollMs: number;
  readonly maxPollMs: number;
  readonly transport: HttpTransport;
}

/**
 * One process sends for all its apps: what several of them set, the first one decides, except that every `allowRequest`
 * must agree.
 *
 * @param defaults what counts where no app says otherwise
 * @throws DurableError `InvalidOption` that names the member
 */
export function resolveDurableHttpOptions(
  defaults: DurableHttpOptions = {},
  apps: readonly (DurableHttpOptions | undefined)[] = [],
): ResolvedDurableHttpOptions {
  const given = [...apps, defaults].filter((each) => each !== undefined);
  const options: DurableHttpOptions = Object.assign({}, ...given.toReversed().map(withoutAbsent));
  const rules = given.flatMap(({ allowRequest }) => allowRequest ?? []);
  const timeSpan = (name: keyof DurableHttpOptions, fallback: TimeSpanInput) =>
    parseTimeSpan(options[name] ?? fallback, `'durableHttp.${name}'`);
  return {
    allowRequest: (url, request) => rules.every((allows) => allows(url, request) === true),
    tokenProvider: options.tokenProvider ?? createAzureTokenProvider(),
    maxResponseBytes: byteCount("maxResponseBytes", options.maxResponseBytes ?? 10 * 1024 * 1024),
    maxHeaderBytes: byteCount("maxHeaderBytes", options.maxHeaderBytes ?? 32 * 1024),
    defaultPollMs: timeSpan("defaultPollInterval", 30_000),
    minPollMs: timeSpan("minPollInterval", 1000),
    maxPollMs: timeSpan("maxPollInterval", 3_600_000),
    transport: options.transport ?? systemHttpTransport,
  };
}

function withoutAbsent(options: DurableHttpOptions): DurableHttpOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function byteCount(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new DurableError("InvalidOption", `'durableHttp.${name}' must be a number of bytes above 0, but got ${value}`);
}
