import { systemClock, systemRandom } from "../../../../core/system-ports.ts";
import { serviceVersionOf } from "../service-version.ts";
import type { StorageConnection, StorageService } from "../storage-connection.ts";
import { createHttpSender, type HttpAnswer, type HttpRequest, type HttpSender, unpack } from "./http-sender.ts";
import { createSigner, type RequestSigner, type UnsignedRequest } from "./request-signer.ts";
import { malformedAnswer, readServiceError } from "./service-error.ts";

export interface ServiceRequest {
  readonly method: HttpRequest["method"];
  /** The statuses of what was done. What answers with another success is not the service. */
  readonly expects: readonly number[];
  /** Below the address of the service: segments that are encoded, without a slash in front. */
  readonly path: string;
  readonly query?: UnsignedRequest["query"] | undefined;
  /** Names are in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly signal: AbortSignal;
  readonly limit?: HttpRequest["limit"];
}

/** One service of a storage account. Every answer that is no success is thrown, as a `ServiceError`. */
export class ServiceCaller {
  /** Of the service, without a trailing slash. */
  readonly endpoint: string;
  readonly #basePath: string;
  readonly #origin: URL;
  readonly #version: string;
  readonly #signer: RequestSigner;
  readonly #send: HttpSender;

  constructor(connection: StorageConnection, service: StorageService, maxConnections: number) {
    this.endpoint = connection[`${service}Endpoint`];
    this.#origin = new URL(this.endpoint);
    this.#basePath = this.#origin.pathname.replace(/\/$/, "");
    this.#version = serviceVersionOf(connection.credential);
    this.#signer = createSigner(connection.credential, service);
    this.#send = createHttpSender(this.#origin, maxConnections);
  }

  async call(request: ServiceRequest): Promise<HttpAnswer> {
    const { answer, authorization } = await this.#attempt(request);
    if (answer.status !== 401 || this.#signer.answerChallenge === undefined) return await settle(answer, request);
    const isOther = await this.#signer.answerChallenge(answer.headers["www-authenticate"], authorization);
    return await settle(isOther ? (await this.#attempt(request)).answer : answer, request);
  }

  async #attempt(request: ServiceRequest): Promise<{ answer: HttpAnswer; authorization: string | undefined }> {
    const { method, query = [], body, signal, limit } = request;
    const headers: Record<string, string> = {
      "user-agent": "durable-functions-ts",
      "x-ms-version": this.#version,
      "x-ms-client-request-id": systemRandom.guid(),
      "x-ms-date": new Date(systemClock.now()).toUTCString(),
      ...request.headers,
    };
    if (body !== undefined || method === "PUT" || method === "POST") {
      headers["content-length"] = String(body === undefined ? 0 : Buffer.byteLength(body));
    }
    const path = this.#pathOf(request.path);
    const signature = await this.#signer.sign({ method, path, query, headers });
    const { authorization } = signature;
    if (authorization !== undefined) headers["authorization"] = authorization;
    const pairs = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    if (signature.query !== undefined) pairs.push(signature.query);
    const target = pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
    return { answer: await this.#send({ method, path: target, headers, body, signal, limit }), authorization };
  }

  /** Segments that are dots mean a folder above or the same one, to whatever is on the way. */
  #pathOf(path: string): string {
    const whole = `${this.#basePath}/${path}`;
    return whole.includes("/.") ? new URL(whole, this.#origin).pathname : whole;
  }
}

async function settle(answer: HttpAnswer, { expects }: ServiceRequest): Promise<HttpAnswer> {
  if (expects.includes(answer.status)) return answer;
  if (answer.status >= 300) throw await readServiceError(answer);
  throw malformedAnswer(answer, `it has the status ${answer.status}`);
}

/** Reads a body by `read`. @throws ServiceError for one that it does not take */
export async function readBody<T>(answer: HttpAnswer, read: (text: string) => T): Promise<T> {
  try {
    return read((await unpack(answer)).toString("utf8"));
  } catch (error) {
    if (error instanceof Error && "statusCode" in error) throw error;
    throw malformedAnswer(answer, (error as Error).message);
  }
}

/** What stands in an answer. @throws SyntaxError when nothing does */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new SyntaxError(`it has no ${name}`);
  return value;
}
