import { randomUUID } from "node:crypto";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import { pipeline } from "node:stream/promises";
import { RequestRefused } from "../../http/answers.ts";
import type { BodyLimits } from "../../http/request-body.ts";
import type { FunctionApp, HttpCall, ServedFunction } from "../app/function-app.ts";
import { limitBody } from "./request-reader.ts";
import { type Exchange, refuse } from "./responses.ts";

/**
 * Serves one request of an app with HTTP streaming: the raw request goes to the library's own server (`httpUri`), and
 * in parallel the invocation runs that makes the library answer it. Both bodies stream. A caller that goes away ends the
 * request at the library too.
 *
 * @throws RequestRefused before anything runs, for a body that is announced as too large, and for headers that the
 * library's server does not take. A body that turns out to be too large or too deep is refused if the function has not
 * answered yet.
 */
export async function forwardStreaming(
  options: Exchange & {
    readonly app: FunctionApp;
    readonly served: ServedFunction;
    readonly call: HttpCall;
    readonly httpUri: string;
    readonly limits: BodyLimits;
  },
): Promise<void> {
  const { app, served, call, httpUri, limits, request, response } = options;
  const body = limitBody(request, limits);
  const invocationId = randomUUID();
  const forward = openForward(httpUri, request, call.url, invocationId);
  response.once("close", () => {
    if (!response.writableFinished) forward.destroy();
    // What the function has not read must not be taken for the next request.
    else if (!request.complete) request.resume();
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    forward.once("response", resolve);
    forward.once("error", reject);
  });
  answered.catch(() => {});
  if (!(await hasArrived(forward, answered, response))) return;

  let isRefused = false;
  // A forward that ends early must not take the caller down with it.
  pipeline(body, forward).catch((error: unknown) => {
    if (!(error instanceof RequestRefused)) return;
    // The function may wait for the rest of the body for ever: nobody waits for it.
    isRefused = true;
    refuse(options, error.status, error.message);
  });
  let cookies: readonly string[] = [];
  const invocation = app.callStreaming(served, call, invocationId, (found) => {
    cookies = found;
  });
  const relayed = answered.then((answer) => relay(answer, response, cookies));
  relayed.catch(() => {});
  try {
    const { hasResponse } = await invocation;
    if (hasResponse) await relayed;
    else {
      forward.destroy();
      if (!response.headersSent) response.writeHead(204).end();
    }
  } catch {
    // Logged with the invocation. A response that has begun can only be cut off.
    forward.destroy();
    if (response.writableEnded || isRefused) return;
    if (response.headersSent) response.destroy();
    else response.writeHead(500, { "content-length": 0 }).end();
  }
}

/** Calls a function of such an app with a text as its body, and nobody to answer: it too waits for a request. */
export async function streamByHand(options: {
  readonly app: FunctionApp;
  readonly served: ServedFunction;
  readonly httpUri: string;
  readonly input: string;
}): Promise<void> {
  const { app, served, httpUri, input } = options;
  const [invocationId, method, path] = [randomUUID(), served.methods[0] ?? "POST", `/${served.route}`];
  const headers = { "content-length": Buffer.byteLength(input), ...libraryHeaders(httpUri, invocationId, "localhost") };
  const { hostname: host, port } = new URL(httpUri);
  const forward = httpRequest({ host, port, method, path, agent: false, headers });
  forward.on("error", () => {}).on("response", (answer) => answer.resume());
  forward.end(input);
  const call = { method, url: `http://localhost${path}`, headers: {}, params: {} };
  await app.callStreaming(served, call, invocationId, () => {}).finally(() => forward.destroy());
}

/** Headers of a request that are about its connection. */
const connectionHeaders = new Set(["connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer"]);

/**
 * Waits until the library has the request, which says so by asking for the body: an invocation without a request would wait
 * for it for ever. Resolves to `false` when the caller has gone before.
 *
 * @throws RequestRefused for what the library's server refuses by itself
 */
async function hasArrived(
  forward: ClientRequest,
  answered: Promise<IncomingMessage>,
  response: ServerResponse,
): Promise<boolean> {
  const asked = new Promise<undefined>((resolve) => forward.once("continue", () => resolve(undefined)));
  try {
    const refusal = await Promise.race([asked, answered]);
    if (refusal === undefined) return true;
    refusal.resume();
    throw new RequestRefused(
      refusal.statusCode ?? 400,
      "The server of the app does not take the headers of this request",
    );
  } catch (error) {
    if (response.destroyed) return false;
    throw error;
  }
}

function openForward(httpUri: string, request: IncomingMessage, url: string, invocationId: string): ClientRequest {
  const target = new URL(httpUri);
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !connectionHeaders.has(name)));
  const [origin, host] = /^https?:\/\/([^/?]*)/i.exec(url)!;
  const path = url.slice(origin.length);
  return httpRequest({
    host: target.hostname,
    port: target.port,
    method: request.method,
    path: path.startsWith("/") ? path : `/${path}`,
    agent: false,
    headers: { ...headers, expect: "100-continue", ...libraryHeaders(httpUri, invocationId, host!) },
  });
}

/** By which the library knows a request, and makes its URL. */
function libraryHeaders(httpUri: string, invocationId: string, host: string): Record<string, string> {
  return {
    host: new URL(httpUri).host,
    "x-ms-invocation-id": invocationId,
    "x-forwarded-host": host,
    "x-forwarded-proto": "http",
  };
}

async function relay(answer: IncomingMessage, response: ServerResponse, cookies: readonly string[]): Promise<void> {
  const {
    connection: _connection,
    "keep-alive": _keepAlive,
    "transfer-encoding": _encoding,
    // Is between the library and its host.
    "x-ms-invocation-id": _invocationId,
    "set-cookie": sent = [],
    vary,
    ...headers
  } = answer.headers;
  if (vary !== undefined) response.appendHeader("vary", vary);
  // Of those in the headers the library sends the last, or none beside its list of cookies.
  const all = sent.length === 1 && sent[0] === cookies.at(-1) ? cookies : [...cookies, ...sent];
  response.writeHead(answer.statusCode ?? 200, all.length === 0 ? headers : { ...headers, "set-cookie": [...all] });
  response.flushHeaders();
  await pipeline(answer, response);
}
