import { RequestRefused } from "./answers.ts";

const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Who may knock at the doors of a server: one list for all of them. */
export interface RequestGuardOptions {
  /** Host names, without ports, besides the loopback ones; `"any"` when something in front checks them. */
  readonly allowedHosts: readonly string[] | "any";
  /** Origins of pages that may change things, such as `http://localhost:3000`; `"any"` when callers show a key. */
  readonly allowedOrigins: readonly string[] | "any";
  /**
   * Whether pages of other origins may not even ask. A browser keeps answers from them, but not whether something is
   * there. For a server that only the browser can reach.
   *
   * @defaultValue false: `GET` is for everybody
   */
  readonly guardsReads?: boolean | undefined;
  /** What a refusal says of how to allow it. @defaultValue the names of the options */
  readonly cures?: { readonly host: string; readonly origin: string } | undefined;
  /** Is told of each refused page that says where it is from: browsers keep the refusal from it. */
  readonly onPageRefused?: ((origin: string, message: string) => void) | undefined;
}

/** What is looked at of a request. */
export interface GuardedRequest {
  readonly method: string;
  readonly url: URL;
  /** The value of a header, by its name in lower case. */
  readonly header: (name: string) => string | null | undefined;
}

const optionNames = { host: "add it to 'allowedHosts'", origin: "add it to 'allowedOrigins'" };

/**
 * Keeps pages in the developer's browser away from a server on the loopback interface.
 *
 * - A page whose name is rebound to 127.0.0.1 sends its own host name.
 * - A page of another origin is told by `Sec-Fetch-Site`, which no page can set and which stays right when a proxy of the
 *   page's own origin writes another `Host`; where a browser does not send it, by `Origin`.
 */
export class RequestGuard {
  readonly #options: RequestGuardOptions;
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #cures: { readonly host: string; readonly origin: string };

  constructor(options: RequestGuardOptions) {
    const { allowedHosts, allowedOrigins, cures = optionNames } = options;
    const lower = (name: string) => name.toLowerCase();
    this.#options = options;
    this.#hosts = allowedHosts === "any" ? undefined : new Set([...loopbackHosts, ...allowedHosts.map(lower)]);
    this.#origins = allowedOrigins === "any" ? undefined : new Set(allowedOrigins.map(lower));
    this.#cures = cures;
  }

  /** Whether requests under a host name, without a port, are served. */
  servesHost(name: string): boolean {
    return this.#hosts === undefined || this.#hosts.has(name.toLowerCase());
  }

  /** @throws RequestRefused 403, with the cure */
  check(request: GuardedRequest): void {
    const host = request.header("host") ?? request.url.host;
    const name = hostNameOf(host);
    if (name === undefined || !this.servesHost(request.url.hostname) || !this.servesHost(name)) {
      throw new RequestRefused(403, `The host name '${name ?? host}' is not served here; ${this.#cures.host}`);
    }
    const isSafe = safeMethods.has(request.method);
    if (this.#origins === undefined || (isSafe && this.#options.guardsReads !== true)) return;
    if (!isFromForeignPage(request, host) || (isSafe && isFollowedLink(request))) return;
    const origin = request.header("origin") ?? undefined;
    if (origin !== undefined && this.#origins.has(origin.toLowerCase())) return;
    const pages = origin === undefined ? "Pages of other origins" : `Pages of '${origin}'`;
    const message = `${pages} may not ${isSafe ? "read" : "change"} anything here; ${this.#cures.origin}`;
    if (origin !== undefined) this.#options.onPageRefused?.(origin, message);
    throw new RequestRefused(403, message);
  }
}

function isFromForeignPage({ header }: GuardedRequest, host: string): boolean {
  const site = header("sec-fetch-site") ?? undefined;
  // `none`: the user has typed the address.
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  const origin = header("origin") ?? undefined;
  return origin !== undefined && !isOriginOf(origin, host);
}

/** Opens in a tab of its own, where the user sees it and no other page does. */
function isFollowedLink({ header }: GuardedRequest): boolean {
  return header("sec-fetch-mode") === "navigate" && header("sec-fetch-dest") === "document";
}

function hostNameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
