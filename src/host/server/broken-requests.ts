import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { formatProblem, RequestRefused } from "../../http/answers.ts";
import type { HttpLimits } from "../settings/http-limits.ts";
import { hasPlainHost } from "./request-reader.ts";
import { lingerMs } from "./responses.ts";

const dotSegment = /^(?:\.|%2e){1,2}$/i;

/**
 * Refuses what would be one path here and another one to whoever reads it as a URL. Clients send nothing of the kind: they
 * leave dot segments out, so that an id `.` or `..` in a link leads elsewhere.
 *
 * @throws RequestRefused 400, 405 or 431
 */
export function assertSound(request: IncomingMessage, { maxHeaders }: Pick<HttpLimits, "maxHeaders">): void {
  const { method = "GET", url = "/", rawHeaders } = request;
  if (rawHeaders.length / 2 > maxHeaders) {
    throw new RequestRefused(431, `A request may have at most ${maxHeaders} headers`);
  }
  if (!hasPlainHost(request))
    throw new RequestRefused(400, "The header Host is there once, with a name and a port only");
  // What no web-standard request can be.
  if (method === "TRACE" || method === "CONNECT") throw new RequestRefused(405, `${method} is not served`);
  const [, authority = "", path] = /^(?:https?:\/\/([^/?]*))?([^?]*)/i.exec(url)!;
  if (!/^[\x21-\x7e]*$/.test(url) || /[\\#]/.test(url) || authority.includes("@")) {
    throw new RequestRefused(400, "The target of a request is a path or an http URL, with all else percent-encoded");
  }
  if (path!.split("/").some((segment) => dotSegment.test(segment))) {
    throw new RequestRefused(400, "A path must not have the segments '.' and '..', which lead elsewhere");
  }
}

/**
 * Answers what is no HTTP, or does not come to its end in time, and closes its connection.
 *
 *   431 more header bytes than allowed    408 not whole in time    413 chunks with endless extensions    400 all else
 */
export function answerBrokenRequests(server: Server, limits: HttpLimits): void {
  const last = new WeakMap<Socket, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  const given = new WeakSet<Socket>();
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    last.set(request.socket, { request, response });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    if (given.has(socket)) return;
    given.add(socket);
    const { status, message } = describe(error.code, limits);
    const exchange = last.get(socket);
    // Of two answers on one connection the caller would take the first for the one to its first request.
    const isAnswered = exchange !== undefined && !exchange.request.complete && exchange.response.headersSent;
    if (error.code === "ECONNRESET" || !socket.writable || isAnswered) {
      socket.destroy();
      return;
    }
    const answer = () => {
      const body = formatProblem(message);
      socket.end(
        `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      setTimeout(() => socket.destroy(), lingerMs).unref();
    };
    const isOfLater = exchange?.request.complete === true && !exchange.response.writableFinished;
    if (isOfLater) exchange.response.once("finish", answer);
    else answer();
  });
}

function describe(code: string | undefined, limits: HttpLimits): { readonly status: string; readonly message: string } {
  switch (code) {
    case "HPE_HEADER_OVERFLOW": {
      const message = `The request line and the headers may have ${limits.maxHeaderBytes} bytes together`;
      return { status: "431 Request Header Fields Too Large", message };
    }
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return { status: "413 Payload Too Large", message: "The chunks of the request have too long extensions" };
    case "ERR_HTTP_REQUEST_TIMEOUT": {
      const [headers, whole] = [limits.headersTimeoutMs / 1000, limits.requestTimeoutMs / 1000];
      const message = `A request must come within ${whole} seconds, its headers within ${headers}`;
      return { status: "408 Request Timeout", message };
    }
    default:
      return { status: "400 Bad Request", message: "This is not an HTTP/1.1 request" };
  }
}
