import type { IncomingMessage, ServerResponse } from "node:http";
import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import type { HostHealth } from "./health.ts";

/** Where health is served. */
export interface HealthHandlerOptions {
  /** Path of the routes, without a trailing slash. @defaultValue "/health" */
  readonly prefix?: string | undefined;
}

/**
 * Answers `<prefix>/live` (200 until the host has failed for good), `<prefix>/ready` (200 while it takes work, else 503)
 * and `<prefix>` (as ready), each with the health as JSON.
 */
export interface HealthHandler {
  /**
   * For `node:http`, Express, Connect and raw Fastify. Hands requests that are not for it to `next`; without one they get
   * 404.
   *
   * @example createServer(host.healthHandler)
   * @example app.use(host.healthHandler)
   */
  (request: IncomingMessage, response: ServerResponse, next?: () => void): void;
  /**
   * For what speaks in web requests: Hono, Deno, service workers. Gives 404 to requests that are not for it.
   *
   * @example hono.get("/health/*", (context) => host.healthHandler.fetch(context.req.raw))
   */
  fetch(request: Request): Response;
}

interface HealthAnswer {
  readonly status: number;
  readonly body: string;
}

/** @throws DurableError `InvalidOption` */
export function createHealthHandler(read: () => HostHealth, options: HealthHandlerOptions = {}): HealthHandler {
  assertOptionNames(options, ["prefix"], "createHealthHandler");
  const { prefix = "/health" } = options;
  if (typeof prefix !== "string" || !/^(?:\/[^/?#]+)+$/.test(prefix)) {
    throw new DurableError("InvalidOption", `'prefix' must be a path such as "/health", but got ${String(prefix)}`);
  }
  const handle = (request: IncomingMessage, response: ServerResponse, next?: () => void): void => {
    // Express and Connect take the path of a mount off `url`.
    const url = (request as { readonly originalUrl?: string }).originalUrl ?? request.url ?? "";
    const found = answerHealth(request.method ?? "GET", url.replace(/[?#].*$/, ""), prefix, read);
    if (found === undefined && next !== undefined) return next();
    const { status, body } = found ?? notFound;
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  };
  return Object.assign(handle, {
    fetch(request: Request): Response {
      const found = answerHealth(request.method, new URL(request.url).pathname, prefix, read) ?? notFound;
      return new Response(request.method === "HEAD" ? null : found.body, { status: found.status, headers });
    },
  });
}

const headers = { "content-type": "application/json", "cache-control": "no-store" };
const notFound: HealthAnswer = { status: 404, body: '{"error":"not found"}' };

/** `undefined` for what is not asked of the health. */
function answerHealth(method: string, path: string, prefix: string, read: () => HostHealth): HealthAnswer | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return undefined;
  const route = path.slice(prefix.length).replace(/\/$/, "");
  if (route !== "" && route !== "/ready" && route !== "/live") return undefined;
  const health = read();
  const isFine = route === "/live" ? health.state !== "failed" : health.isReady;
  return { status: isFine ? 200 : 503, body: JSON.stringify(health) };
}
