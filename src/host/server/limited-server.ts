import { createServer, type Server } from "node:http";
import type { HttpLimits } from "../settings/http-limits.ts";
import { answerBrokenRequests } from "./broken-requests.ts";
import { type Exchange, limitSending } from "./responses.ts";

/** How often requests are looked at that have not come to their end, at most. */
const longestCheckMs = 5_000;

/** A server that holds the limits of headers and times by itself; those of bodies are for who reads them. */
export function createLimitedServer(limits: HttpLimits, serve: (exchange: Exchange) => void): Server {
  const { headersTimeoutMs, requestTimeoutMs } = limits;
  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    connectionsCheckingInterval: Math.min(longestCheckMs, Math.ceil(headersTimeoutMs / 4)),
  });
  // The parser drops those that are too many; one more says that there were.
  server.maxHeadersCount = limits.maxHeaders + 1;
  answerBrokenRequests(server, limits);
  server.on("request", (request, response) => {
    limitSending(response, requestTimeoutMs);
    serve({ request, response });
  });
  return server;
}
