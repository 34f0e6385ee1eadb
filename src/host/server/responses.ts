import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { formatProblem, privateHeaders } from "../../http/answers.ts";

/** How long a connection that is given up goes on reading, so that its sender comes to the answer. */
export const lingerMs = 2_000;

/** One request to a node server, and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers with a text that says what was wrong with the request; an answer that has begun can only be cut off. */
export function refuse(exchange: Exchange, status: number, message: string): void {
  if (exchange.response.headersSent) {
    exchange.response.destroy();
    return;
  }
  const headers = { ...privateHeaders, "content-type": "application/json; charset=utf-8" };
  respond(exchange, status, headers, formatProblem(message));
}

/** @param headers besides those that the response has already */
export function respond(
  exchange: Exchange,
  status: number,
  headers: OutgoingHttpHeaders = {},
  body: string | Buffer = "",
): void {
  const { request, response } = exchange;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const hasNoBody = status === 204 || status === 304;
  response.writeHead(status, {
    ...headers,
    ...(hasNoBody ? {} : { "content-length": bytes.byteLength }),
    // What nobody has read must not be taken for the next request.
    ...(request.complete ? {} : { connection: "close" }),
  });
  if (request.complete) {
    response.end(hasNoBody ? undefined : bytes);
    return;
  }
  // Who still sends would find its connection broken instead of an answer.
  if (hasNoBody || bytes.byteLength === 0) response.flushHeaders();
  else response.write(bytes);
  const timer = setTimeout(end, lingerMs).unref();
  function end(): void {
    clearTimeout(timer);
    response.end();
  }
  request.once("end", end).once("close", end).resume();
}

/** Cuts off a caller that does not take an answer which is whole: it would be kept for ever. */
export function limitSending(response: ServerResponse, timeoutMs: number): void {
  response.once("prefinish", () => {
    if (response.writableFinished) return;
    const timer = setTimeout(() => response.destroy(), timeoutMs).unref();
    response.once("close", () => clearTimeout(timer));
  });
}
