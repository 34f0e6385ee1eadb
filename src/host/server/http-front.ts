import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { stackOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import { describeKeyNeeded, formatProblem, KeyNeeded, privateHeaders, RequestRefused } from "../../http/answers.ts";
import type { RequestGuard } from "../../http/request-guard.ts";
import type { HostAccess } from "../access/host-access.ts";
import type { FunctionApp, ServedFunction } from "../app/function-app.ts";
import { requestUrl } from "../app/http-conversion.ts";
import type { RouteValues } from "../routing/route-template.ts";
import { splitPath } from "../routing/route-template.ts";
import type { HostStatus } from "./admin-api.ts";
import { answerAdmin } from "./admin-api.ts";
import type { CorsPolicy } from "./cors.ts";
import { answerPreflight, corsHeaders } from "./cors.ts";
import { homepagePolicy } from "./homepage.ts";
import { listenAddresses, listenOnAll } from "./listen-address.ts";
import { BodyTooLarge, hasPlainHost, readBody } from "./request-reader.ts";
import { forwardStreaming } from "./stream-forwarder.ts";
import type { WebHandler } from "./web-adapter.ts";
import { answerWithWebHandler } from "./web-adapter.ts";

/** What the front serves once the app is loaded. */
export interface FrontContent {
  readonly app: FunctionApp;
  /** Where the library takes streamed requests, when the app asked for streaming. */
  readonly httpUri: string | undefined;
  /** Answers `/runtime/webhooks/durabletask/*`. */
  readonly management: WebHandler | undefined;
}

export interface HttpFrontOptions {
  readonly cors: CorsPolicy | undefined;
  readonly maxBodyBytes: number;
  /** Stands before `/admin`; the management API has the same one. */
  readonly guard: () => RequestGuard;
  /** Asks callers of `/admin` and of functions for keys; the management API does so by itself. */
  readonly access: HostAccess;
  readonly homepage: string | undefined;
  readonly status: () => HostStatus;
  /** Resolves when there is something to serve; rejects when there never will be. Requests wait for it. */
  readonly content: Promise<FrontContent>;
  readonly events: EventLog;
}

/** A request that is sent half ends: it would hold its connection for ever. */
const requestTimeoutMs = 300_000;
const managementPath = /^\/runtime\/webhooks\/durabletask(?:\/|$)/i;

/**
 * The HTTP server of the host. Order of dispatch: CORS preflight, `/admin/*`, `/runtime/webhooks/durabletask/*`,
 * functions by name, the homepage on `/`, 404.
 */
export class HttpFront {
  readonly #options: HttpFrontOptions;
  #servers: readonly Server[] = [];
  #content: FrontContent | undefined;
  #stopping = false;

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    options.content.then(
      (content) => {
        this.#content = content;
      },
      () => {},
    );
  }

  /**
   * Listens on an address; on `localhost`, on all that the name stands for. Resolves to the port.
   *
   * @param port 0 takes one that is free on all of them
   * @throws DurableError `HostStartFailed` when it cannot listen there
   */
  async listen(port: number, address: string): Promise<number> {
    this.#servers = await listenOnAll(listenAddresses(address), port, () => this.#createServer());
    return (this.#servers[0]!.address() as AddressInfo).port;
  }

  #createServer(): Server {
    const server = createServer({ requestTimeout: requestTimeoutMs, headersTimeout: 60_000, keepAliveTimeout: 65_000 });
    server.on("request", (request, response) => void this.#serve(request, response));
    return server;
  }

  /** Takes no new connections; requests in progress go on, further ones on open connections get 503. */
  stopListening(): void {
    this.#stopping = true;
    for (const server of this.#servers) {
      server.close();
      server.closeIdleConnections();
    }
  }

  closeConnections(): void {
    for (const server of this.#servers) server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#dispatch(request, response);
    } catch (error) {
      if (error instanceof BodyTooLarge) {
        respond(response, 413, { connection: "close" });
        return;
      }
      if (error instanceof KeyNeeded) {
        const { headers, body } = describeKeyNeeded(error, request.headers.accept);
        return respond(response, error.status, headers, body);
      }
      if (error instanceof RequestRefused) {
        const headers = { "content-type": "application/json; charset=utf-8", ...privateHeaders };
        return respond(response, error.status, headers, formatProblem(error.message));
      }
      if (!request.complete && request.destroyed) return;
      const fields = { method: request.method ?? "GET", path: pathOf(request.url ?? "/") };
      this.#options.events.write("HttpRequestFailed", stackOf(error), fields);
      if (response.headersSent) response.destroy();
      else respond(response, 500);
    }
  }

  async #dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { cors, events, access } = this.#options;
    const method = request.method ?? "GET";
    const url = requestUrl(request, "localhost");
    if (!hasPlainHost(request) || !URL.canParse(url) || new URL(url).username !== "") return respond(response, 400);
    const path = pathOf(url);

    const preflight = answerPreflight(cors, method, request.headers);
    if (preflight !== undefined) return respond(response, 204, preflight);
    for (const [name, value] of Object.entries(corsHeaders(cors, request.headers))) {
      if (value !== undefined) response.setHeader(name, value);
    }

    await access.refresh();
    const shown = request.headers["x-functions-key"]?.toString();
    if (/^\/admin(?:\/|$)/i.test(path)) {
      const header = (name: string) => joinValues(request.headers[name]);
      this.#options.guard().check({ method, url: new URL(url), header });
      // Says no more than that somebody listens, to whoever watches the host.
      const isPing = /^\/admin\/host\/ping\/?$/i.test(path);
      if (!isPing) access.check("admin", "/admin", shown, new URL(url).searchParams);
      return this.#answerAdmin(request, response, method, url, path);
    }
    if (this.#stopping) return respond(response, 503, { connection: "close" }, "Function host is not running.");
    const content = this.#content ?? (await this.#options.content.catch(() => undefined));
    if (content === undefined) return respond(response, 503, {}, "Function host is not running.");

    if (managementPath.test(path) && content.management !== undefined) {
      return answerWithWebHandler(content.management, { method, url, request, response });
    }
    const routed = content.app.route(method, path);
    if (routed !== undefined) return this.#callFunction(content, routed, { request, response, method, url });
    if (path === "/" && (method === "GET" || method === "HEAD")) return this.#answerHomepage(response);
    events.write("HttpRequestUnmatched", `no function serves ${method} ${path}`, { method, path });
    respond(response, 404);
  }

  async #callFunction(
    content: FrontContent,
    routed: { readonly served: ServedFunction; readonly params: RouteValues },
    exchange: { request: IncomingMessage; response: ServerResponse; method: string; url: string },
  ): Promise<void> {
    const { served, params } = routed;
    const { request, response, method, url } = exchange;
    const shown = request.headers["x-functions-key"]?.toString();
    const { searchParams } = new URL(url);
    this.#options.access.checkLevel(served.authLevel, `the function '${served.name}'`, shown, searchParams);
    const call = { method, url, headers: request.headers, params };
    if (content.httpUri !== undefined) {
      const { app, httpUri } = content;
      const { maxBodyBytes } = this.#options;
      return await forwardStreaming({ app, served, call, httpUri, maxBodyBytes, request, response });
    }
    const body = await readBody(request, this.#options.maxBodyBytes);
    const answer = await content.app.callHttp(served, call, body).catch(() => undefined);
    if (answer === undefined) return respond(response, 500);
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value === undefined) continue;
      if (name.toLowerCase() === "vary") response.appendHeader(name, joinValues(value)!);
      else response.setHeader(name, value);
    }
    respond(response, answer.status, {}, answer.body);
  }

  async #answerAdmin(
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    url: string,
    path: string,
  ): Promise<void> {
    const body = await readBody(request, this.#options.maxBodyBytes);
    const answer = answerAdmin(
      { method, path: splitPath(path).slice(1), origin: new URL(url).origin, body },
      this.#options.status(),
      this.#content?.app,
    );
    if (answer.json === undefined) return respond(response, answer.status, privateHeaders);
    respondJson(response, answer.status, answer.json);
  }

  #answerHomepage(response: ServerResponse): void {
    const { homepage } = this.#options;
    if (homepage === undefined) return respond(response, 204);
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": homepagePolicy };
    respond(response, 200, { ...privateHeaders, ...headers }, homepage);
  }
}

function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "") || "/";
}

/** A header that was sent more than once is one list. */
function joinValues(value: number | string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : [value].flat().join(", ");
}

function respondJson(response: ServerResponse, status: number, json: unknown): void {
  const headers = { ...privateHeaders, "content-type": "application/json; charset=utf-8" };
  respond(response, status, headers, JSON.stringify(json));
}

function respond(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
  body: string | Buffer = "",
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const hasNoBody = status === 204 || status === 304;
  response.writeHead(status, { ...headers, ...(hasNoBody ? {} : { "content-length": bytes.byteLength }) });
  response.end(hasNoBody ? undefined : bytes);
}
