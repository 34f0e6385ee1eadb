import type { IncomingMessage } from "node:http";
import { JsonScanner } from "../../http/json-scanner.ts";
import { type BodyLimits, bodyTooDeep, bodyTooLarge, isJsonMediaType } from "../../http/request-body.ts";

/** Whether a request names one host at most, and nothing but a host in that place; what does not is answered with 400. */
export function hasPlainHost({ headers, rawHeaders }: Pick<IncomingMessage, "headers" | "rawHeaders">): boolean {
  const sent = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  return sent.length <= 1 && !/[\s/?#@\\]/.test(headers.host ?? "");
}

/**
 * The whole body, however it was framed.
 *
 * @throws RequestRefused as {@link limitBody} does
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of limitBody(request, limits)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * A body up to its limits: fails with RequestRefused 413 as soon as its length passes the limit, with 400 where what says
 * that it is JSON is nested too deep. The rest is not read, and the connection is left for the answer.
 *
 * @throws RequestRefused 413 for a body that is announced as larger
 */
export function limitBody(request: IncomingMessage, limits: BodyLimits): AsyncIterable<Buffer> {
  return readLimited(request, new BodyMeter(request, limits));
}

async function* readLimited(request: IncomingMessage, meter: BodyMeter): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    meter.take(chunk);
    yield chunk;
  }
}

/** Counts the bytes of a body, and the levels of JSON that is not compressed. */
class BodyMeter {
  readonly #limits: BodyLimits;
  readonly #scanner: JsonScanner | undefined;
  #length = 0;

  /** @throws RequestRefused 413 */
  constructor({ headers }: IncomingMessage, limits: BodyLimits) {
    const announced = Number(headers["content-length"] ?? 0);
    if (announced > limits.maxBodyBytes) throw bodyTooLarge(limits.maxBodyBytes);
    const isPlainJson = isJsonMediaType(headers["content-type"] ?? null) && headers["content-encoding"] === undefined;
    this.#limits = limits;
    this.#scanner = isPlainJson ? new JsonScanner(limits.maxJsonDepth) : undefined;
  }

  /** @throws RequestRefused */
  take(chunk: Buffer): void {
    const { maxBodyBytes, maxJsonDepth } = this.#limits;
    this.#length += chunk.byteLength;
    if (this.#length > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
    this.#scanner?.take(chunk);
    if (this.#scanner?.isTooDeep) throw bodyTooDeep(maxJsonDepth);
  }
}
