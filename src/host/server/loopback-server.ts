import type { AddressInfo } from "node:net";
import { RequestRefused } from "../../http/answers.ts";
import { requestUrl } from "../app/http-conversion.ts";
import type { HttpLimits } from "../settings/http-limits.ts";
import { assertSound } from "./broken-requests.ts";
import { createLimitedServer } from "./limited-server.ts";
import { listenOnAll } from "./listen-address.ts";
import { type Exchange, refuse } from "./responses.ts";
import { answerWithWebHandler, type WebHandler } from "./web-adapter.ts";

/** A server for this machine alone. */
export interface LoopbackServer {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  stop(): void;
}

/** @throws DurableError `HostStartFailed` when no port is free */
export async function startLoopbackServer(handler: WebHandler, limits: HttpLimits): Promise<LoopbackServer> {
  const serve = async (exchange: Exchange): Promise<void> => {
    const { request, response } = exchange;
    try {
      assertSound(request, limits);
      const url = requestUrl(request, "127.0.0.1");
      await answerWithWebHandler(handler, { ...exchange, method: request.method ?? "GET", url });
    } catch (error) {
      if (error instanceof RequestRefused) refuse(exchange, error.status, error.message);
      else response.destroy();
    }
  };
  const [server] = await listenOnAll(["127.0.0.1"], 0, () =>
    createLimitedServer(limits, (exchange) => void serve(exchange)),
  );
  return {
    origin: `http://127.0.0.1:${(server!.address() as AddressInfo).port}`,
    stop() {
      server!.close();
      server!.closeAllConnections();
    },
  };
}
