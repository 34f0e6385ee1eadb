/**
 * A value on its way between host and function, in the shape the Functions host protocol gives it. Exactly one member
 * is set. The library converts it to and from what handlers see.
 */
export interface TypedData {
  /** Read as JSON when it is JSON, else as the text itself. */
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly stream?: Uint8Array;
  readonly http?: HttpData;
  readonly int?: number;
  readonly double?: number;
}

export type NullableMapping = Readonly<Record<string, { readonly value: string }>>;

/** An HTTP request, or the response to one. */
export interface HttpData {
  readonly method?: string;
  /** Absolute. */
  readonly url?: string;
  readonly nullableHeaders?: NullableMapping;
  readonly nullableQuery?: NullableMapping;
  readonly nullableParams?: NullableMapping;
  readonly headers?: Readonly<Record<string, string>>;
  readonly statusCode?: string;
  readonly cookies?: readonly HttpCookie[];
  readonly body?: TypedData | null;
  readonly enableContentNegotiation?: boolean;
}

export interface HttpCookie {
  readonly name?: string;
  readonly value?: string;
  readonly domain?: Nullable<string>;
  readonly path?: Nullable<string>;
  readonly expires?: Nullable<{ readonly seconds?: number | string }>;
  readonly secure?: Nullable<boolean>;
  readonly httpOnly?: Nullable<boolean>;
  readonly maxAge?: Nullable<number>;
  /** `none` leaves the attribute out; `explicitNone` writes `SameSite=None`. */
  readonly sameSite?: "none" | "lax" | "strict" | "explicitNone";
}

type Nullable<T> = { readonly value?: T } | null | undefined;

/** The bytes of a response body. */
export function bodyBytes(data: TypedData | null | undefined): Buffer {
  if (data === null || data === undefined) return Buffer.alloc(0);
  const bytes = data.bytes ?? data.stream;
  if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = data.string ?? data.json ?? data.int ?? data.double;
  return Buffer.from(text === undefined ? "" : String(text));
}

/** A value that a function has given to an output; `undefined` for none. */
export function toTypedData(value: unknown): TypedData | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return { string: value };
  if (value instanceof Uint8Array) return { bytes: value };
  if (typeof value === "number" && Number.isFinite(value)) {
    return Number.isInteger(value) ? { int: value } : { double: value };
  }
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? undefined : { json };
}
