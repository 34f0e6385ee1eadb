import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { joinHeaders } from "../app/http-conversion.ts";

/** Answers a web-standard request. */
export type WebHandler = (request: Request) => Promise<Response>;

/** One request to a node server, and its answer. */
export interface NodeExchange {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Runs a node request through a web-standard handler, which reads the body itself, under its own limit. The request's
 * signal aborts when the caller goes away.
 */
export async function answerWithWebHandler(handler: WebHandler, exchange: NodeExchange): Promise<void> {
  const { request, response } = exchange;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const webRequest = toWebRequest(exchange, gone.signal);
  if (webRequest === undefined) {
    response.statusCode = 400;
    response.end();
    return;
  }
  const answer = await handler(webRequest);
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    if (name !== "set-cookie") response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  // What nobody has read must not be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** `undefined` for TRACE and its like, a Host header that is no host, credentials in the URL. */
function toWebRequest({ method, url, request }: NodeExchange, signal: AbortSignal): Request | undefined {
  const { headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  try {
    return new Request(url, {
      method,
      headers: joinHeaders(headers).filter(([name]) => !name.startsWith(":")),
      signal,
      ...(hasBody && method !== "GET" && method !== "HEAD"
        ? { body: Readable.toWeb(request) as ReadableStream, duplex: "half" as const }
        : {}),
    });
  } catch {
    return undefined;
  }
}
