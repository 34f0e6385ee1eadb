import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp, STATUS_CODES } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As it goes over the wire, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** Reading is given up with `tooLong()` after so many bytes of an answer that is no error. */
  readonly limit?: { readonly maxBytes: number; readonly tooLong: () => Error } | undefined;
}

export type HttpHeaders = IncomingHttpHeaders;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Buffer;
}

/** `Bad Gateway` for 502. */
export function describeStatus(status: number): string {
  return STATUS_CODES[status] ?? "unknown status";
}

/** One request to one origin. Rejects with an error that has a `code`, or with {@link RequestAborted}. */
export type HttpSender = (request: HttpRequest) => Promise<HttpAnswer>;

/** Whoever asked has given up. */
class RequestAborted extends Error {
  override readonly name = "AbortError";

  constructor() {
    super("the request was aborted");
  }
}

/** Shorter than what load balancers on the way drop an idle connection after without a word, which is four minutes. */
const idleMs = 60_000;
/** A connection is left this long before the service would close it: a request that meets the close is lost. */
const marginMs = 1_000;

const agents = new Map<string, HttpAgent>();

/** Connections are shared by all of a process that ask for as many. */
function agentFor(protocol: string, maxConnections: number): HttpAgent {
  const key = `${protocol} ${maxConnections}`;
  const kept = agents.get(key);
  if (kept !== undefined) return kept;
  // The connection used last is used next, so that those of a burst become idle and are closed.
  const options = { keepAlive: true, maxSockets: maxConnections, scheduling: "lifo", timeout: idleMs } as const;
  const agent = protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
  agents.set(key, agent);
  leaveInTime(agent);
  return agent;
}

/** Until when a connection that nobody uses may be used again. */
const usableUntil = new WeakMap<object, number>();

/** Connections that the service says it closes soon are closed by us, a moment earlier. */
function leaveInTime(agent: HttpAgent): void {
  const keep = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket: Socket) => {
    const keeps = keep(socket);
    // What the agent has made of its own time and the header `keep-alive`.
    const { timeout = idleMs } = socket;
    const usableMs = Math.max(timeout - marginMs, timeout / 2);
    socket.setTimeout(usableMs);
    usableUntil.set(socket, performance.now() + usableMs);
    return keeps;
  };
}

/** When each agent was last rid of outdated connections. */
const droppedAt = new WeakMap<HttpAgent, number>();

/** A process that was busy for a while has not seen the time of its connections pass, nor that they were closed. */
function dropOutdated(agent: HttpAgent): void {
  const now = performance.now();
  if (now - (droppedAt.get(agent) ?? 0) < marginMs / 2) return;
  droppedAt.set(agent, now);
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) if ((usableUntil.get(socket) ?? now) < now) socket.destroy();
  }
}

/**
 * H1. Connections are kept and used again, at most `maxConnections` to an origin.
 * H2. Nothing is followed or repeated: one request, one answer.
 * H3. A broken answer is none.
 * H4. No connection is used that the service has said it would have closed by now.
 */
export function createHttpSender(origin: URL, maxConnections: number): HttpSender {
  const { protocol, port } = origin;
  const host = origin.hostname.replace(/^\[|\]$/g, "");
  const ask = protocol === "https:" ? requestHttps : requestHttp;
  const agent = agentFor(protocol, maxConnections);
  return ({ method, path, headers, body, signal, limit }) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new RequestAborted());
        return;
      }
      dropOutdated(agent);
      // Headers are an object: what instruments `node:http`, as OpenTelemetry does, takes no array.
      const sent = ask({ agent, host, port, method, path, headers });
      const settle = () => signal.removeEventListener("abort", abort);
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const abort = () => {
        fail(new RequestAborted());
        sent.destroy();
      };
      signal.addEventListener("abort", abort, { once: true });
      sent.on("error", fail);
      sent.once("response", (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          length += chunk.byteLength;
          if (limit === undefined || length <= limit.maxBytes || status >= 300) return;
          fail(limit.tooLong());
          response.destroy();
        });
        response.on("error", fail); // H3
        response.once("end", () => {
          settle();
          resolve({
            status,
            headers: answered,
            body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length),
          });
        });
      });
      sent.end(body);
    });
}

/** The body of an answer that was packed on the way, although nobody asked for it. */
export async function unpack({ headers, body }: HttpAnswer): Promise<Buffer> {
  const encoding = headers["content-encoding"]?.toLowerCase();
  if (encoding === "gzip") return await promisify(gunzip)(body);
  if (encoding === "deflate") return await promisify(inflate)(body);
  return body;
}
