import { randomUUID } from "node:crypto";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import { pipeline } from "node:stream/promises";
import type { FunctionApp, HttpCall, ServedFunction } from "../app/function-app.ts";
import { assertBodyLimit, BodyTooLarge, limitBody } from "./request-reader.ts";

/**
 * Serves one request of an app with HTTP streaming: the raw request goes to the library's own server (`httpUri`), and
 * in parallel the invocation runs that makes the library answer it. Both bodies stream.
 *
 * @throws BodyTooLarge before anything runs, for a body that is announced as larger. One that turns out to be larger is
 * answered with 413 if the function has not answered yet.
 */
export async function forwardStreaming(options: {
  readonly app: FunctionApp;
  readonly served: ServedFunction;
  readonly call: HttpCall;
  readonly httpUri: string;
  readonly maxBodyBytes: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}): Promise<void> {
  const { app, served, call, httpUri, maxBodyBytes, request, response } = options;
  assertBodyLimit(request, maxBodyBytes);
  const invocationId = randomUUID();
  const forward = openForward(httpUri, request, invocationId);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    forward.once("response", resolve);
    forward.once("error", reject);
  });
  answered.catch(() => {});
  // A client that goes away ends the upload; a forward that ends early must not take the client down with it.
  pipeline(request, limitBody(maxBodyBytes), forward).catch((error: unknown) => {
    // The function may wait for the rest of the body for ever: nobody waits for it.
    if (error instanceof BodyTooLarge) respondTooLarge(response);
  });
  response.once("close", () => {
    if (!response.writableFinished) forward.destroy();
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
    if (response.writableEnded) return;
    if (response.headersSent) response.destroy();
    else response.writeHead(500, { "content-length": 0 }).end();
  }
}

function openForward(httpUri: string, request: IncomingMessage, invocationId: string): ClientRequest {
  const target = new URL(httpUri);
  const { connection: _connection, "keep-alive": _keepAlive, upgrade: _upgrade, ...headers } = request.headers;
  return httpRequest({
    host: target.hostname,
    port: target.port,
    method: request.method,
    path: request.url,
    agent: false,
    headers: {
      ...headers,
      host: target.host,
      "x-ms-invocation-id": invocationId,
      "x-forwarded-host": request.headers.host ?? target.host,
      "x-forwarded-proto": "http",
    },
  });
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

function respondTooLarge(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(413, { "content-length": 0, connection: "close" }).end();
}
