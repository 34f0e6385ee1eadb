import { RequestRefused } from "./answers.ts";

const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

export interface RequestGuardOptions {
  /** Host names, without ports, besides the loopback ones; `"any"` when something in front checks them. */
  readonly allowedHosts: readonly string[] | "any";
  /** Origins of pages that may change things, such as `http://localhost:3000`; `"any"` when callers show a key. */
  readonly allowedOrigins: readonly string[] | "any";
}

/**
 * Keeps pages in the developer's browser away from a server on the loopback interface: a page whose name is rebound to
 * 127.0.0.1 sends its own host name, and a page that posts across sites sends its origin.
 */
export class RequestGuard {
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #origins: ReadonlySet<string> | undefined;

  constructor(options: RequestGuardOptions) {
    const { allowedHosts, allowedOrigins } = options;
    const lower = (name: string) => name.toLowerCase();
    this.#hosts = allowedHosts === "any" ? undefined : new Set([...loopbackHosts, ...allowedHosts.map(lower)]);
    this.#origins = allowedOrigins === "any" ? undefined : new Set(allowedOrigins.map(lower));
  }

  /** @throws RequestRefused 403 */
  check(request: Request, url: URL): void {
    const host = request.headers.get("host") ?? url.host;
    if (!this.#isAllowedHost(url.hostname) || !this.#isAllowedHost(hostNameOf(host))) {
      throw new RequestRefused(403, "This host name is not served here; hosts other than loopback must be allowed");
    }
    const origin = request.headers.get("origin");
    if (origin === null || this.#origins === undefined || safeMethods.has(request.method)) return;
    if (!this.#origins.has(origin.toLowerCase()) && !isOriginOf(origin, host)) {
      throw new RequestRefused(403, "Pages of other origins may not change anything here");
    }
  }

  #isAllowedHost(name: string | undefined): boolean {
    return this.#hosts === undefined || (name !== undefined && this.#hosts.has(name));
  }
}

function hostNameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
