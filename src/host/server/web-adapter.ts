import type { IncomingMessage } from "node:http";
import { RequestRefused } from "../../http/answers.ts";
import { joinHeaders } from "../app/http-conversion.ts";
import { type Exchange, respond } from "./responses.ts";

/** Answers a web-standard request. */
export type WebHandler = (request: Request) => Promise<Response>;

/** One request to a node server, and its answer. */
export interface NodeExchange extends Exchange {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
}

/**
 * Runs a node request through a web-standard handler, which reads the body itself, under its own limit. The request's
 * signal aborts when the caller goes away.
 */
export async function answerWithWebHandler(handler: WebHandler, exchange: NodeExchange): Promise<void> {
  const { response } = exchange;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const webRequest = toWebRequest(exchange, gone.signal);
  if (webRequest === undefined) throw new RequestRefused(400, "The request is none that can be served");
  const answer = await handler(webRequest);
  for (const [name, value] of answer.headers) {
    if (name !== "set-cookie") response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  respond(exchange, answer.status, {}, Buffer.from(await answer.arrayBuffer()));
}

/** `undefined` for what is no header or method there, such as TRACE. */
function toWebRequest({ method, url, request }: NodeExchange, signal: AbortSignal): Request | undefined {
  const { headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  try {
    return new Request(url, {
      method,
      headers: joinHeaders(headers).filter(([name]) => !name.startsWith(":")),
      signal,
      ...(hasBody && method !== "GET" && method !== "HEAD" ? { body: bodyOf(request), duplex: "half" as const } : {}),
    });
  } catch {
    return undefined;
  }
}

/** Whoever stops reading leaves the connection as it is: the answer needs it. */
function bodyOf(request: IncomingMessage): ReadableStream {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}
