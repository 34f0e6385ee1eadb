import { randomUUID } from "node:crypto";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import { pipeline } from "node:stream/promises";
import type { FunctionApp, HttpCall, ServedFunction } from "../app/function-app.ts";

/**
 * Serves one request of an app with HTTP streaming: the raw request goes to the library's own server (`httpUri`), and
 * in parallel the invocation runs that makes the library answer it. Both bodies stream.
 */
export async function forwardStreaming(options: {
  readonly app: FunctionApp;
  readonly served: ServedFunction;
  readonly call: HttpCall;
  readonly httpUri: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}): Promise<void> {
  const { app, served, call, httpUri, request, response } = options;
  const invocationId = randomUUID();
  const forward = openForward(httpUri, request, invocationId);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    forward.once("response", resolve);
    forward.once("error", reject);
  });
  answered.catch(() => {});
  // A client that goes away ends the upload; a forward that ends early must not take the client down with it.
  pipeline(request, forward).catch(() => {});
  response.once("close", () => {
    if (!response.writableFinished) forward.destroy();
  });

  const invocation = app.callStreaming(served, call, invocationId);
  const relayed = answered.then((answer) => relay(answer, response));
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

async function relay(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const {
    connection: _connection,
    "keep-alive": _keepAlive,
    "transfer-encoding": _encoding,
    ...headers
  } = answer.headers;
  response.writeHead(answer.statusCode ?? 200, headers);
  response.flushHeaders();
  await pipeline(answer, response);
}
