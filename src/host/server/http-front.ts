import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { stackOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import { describeKeyNeeded, KeyNeeded, privateHeaders, RequestRefused } from "../../http/answers.ts";
import type { BodyLimits } from "../../http/request-body.ts";
import type { RequestGuard } from "../../http/request-guard.ts";
import type { HostAccess } from "../access/host-access.ts";
import type { FunctionApp, ServedFunction } from "../app/function-app.ts";
import { requestUrl } from "../app/http-conversion.ts";
import type { RouteValues } from "../routing/route-template.ts";
import { splitPath } from "../routing/route-template.ts";
import { defaultMaxBodyBytes, type HttpLimits } from "../settings/http-limits.ts";
import type { HostStatus } from "./admin-api.ts";
import { answerAdmin } from "./admin-api.ts";
import { assertSound } from "./broken-requests.ts";
import type { CorsPolicy } from "./cors.ts";
import { answerPreflight, corsHeaders } from "./cors.ts";
import { homepagePolicy } from "./homepage.ts";
import { createLimitedServer } from "./limited-server.ts";
import { listenAddresses, listenOnAll } from "./listen-address.ts";
import { readBody } from "./request-reader.ts";
import { type Exchange, refuse, respond } from "./responses.ts";
import { forwardStreaming, streamByHand } from "./stream-forwarder.ts";
import type { NodeExchange, WebHandler } from "./web-adapter.ts";
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
  readonly limits: HttpLimits;
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
    return createLimitedServer(this.#options.limits, (exchange) => void this.#serve(exchange));
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

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    try {
      await this.#dispatch(exchange);
    } catch (error) {
      if (error instanceof KeyNeeded) {
        const { headers, body } = describeKeyNeeded(error, request.headers.accept);
        return respond(exchange, error.status, headers, body);
      }
      if (error instanceof RequestRefused) return refuse(exchange, error.status, error.message);
      if (!request.complete && request.destroyed) return;
      const fields = { method: request.method ?? "GET", path: pathOf(request.url ?? "/") };
      this.#options.events.write("HttpRequestFailed", stackOf(error), fields);
      if (response.headersSent) response.destroy();
      else respond(exchange, 500);
    }
  }

  async #dispatch(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const { cors, events, access, limits } = this.#options;
    const method = request.method ?? "GET";
    assertSound(request, limits);
    const url = requestUrl(request, "localhost");
    if (!URL.canParse(url)) throw new RequestRefused(400, "The request names no host that can be one");
    const path = pathOf(url);

    const preflight = answerPreflight(cors, method, request.headers);
    if (preflight !== undefined) return respond(exchange, 204, preflight);
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
      return this.#answerAdmin({ ...exchange, method, url }, path);
    }
    if (this.#stopping) return respond(exchange, 503, { connection: "close" }, "Function host is not running.");
    const content = this.#content ?? (await this.#options.content.catch(() => undefined));
    if (content === undefined) return respond(exchange, 503, {}, "Function host is not running.");

    if (managementPath.test(path) && content.management !== undefined) {
      return answerWithWebHandler(content.management, { ...exchange, method, url });
    }
    const routed = content.app.route(method, path);
    if (routed !== undefined) return this.#callFunction(content, routed, { ...exchange, method, url });
    if (path === "/" && (method === "GET" || method === "HEAD")) return this.#answerHomepage(exchange);
    events.write("HttpRequestUnmatched", `no function serves ${method} ${path}`, { method, path });
    respond(exchange, 404);
  }

  async #callFunction(
    content: FrontContent,
    routed: { readonly served: ServedFunction; readonly params: RouteValues },
    exchange: NodeExchange,
  ): Promise<void> {
    const { served, params } = routed;
    const { request, response, method, url } = exchange;
    const shown = request.headers["x-functions-key"]?.toString();
    const { searchParams } = new URL(url);
    this.#options.access.checkLevel(served.authLevel, `the function '${served.name}'`, shown, searchParams);
    const call = { method, url, headers: request.headers, params };
    if (content.httpUri !== undefined) {
      const { app, httpUri } = content;
      return await forwardStreaming({ ...exchange, app, served, call, httpUri, limits: this.#bodyLimits });
    }
    const body = await readBody(request, this.#bodyLimits);
    const answer = await content.app.callHttp(served, call, body).catch(() => undefined);
    if (answer === undefined) return respond(exchange, 500);
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value === undefined) continue;
      if (name.toLowerCase() === "vary") response.appendHeader(name, joinValues(value)!);
      else response.setHeader(name, value);
    }
    respond(exchange, answer.status, {}, answer.body);
  }

  get #bodyLimits(): BodyLimits {
    const { maxBodyBytes = defaultMaxBodyBytes, maxJsonDepth } = this.#options.limits;
    return { maxBodyBytes, maxJsonDepth };
  }

  async #answerAdmin(exchange: NodeExchange, path: string): Promise<void> {
    const { method, url } = exchange;
    const body = await readBody(exchange.request, this.#bodyLimits);
    const answer = answerAdmin(
      { method, path: splitPath(path).slice(1), origin: new URL(url).origin, body },
      this.#options.status(),
      this.#content?.app,
      (served, input) => this.#runByHand(served, input),
    );
    if (answer.json === undefined) return respond(exchange, answer.status, privateHeaders);
    const headers = { ...privateHeaders, "content-type": "application/json; charset=utf-8" };
    respond(exchange, answer.status, headers, JSON.stringify(answer.json));
  }

  async #runByHand(served: ServedFunction, input: string): Promise<void> {
    const { app, httpUri } = this.#content!;
    if (served.isHttp && httpUri !== undefined) return await streamByHand({ app, served, httpUri, input });
    await app.callByHand(served, input);
  }

  #answerHomepage(exchange: Exchange): void {
    const { homepage } = this.#options;
    if (homepage === undefined) return respond(exchange, 204);
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": homepagePolicy };
    respond(exchange, 200, { ...privateHeaders, ...headers }, homepage);
  }
}

function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "") || "/";
}

/** A header that was sent more than once is one list. */
function joinValues(value: number | string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : [value].flat().join(", ");
}
