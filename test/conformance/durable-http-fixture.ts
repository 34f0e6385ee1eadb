import { afterAll, beforeAll, beforeEach } from "vitest";
import type { HttpRequestMessage, HttpResponseMessage } from "../../src/core/durable-http.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import {
  type DurableHttpRequest,
  ManagedIdentityTokenSource,
  resolveHttpCall,
} from "../../src/orchestration/http/durable-http-request.ts";
import {
  type DurableHttpOptions,
  resolveDurableHttpOptions,
} from "../../src/worker/durable-http/durable-http-options.ts";
import { sendHttpRequest } from "../../src/worker/durable-http/http-activity.ts";
import { HorrorServer } from "./durable-http-horrors.ts";

export const own = new HorrorServer();
export const other = new HorrorServer();

/** Every credential holds this text, so that one search finds any that leaks. */
export const canary = "canary";
export const credentials = {
  authorization: `Basic ${canary}-basic`,
  cookie: `session=${canary}-cookie`,
  "X-Functions-Key": `${canary}-functions-key`,
  "x-api-key": `${canary}-api-key`,
  "x-auth-token": `${canary}-auth-token`,
  "Ocp-Apim-Subscription-Key": `${canary}-subscription`,
  "proxy-authorization": `${canary}-proxy`,
};
export const tokenSource = new ManagedIdentityTokenSource("https://vault.azure.net");

beforeAll(() => Promise.all([own.listen(), other.listen()]));
afterAll(() => Promise.all([own.close(), other.close()]));
beforeEach(() => {
  own.seen.length = 0;
  other.seen.length = 0;
});

export function send(
  path: string,
  request: Partial<DurableHttpRequest> = {},
  options: DurableHttpOptions = {},
): Promise<HttpResponseMessage> {
  const url = path.startsWith("/") ? own.origin + path : path;
  return sendMessage(resolveHttpCall({ url, timeout: 5000, ...request }).request, options);
}

function sendMessage(message: HttpRequestMessage, options: DurableHttpOptions = {}): Promise<HttpResponseMessage> {
  const tokenProvider = async () => `${canary}-token`;
  const resolved = resolveDurableHttpOptions({ tokenProvider, ...options });
  return sendHttpRequest(message, { signal: new AbortController().signal, clock: systemClock }, resolved);
}
