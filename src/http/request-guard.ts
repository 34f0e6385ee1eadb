import { RequestRefused } from "./answers.ts";

const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Who may knock at the doors of a server: one list for all of them. */
export interface RequestGuardOptions {
  /** Host names, without ports, besides the loopback ones; `"any"` when something in front checks them. */
  readonly allowedHosts: readonly string[] | "any";
  /** Origins of pages that may change things, such as `http://localhost:3000`; `"any"` when callers show a key. */
  readonly allowedOrigins: readonly string[] | "any";
  /** What a refusal says of how to allow it. @defaultValue the names of the options */
  readonly cures?: { readonly host: string; readonly origin: string } | undefined;
}

/** What is looked at of a request. */
export interface GuardedRequest {
  readonly method: string;
  readonly url: URL;
  /** The headers of these names. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

const optionNames = { host: "add it to 'allowedHosts'", origin: "add it to 'allowedOrigins'" };

/**
 * Keeps pages in the developer's browser away from a server on the loopback interface: a page whose name is rebound to
 * 127.0.0.1 sends its own host name, and a page that posts across sites sends its origin.
 */
export class RequestGuard {
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #cures: { readonly host: string; readonly origin: string };

  constructor(options: RequestGuardOptions) {
    const { allowedHosts, allowedOrigins, cures = optionNames } = options;
    const lower = (name: string) => name.toLowerCase();
    this.#hosts = allowedHosts === "any" ? undefined : new Set([...loopbackHosts, ...allowedHosts.map(lower)]);
    this.#origins = allowedOrigins === "any" ? undefined : new Set(allowedOrigins.map(lower));
    this.#cures = cures;
  }

  /** Whether requests under a host name, without a port, are served. */
  servesHost(name: string): boolean {
    return this.#hosts === undefined || this.#hosts.has(name.toLowerCase());
  }

  /** @throws RequestRefused 403, with the cure */
  check({ method, url, host: sent, origin }: GuardedRequest): void {
    const host = sent ?? url.host;
    const name = hostNameOf(host);
    if (name === undefined || !this.servesHost(url.hostname) || !this.servesHost(name)) {
      throw new RequestRefused(403, `The host name '${name ?? host}' is not served here; ${this.#cures.host}`);
    }
    if (origin === undefined || this.#origins === undefined || safeMethods.has(method)) return;
    if (!this.#origins.has(origin.toLowerCase()) && !isOriginOf(origin, host)) {
      throw new RequestRefused(403, `Pages of '${origin}' may not change anything here; ${this.#cures.origin}`);
    }
  }
}

function hostNameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
