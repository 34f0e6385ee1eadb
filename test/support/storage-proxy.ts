import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Azurite } from "./azurite.ts";

export type StorageService = "blob" | "queue" | "table";

/** One HTTP request to the storage, whole. */
export interface ProxiedRequest {
  readonly service: StorageService;
  readonly method: string;
  /** As it is on the wire, query included. */
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/**
 * Decides what becomes of a request: forwards it (or not) and resolves to the answer, or to `undefined` to close the
 * connection without one.
 */
export type Intercept = (
  request: ProxiedRequest,
  forward: () => Promise<ProxiedAnswer>,
) => Promise<ProxiedAnswer | undefined>;

export interface StorageProxy {
  /** Of the storage as it is seen through the proxy. */
  readonly connectionString: string;
  close(): Promise<void>;
}

const services: readonly StorageService[] = ["blob", "queue", "table"];

/** Stands between a process and a storage emulator, on a port of its own for each service. */
export async function startStorageProxy(azurite: Azurite, intercept: Intercept): Promise<StorageProxy> {
  const agent = new Agent({ keepAlive: true });
  const servers = await Promise.all(
    services.map((service) => listen(service, { port: azurite.ports[service], agent }, intercept)),
  );
  let { connectionString } = azurite;
  for (const [index, service] of services.entries()) {
    const { port } = servers[index]!.address() as AddressInfo;
    connectionString = connectionString.replace(`:${azurite.ports[service]}/`, `:${port}/`);
  }
  return {
    connectionString,
    async close() {
      await Promise.all(
        servers.map((server) => {
          return new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          });
        }),
      );
      agent.destroy();
    },
  };
}

interface Upstream {
  readonly port: number;
  readonly agent: Agent;
}

async function listen(service: StorageService, upstream: Upstream, intercept: Intercept): Promise<Server> {
  // A connection that the server closes while a client picks it up would be a fault that nobody asked for.
  const server = createServer({ keepAliveTimeout: 600_000 }, (incoming, outgoing) => {
    const handle = async () => {
      const { method = "GET", url: path = "/", rawHeaders } = incoming;
      const received: ProxiedRequest = { service, method, path, rawHeaders, body: await readBody(incoming) };
      const answer = await intercept(received, () => forward(received, upstream));
      if (answer === undefined) outgoing.destroy();
      else writeAnswer(outgoing, answer);
    };
    handle().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function forward({ method, path, rawHeaders, body }: ProxiedRequest, upstream: Upstream): Promise<ProxiedAnswer> {
  return new Promise((resolve, reject) => {
    const headers = [...withoutFraming(rawHeaders), "content-length", String(body.byteLength)];
    const sent = request({ host: "127.0.0.1", port: upstream.port, agent: upstream.agent, method, path, headers });
    sent.once("error", reject);
    sent.once("response", (response) => {
      const { statusCode: status = 0, rawHeaders: answered } = response;
      readBody(response).then((content) => resolve({ status, rawHeaders: answered, body: content }), reject);
    });
    sent.end(body);
  });
}

function writeAnswer(outgoing: ServerResponse, { status, rawHeaders, body }: ProxiedAnswer): void {
  const headers = [...withoutFraming(rawHeaders)];
  if (status !== 204 && status !== 304) headers.push("content-length", String(body.byteLength));
  outgoing.writeHead(status, headers);
  outgoing.end(body);
}

const framing = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);

/** Bodies are passed on whole, on connections of our own. */
function withoutFraming(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (!framing.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1]!);
  }
  return kept;
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An answer as the service gives it when it does not do what was asked. */
export function refusal(service: StorageService, status: number, code: string): ProxiedAnswer {
  const message = `${code} (injected)`;
  const json = JSON.stringify({ "odata.error": { code, message: { lang: "en-US", value: message } } });
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  const [type, text] = service === "table" ? ["application/json", json] : ["application/xml", xml];
  return { status, rawHeaders: ["content-type", type, "x-ms-error-code", code], body: Buffer.from(text) };
}
