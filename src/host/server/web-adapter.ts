import type { IncomingMessage, ServerResponse } from "node:http";
import { joinHeaders } from "../app/http-conversion.ts";

/** Answers a web-standard request. */
export type WebHandler = (request: Request) => Promise<Response>;

/** Runs a node request through a web-standard handler. */
export async function answerWithWebHandler(
  handler: WebHandler,
  request: { readonly method: string; readonly url: string; readonly headers: IncomingMessage["headers"] },
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const { method, url, headers } = request;
  const carriesBody = method !== "GET" && method !== "HEAD" && body.byteLength > 0;
  let webRequest: Request;
  try {
    webRequest = new Request(url, {
      method,
      headers: joinHeaders(headers).filter(([name]) => !name.startsWith(":")),
      ...(carriesBody ? { body: new Uint8Array(body) } : {}),
    });
  } catch {
    // TRACE and its like, a Host header that is no host, credentials in the URL.
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
  response.end(Buffer.from(await answer.arrayBuffer()));
}
