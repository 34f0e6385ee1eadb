import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { requestUrl } from "../app/http-conversion.ts";
import { listenOnAll } from "./listen-address.ts";
import { answerWithWebHandler, type WebHandler } from "./web-adapter.ts";

/** A server for this machine alone. */
export interface LoopbackServer {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  stop(): void;
}

/** @throws DurableError `HostStartFailed` when no port is free */
export async function startLoopbackServer(handler: WebHandler): Promise<LoopbackServer> {
  const [server] = await listenOnAll(["127.0.0.1"], 0, () =>
    createServer((request, response) => {
      const exchange = { method: request.method ?? "GET", url: requestUrl(request, "127.0.0.1"), request, response };
      answerWithWebHandler(handler, exchange).catch(() => response.destroy());
    }),
  );
  return {
    origin: `http://127.0.0.1:${(server!.address() as AddressInfo).port}`,
    stop() {
      server!.close();
      server!.closeAllConnections();
    },
  };
}
