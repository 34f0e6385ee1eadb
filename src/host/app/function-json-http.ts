import { bodyBytes, type HttpCookie, type HttpData, type NullableMapping, type TypedData } from "./typed-data.ts";

/** A request as functions with a function.json have it: `req`. */
export interface FunctionJsonHttpRequest {
  readonly method: string;
  readonly url: string;
  readonly originalUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  /** JSON as its value, other text as text, bytes as a `Buffer`. */
  readonly body: unknown;
  /** The body as text. */
  readonly rawBody: string | undefined;
  readonly bufferBody: Buffer | undefined;
  /** The header of that name, whatever its case. */
  get(name: string): string | undefined;
}

export function toFunctionJsonRequest(data: HttpData): FunctionJsonHttpRequest {
  const headers = plain(data.nullableHeaders);
  const bytes = data.body === undefined || data.body === null ? undefined : bodyBytes(data.body);
  const rawBody = bytes?.toString("utf8");
  const url = data.url ?? "";
  return {
    method: data.method ?? "GET",
    url,
    originalUrl: url,
    headers,
    query: plain(data.nullableQuery),
    params: plain(data.nullableParams),
    body: bytes === undefined ? undefined : readBody(bytes, rawBody!, headers["content-type"] ?? ""),
    rawBody,
    bufferBody: bytes,
    get: (name) => headers[String(name).toLowerCase()],
  };
}

function plain(mapping: NullableMapping | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(mapping ?? {}).map(([name, { value }]) => [name, value]));
}

function readBody(bytes: Buffer, text: string, contentType: string): unknown {
  if (/^(?:application\/octet-stream|multipart\/)/i.test(contentType)) return bytes;
  if (!/json/i.test(contentType)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The response that a function finds under `context.res`, and may replace by an object. */
export class FunctionJsonHttpResponse {
  statusCode: number | string | undefined;
  body: unknown;
  headers: Record<string, unknown> = {};
  cookies: HttpCookie[] = [];
  readonly #end: () => void;

  constructor(end: () => void) {
    this.#end = end;
  }

  /** Whether the function has said anything by it. */
  get isUsed(): boolean {
    const { statusCode, body, headers, cookies } = this;
    return statusCode !== undefined || body !== undefined || Object.keys(headers).length > 0 || cookies.length > 0;
  }

  /** A number of code that sets it, a function of code that calls it. */
  readonly status = (statusCode: number | string): this => {
    this.statusCode = statusCode;
    return this;
  };

  readonly setHeader = (name: string, value: unknown): this => {
    this.headers[name.toLowerCase()] = value;
    return this;
  };

  readonly header: (name: string, value: unknown) => this = this.setHeader;
  readonly set: (name: string, value: unknown) => this = this.setHeader;
  readonly get = (name: string): unknown => this.headers[name.toLowerCase()];
  readonly getHeader: (name: string) => unknown = this.get;
  readonly type = (contentType: string): this => this.setHeader("content-type", contentType);

  readonly removeHeader = (name: string): this => {
    delete this.headers[name.toLowerCase()];
    return this;
  };

  /** Answers, and ends a function that is not async. */
  readonly send = (body?: unknown): this => {
    if (body !== undefined) this.body = body;
    this.#end();
    return this;
  };

  readonly end: (body?: unknown) => this = this.send;
  readonly json = (body?: unknown): this => this.type("application/json").send(body);

  readonly sendStatus = (statusCode: number | string): this => {
    this.statusCode = statusCode;
    return this.send();
  };
}

const responseMembers = ["status", "statusCode", "body", "headers", "cookies", "isRaw"];

/** What goes to the host for what a function gave as its response; `undefined` for nothing. */
export function toHttpData(given: unknown): HttpData | undefined {
  if (given === undefined || given === null) return undefined;
  // Anything that does not look like a response is the body of one.
  const isResponse =
    typeof given === "object" && !Buffer.isBuffer(given) && responseMembers.some((member) => member in given);
  const { status, statusCode, body, headers, cookies } = (isResponse ? given : { body: given }) as {
    readonly [member in (typeof responseMembers)[number]]?: unknown;
  };
  const code = statusCode ?? (typeof status === "function" ? undefined : status) ?? 200;
  const named = Object.entries((headers ?? {}) as Readonly<Record<string, unknown>>);
  const texts = Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), String(value)]));
  const { data, contentType } = writeBody(body);
  return {
    statusCode: String(code),
    headers: { ...(contentType !== undefined && { "content-type": contentType }), ...texts },
    ...(Array.isArray(cookies) && { cookies: cookies.map(writeCookie) }),
    ...(data !== undefined && { body: data }),
  };
}

function writeBody(body: unknown): { readonly data?: TypedData; readonly contentType?: string } {
  if (body === undefined || body === null) return {};
  if (typeof body === "string") return { data: { string: body }, contentType: "text/plain; charset=utf-8" };
  if (body instanceof Uint8Array) return { data: { bytes: body }, contentType: "application/octet-stream" };
  return { data: { string: JSON.stringify(body) ?? "" }, contentType: "application/json; charset=utf-8" };
}

/** Plain values, as functions give them, in the form of the host. */
function writeCookie(given: unknown): HttpCookie {
  const cookie = given as Readonly<Record<string, unknown>>;
  const { name, value, domain, path, expires, secure, httpOnly, maxAge, sameSite } = cookie;
  const at = expires === undefined ? Number.NaN : new Date(expires as Date | string | number).getTime();
  const sites: Record<string, HttpCookie["sameSite"]> = { strict: "strict", lax: "lax", none: "explicitNone" };
  return {
    name: String(name),
    value: String(value),
    ...(typeof domain === "string" && { domain: { value: domain } }),
    ...(typeof path === "string" && { path: { value: path } }),
    ...(!Number.isNaN(at) && { expires: { value: { seconds: Math.trunc(at / 1000) } } }),
    ...(typeof secure === "boolean" && { secure: { value: secure } }),
    ...(typeof httpOnly === "boolean" && { httpOnly: { value: httpOnly } }),
    ...(typeof maxAge === "number" && { maxAge: { value: maxAge } }),
    sameSite: sites[String(sameSite).toLowerCase()] ?? "none",
  };
}
