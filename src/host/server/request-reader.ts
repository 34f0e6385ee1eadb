import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import type { EventLog } from "../../core/event-log.ts";
import { findSetting } from "../settings/app-settings.ts";
import type { Environment } from "../settings/host-json.ts";

/** Largest request body the Functions host takes. */
export const defaultMaxBodyBytes = 104_857_600;

/** The setting that asks for another one. */
export const bodyLimitSetting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";

/**
 * The limit that `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT` asks for, in bytes. `undefined` for a text that is no count of them,
 * which must not become "no limit".
 */
export function parseBodyLimit(text: string): number | undefined {
  const bytes = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The limit that the setting asks for, in bytes; `undefined` where none was asked for, or nothing that is one. */
export function readBodyLimit(env: Environment, events: EventLog): number | undefined {
  const text = findSetting(env, bodyLimitSetting);
  if (text === undefined) return undefined;
  const limit = parseBodyLimit(text);
  if (limit === undefined) {
    const problem = `${bodyLimitSetting} must be a whole number of bytes; the default of ${defaultMaxBodyBytes} is taken`;
    events.write("SettingIgnored", problem, { setting: bodyLimitSetting });
  }
  return limit;
}

/** Whether a request names one host at most, and nothing but a host in that place; what does not is answered with 400. */
export function hasPlainHost({ headers, rawHeaders }: Pick<IncomingMessage, "headers" | "rawHeaders">): boolean {
  const sent = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  return sent.length <= 1 && !/[\s/?#@\\]/.test(headers.host ?? "");
}

/** The body of a request is larger than the host takes. */
export class BodyTooLarge extends Error {}

/**
 * The whole body, however it was framed.
 *
 * @throws BodyTooLarge as soon as the announced or counted length passes the limit; the rest is not read.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  assertBodyLimit(request, maxBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** @throws BodyTooLarge for a body that is announced as larger */
export function assertBodyLimit({ headers }: IncomingMessage, maxBytes: number): void {
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw new BodyTooLarge();
}

/** Lets a body through up to the limit, and fails with {@link BodyTooLarge} at what is over it. */
export function limitBody(maxBytes: number): Transform {
  let length = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.byteLength;
      if (length > maxBytes) done(new BodyTooLarge());
      else done(null, chunk);
    },
  });
}
