import type { HttpRequestMessage, HttpResponseMessage } from "../../core/durable-http.ts";
import type { Clock } from "../../core/ports.ts";
import { startTimeLimit } from "../../core/time-limit.ts";
import type { ResolvedDurableHttpOptions } from "./durable-http-options.ts";
import {
  describeForbiddenHop,
  describeForbiddenUrl,
  isCredentialHeader,
  isMetadataHost,
  withoutCredentials,
} from "./egress-policy.ts";
import { HttpFailure, nameRequest } from "./http-failure.ts";
import { addressRefused, HttpTransportError, type TransportResponse } from "./http-transport.ts";

const maxHops = 10;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Headers that describe a body. */
const bodyHeader = /^(?:content-.*|transfer-encoding)$/i;

/** One request on its way through redirects. */
interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** A hop has left the trusted origin; whatever comes after gets no credentials, wherever it leads. */
  readonly hasLeftOrigin: boolean;
}

export interface HttpActivityContext {
  /** Aborts the request. */
  readonly signal: AbortSignal;
  /** What the time limit of the request goes by. */
  readonly clock: Clock;
}

/**
 * Sends one request and follows its redirects, each of which is judged anew.
 *
 * H1. Credentials (token, headers) go to the trusted origin only, and no more once a redirect has left it.
 * H2. Neither a request with credentials nor one whose URL another origin chose reaches an address that serves a
 *     machine's metadata.
 * H3. What fails tells neither headers nor bodies nor paths.
 */
export async function sendHttpRequest(
  message: HttpRequestMessage,
  context: HttpActivityContext,
  options: ResolvedDurableHttpOptions,
): Promise<HttpResponseMessage> {
  const started = parseUrl(message.url);
  const limit = startTimeLimit(context.clock, message.timeoutMs, context.signal);
  try {
    const response = await follow(message, started, limit.signal, options);
    assertSuccess(message, response);
    return response;
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    const what = nameRequest(message.method, started);
    if (limit.isOver) {
      // H3: `what` names the method and the host.
      throw new HttpFailure("TaskTimeout", `${what} took longer than ${message.timeoutMs} ms`, { retry: true });
    }
    if (!(error instanceof HttpTransportError)) throw error;
    if (error.code === addressRefused)
      throw refusal(what, "it may not go to an address that serves a machine's own credentials");
    throw new HttpFailure("HttpRequestFailed", `${what} got no answer (${error.code})`, { retry: true });
  } finally {
    limit.end();
  }
}

async function follow(
  message: HttpRequestMessage,
  started: URL,
  signal: AbortSignal,
  options: ResolvedDurableHttpOptions,
): Promise<HttpResponseMessage> {
  const hasLeftOrigin = started.origin !== message.trustedOrigin;
  const { method, body } = message;
  let hop: Hop = { method, url: started, headers: message.headers, body, hasLeftOrigin };
  for (let count = 0; count <= maxHops; count++) {
    const response = await sendHop(hop, message, signal, options);
    const location = redirectStatuses.has(response.status) ? response.headers["location"] : undefined;
    try {
      if (location === undefined) return await readAnswer(hop, response, options);
    } finally {
      response.close();
    }
    hop = nextHop(hop, response.status, location, message.trustedOrigin);
  }
  throw refusal(nameRequest(method, started), `there were more than ${maxHops} redirects`);
}

async function sendHop(
  hop: Hop,
  message: HttpRequestMessage,
  signal: AbortSignal,
  options: ResolvedDurableHttpOptions,
): Promise<TransportResponse> {
  const { method, url, body } = hop;
  const problem = describeForbiddenUrl(url);
  if (problem !== undefined) throw refusal(nameRequest(method, url), problem);
  const headers: Record<string, string> = hop.hasLeftOrigin ? withoutCredentials(hop.headers) : { ...hop.headers };
  const sendsToken = message.tokenSource !== undefined && !hop.hasLeftOrigin; // H1
  const hasCredentials = sendsToken || Object.keys(headers).some(isCredentialHeader);
  const mayMeetMetadata = !hasCredentials && !hop.hasLeftOrigin; // H2
  const isAddressAllowed = (address: string) => mayMeetMetadata || !isMetadataHost(address);
  // Before a token is made, let alone sent.
  if (!isAddressAllowed(url.hostname)) throw new HttpTransportError(addressRefused);
  if (!options.allowRequest(new URL(url), { hasCredentials })) {
    throw refusal(nameRequest(method, url), "the app's 'allowRequest' does not allow it");
  }
  if (message.tokenSource !== undefined && sendsToken) {
    for (const name of Object.keys(headers)) if (name.toLowerCase() === "authorization") delete headers[name];
    headers["authorization"] = `Bearer ${await options.tokenProvider(message.tokenSource, signal)}`;
  }
  signal.throwIfAborted();
  const { maxHeaderBytes } = options;
  return options.transport.send({ method, url, headers, body, signal, isAddressAllowed, maxHeaderBytes });
}

function nextHop(hop: Hop, status: number, location: string, trustedOrigin: string): Hop {
  const what = nameRequest(hop.method, hop.url);
  const url = URL.canParse(location, hop.url.href) ? new URL(location, hop.url) : undefined;
  if (url === undefined) throw refusal(what, "it was redirected to what is no URL");
  const problem = describeForbiddenHop(hop.url, url);
  if (problem !== undefined) throw refusal(what, `it was redirected, and ${problem}`);
  const hasLeftOrigin = hop.hasLeftOrigin || url.origin !== trustedOrigin;
  const keepsHeaders = hasLeftOrigin ? withoutCredentials(hop.headers) : hop.headers;
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status <= 302 && hop.method === "POST";
  if (!becomesGet) return { ...hop, url, headers: keepsHeaders, hasLeftOrigin };
  return { method: "GET", url, headers: withoutBodyHeaders(keepsHeaders), body: undefined, hasLeftOrigin };
}

async function readAnswer(
  hop: Hop,
  response: TransportResponse,
  options: ResolvedDurableHttpOptions,
): Promise<HttpResponseMessage> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > options.maxResponseBytes) {
      const what = nameRequest(hop.method, hop.url);
      const message = `the answer to ${what} has more than ${options.maxResponseBytes} bytes`;
      throw new HttpFailure("HttpResponseTooLarge", message, { statusCode: response.status });
    }
    chunks.push(chunk);
  }
  const body = decodeBody(Buffer.concat(chunks), response.headers["content-type"]);
  const { hasLeftOrigin } = hop;
  return { statusCode: response.status, headers: response.headers, ...body, url: hop.url.href, hasLeftOrigin };
}

/** What is no text in its charset keeps its bytes. */
function decodeBody(
  bytes: Buffer,
  contentType: string | undefined,
): Pick<HttpResponseMessage, "content" | "contentEncoding"> {
  const charset = /;\s*charset="?([\w-]+)/i.exec(contentType ?? "")?.[1];
  try {
    return { content: createTextDecoder(charset).decode(bytes) };
  } catch {
    return { content: bytes.toString("base64"), contentEncoding: "base64" };
  }
}

/** For a charset that nobody knows, UTF-8. */
function createTextDecoder(charset: string | undefined): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    return new TextDecoder("utf-8", { fatal: true });
  }
}

function assertSuccess(message: HttpRequestMessage, { statusCode, url }: HttpResponseMessage): void {
  const { failingStatuses } = message;
  if (failingStatuses === undefined) return;
  const fails = failingStatuses.length === 0 ? statusCode >= 400 : failingStatuses.includes(statusCode);
  if (!fails) return;
  const what = nameRequest(message.method, new URL(url));
  throw new HttpFailure("HttpRequestFailed", `${what} was answered with status ${statusCode}`, {
    statusCode,
    retry: true,
  });
}

/** The headers of a request that has lost its body. */
export function withoutBodyHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !bodyHeader.test(name)));
}

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw refusal("an HTTP request", "its URL is not valid");
}

function refusal(what: string, reason: string): HttpFailure {
  return new HttpFailure("HttpRequestRefused", `${what} was refused: ${reason}`, {});
}
