/** Kept by JSON as it is. */
type JsonLeaf = string | number | boolean | null | undefined;

/** Emptied by JSON, or refused: see `findJsonLoss`. */
type NotInJson =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Error
  | ArrayBufferView;

/**
 * What a value is after JSON has carried it: a `Date` is a text, a method is gone, a `Map` cannot be. A type that JSON
 * keeps is itself.
 *
 * @example JsonOf<{ at: Date; total: number }> // { at: string; total: number }
 */
export type JsonOf<T> = unknown extends T
  ? T
  : [T] extends [JsonForm<T>]
    ? [JsonForm<T>] extends [T]
      ? T
      : JsonForm<T>
    : JsonForm<T>;

// biome-ignore lint/suspicious/noConfusingVoidType: what a function without a result returns.
type JsonForm<T> = T extends JsonLeaf | void
  ? T
  : unknown extends T
    ? T
    : T extends { toJSON(...args: never[]): infer Json }
      ? JsonForm<Json>
      : T extends NotInJson
        ? never
        : T extends readonly unknown[]
          ? { [K in keyof T]: JsonForm<T[K]> }
          : T extends object
            ? { [K in keyof T as T[K] extends NotInJson ? never : K]: JsonForm<T[K]> }
            : T;

declare const innerType: unique symbol;

/** Of a converter that keeps what another one keeps, which is `undefined` for plain JSON. */
export interface WrappingConverter<Inner> {
  readonly [innerType]: Inner;
}

/** What comes back of a value: with a converter of the app what it went in as, else what JSON makes of it. */
export type StoredAs<Converter, T> = [Converter] extends [undefined]
  ? JsonOf<T>
  : [Converter] extends [WrappingConverter<infer Inner>]
    ? StoredAs<Inner, T>
    : T;
