import { RequestRefused } from "./answers.ts";
import { JsonScanner } from "./json-scanner.ts";

/** What a body may have. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Levels of nesting in JSON. */
  readonly maxJsonDepth: number;
}

/** `true` for `application/json` and `application/*+json`, whatever their parameters. */
export function isJsonMediaType(contentType: string | null): boolean {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  return mediaType === "application/json" || /^application\/[^\s/]+\+json$/.test(mediaType);
}

/**
 * The body as JSON text, checked but not rewritten; `undefined` for an empty one.
 *
 * @param otherMediaType the refusal for a body that does not say it is JSON. Such requests are what a foreign page can
 * send without asking, so they are never read as JSON.
 * @param undeclared whether a body that says nothing about its type is read as JSON. A page can send that too, but not
 * without its origin, which is looked at before.
 * @throws RequestRefused 413 beyond the limit, 400 when it is not JSON in UTF-8 or nested too deep
 */
export async function readJsonBody(
  request: Request,
  limits: BodyLimits,
  otherMediaType: RequestRefused,
  undeclared: "read" | "refused" = "refused",
): Promise<string | undefined> {
  const mediaType = request.headers.get("content-type");
  const isTaken = isJsonMediaType(mediaType) || (mediaType === null && undeclared === "read");
  const scanner = new JsonScanner(limits.maxJsonDepth);
  const bytes = await readBytes(request, limits, isTaken ? scanner : undefined);
  if (bytes.length === 0) return undefined;
  if (!isTaken) throw otherMediaType;
  return readJson(bytes, scanner, "Invalid JSON content");
}

/**
 * The body as JSON text: what says that it is JSON is checked but not rewritten, anything else is a text. `undefined`
 * for an empty one.
 *
 * @throws RequestRefused 413 beyond the limit, 400 when it is not JSON in UTF-8 where it should be, or nested too deep
 */
export async function readValueBody(request: Request, limits: BodyLimits): Promise<string | undefined> {
  const isDeclared = isJsonMediaType(request.headers.get("content-type"));
  const scanner = new JsonScanner(limits.maxJsonDepth);
  const bytes = await readBytes(request, limits, isDeclared ? scanner : undefined);
  if (bytes.length === 0) return undefined;
  if (!isDeclared) return JSON.stringify(new TextDecoder().decode(bytes));
  return readJson(bytes, scanner, "Could not parse JSON content: it is not JSON in UTF-8");
}

function readJson(bytes: Uint8Array, scanner: JsonScanner, refusal: string): string {
  if (!scanner.isWhole) throw new RequestRefused(400, refusal);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
  } catch {
    throw new RequestRefused(400, refusal);
  }
}

/** @throws RequestRefused 413 as soon as the announced or received length exceeds the limit, 400 when it breaks off */
async function readBytes(
  request: Request,
  { maxBodyBytes: maxBytes, maxJsonDepth }: BodyLimits,
  scanner: JsonScanner | undefined,
): Promise<Uint8Array> {
  assertBodyLength(request, maxBytes);
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength;
      if (length > maxBytes) throw bodyTooLarge(maxBytes);
      scanner?.take(chunk);
      if (scanner?.isTooDeep) throw bodyTooDeep(maxJsonDepth);
      chunks.push(chunk);
    }
  } catch (error) {
    // Its sender has gone, most likely: no trouble of ours.
    throw error instanceof RequestRefused ? error : new RequestRefused(400, "The request body broke off");
  }
  return Buffer.concat(chunks, length);
}

/** @throws RequestRefused 413 */
export function assertBodyLength(request: Request, maxBytes: number): void {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
}

/** The one setting that every host of this API has. */
const limitSetting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";

export function bodyTooLarge(maxBytes: number): RequestRefused {
  const cure = `the setting ${limitSetting} takes another limit, in bytes`;
  return new RequestRefused(413, `The request body may have at most ${maxBytes} bytes; ${cure}`);
}

export function bodyTooDeep(maxDepth: number): RequestRefused {
  return new RequestRefused(400, `The JSON of the request body may be nested at most ${maxDepth} levels deep`);
}
