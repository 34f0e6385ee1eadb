import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

type Behaviour = (request: SeenRequest, response: ServerResponse, socket: Socket) => void;

/** A server on 127.0.0.1 that misbehaves by path, and remembers what it was sent. */
export class HorrorServer {
  readonly seen: SeenRequest[] = [];
  readonly #server: Server;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #drips = new Set<NodeJS.Timeout>();

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    for (const drip of this.#drips) clearInterval(drip);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  on(path: string, behaviour: Behaviour): void {
    this.#behaviours.set(path, behaviour);
  }

  /** Answers with a status, headers and a body. */
  answers(path: string, status: number, headers: Record<string, string | string[]> = {}, body = ""): void {
    this.on(path, (_request, response) => response.writeHead(status, headers).end(body));
  }

  /** Writes raw bytes in place of an HTTP answer, and hangs up. */
  writes(path: string, bytes: string): void {
    this.on(path, (_request, _response, socket) => socket.end(bytes, "latin1"));
  }

  /** Sends one byte every few milliseconds, without end. */
  drips(path: string, everyMs: number, chunk = "x"): void {
    this.on(path, (_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const drip = setInterval(() => response.write(chunk), everyMs);
      this.#drips.add(drip);
      response.on("close", () => clearInterval(drip));
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "/";
    const { method = "", headers } = request;
    const seen = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
    this.seen.push(seen);
    const behaviour = this.#behaviours.get(path.split("?")[0]!);
    if (behaviour === undefined) response.writeHead(200, { "content-type": "text/plain" }).end("arrived");
    else behaviour(seen, response, request.socket);
  }
}

/** 64 MiB of nothing in a few kilobytes. */
export const gzipBomb: Buffer = gzipSync(Buffer.alloc(64 * 1024 * 1024));
