/** Kept by JSON as it is. */
type JsonLeaf = string | number | boolean | null | undefined;

/** Emptied by JSON, or refused: see `findJsonLoss`. */
type NotInJson =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | (abstract new (
      ...args: never[]
    ) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | PromiseLike<unknown>
  | RegExp
  | ArrayBufferLike
  | ArrayBufferView
  | AnyIterator;

/** What a generator function returns, and its like. */
export type AnyIterator = Iterator<unknown, unknown, never> | AsyncIterator<unknown, unknown, never>;

/**
 * What a value is after JSON has carried it: a `Date` is a text, a method is gone, a member that may be `undefined` may
 * be missing, `undefined` in a list is `null`, a `Map` cannot be. A type that JSON keeps is itself.
 *
 * @example JsonOf<{ at: Date; total: number }> // { at: string; total: number }
 */
export type JsonOf<T> = unknown extends T
  ? T
  : [T] extends [JsonForm<T, true>]
    ? [JsonForm<T, true>] extends [T]
      ? T
      : JsonForm<T, true>
    : JsonForm<T, true>;

/** @typeParam Omits whether a member that may be `undefined` is one that may be missing, as it is in truth */
// biome-ignore lint/suspicious/noConfusingVoidType: what a function without a result returns.
type JsonForm<T, Omits extends boolean> = T extends JsonLeaf | void
  ? T
  : unknown extends T
    ? T
    : T extends { toJSON(...args: never[]): infer Json }
      ? JsonForm<Json, Omits>
      : IsLost<T> extends true
        ? never
        : T extends readonly unknown[]
          ? JsonList<T, Omits>
          : T extends object
            ? JsonObject<T, Omits>
            : T;

/** Data may look like an `Error`: one is known by having all members of it. */
type IsLost<T> = T extends NotInJson
  ? true
  : T extends Error
    ? ["stack" | "cause"] extends [keyof T]
      ? true
      : false
    : false;

/**
 * A list is looked at no deeper than it is used: types of JSON values name themselves. What a list has beside its elements,
 * as that of a match of a regular expression, JSON leaves out.
 */
type JsonList<T extends readonly unknown[], Omits extends boolean> = T[number][] extends T
  ? T extends unknown[]
    ? JsonElement<T[number], Omits>[]
    : readonly JsonElement<T[number], Omits>[]
  : { [K in keyof T]: 0 } extends readonly (0 | undefined)[]
    ? T extends Required<T>
      ? { [K in keyof T]: JsonElement<T[K], Omits> }
      : { [K in keyof T]: JsonForm<T[K], Omits> }
    : JsonElement<T[number], Omits>[];

type JsonElement<T, Omits extends boolean> = unknown extends T
  ? T
  : undefined extends T
    ? JsonForm<Exclude<T, undefined>, Omits> | null
    : JsonForm<T, Omits>;

/** Most objects have no member that is required and may be `undefined`, and keep which ones are optional. */
type JsonObject<T extends object, Omits extends boolean> = Omits extends false
  ? { [K in keyof T as KeptKey<T, K>]: JsonForm<T[K], Omits> }
  : [LooseKeys<T>] extends [never]
    ? { [K in keyof T as KeptKey<T, K>]: JsonForm<T[K], Omits> }
    : Flat<
        { [K in keyof T as K extends LooseKeys<T> ? never : KeptKey<T, K>]: JsonForm<T[K], Omits> } & {
          [K in keyof T as K extends LooseKeys<T> ? KeptKey<T, K> : never]?: JsonForm<Exclude<T[K], undefined>, Omits>;
        }
      >;

/** Keys that must be there, with a value that may be `undefined`: JSON leaves those out. */
type LooseKeys<T> = {
  [K in keyof T]-?: undefined extends T[K]
    ? unknown extends T[K]
      ? never
      : Record<never, never> extends Pick<T, K>
        ? never
        : K
    : never;
}[keyof T];

/** Members with a symbol as their name, or with what has no JSON form, are left out. */
type KeptKey<T, K extends keyof T> = K extends symbol
  ? never
  : [Exclude<T[K], undefined>] extends [never]
    ? K
    : HasForm<Exclude<T[K], undefined>> extends true
      ? K
      : never;

/** Any of its kinds has a form; what has a `toJSON` is taken at its word. */
type HasForm<T> = true extends (
  unknown extends T
    ? true
    : T extends { toJSON(...args: never[]): unknown }
      ? true
      : IsLost<T> extends true
        ? false
        : true
)
  ? true
  : false;

type Flat<T> = { [K in keyof T]: T[K] };

declare const innerType: unique symbol;

/** Of a converter that keeps what another one keeps, which is `undefined` for plain JSON. */
export interface WrappingConverter<Inner> {
  /** @internal */
  readonly [innerType]: Inner;
}

/** Whether what is stored is what JSON makes of it. */
export type IsPlain<Converter> = [Converter] extends [undefined]
  ? true
  : [Converter] extends [WrappingConverter<infer Inner>]
    ? IsPlain<Inner>
    : false;

/** What comes back of a value: with a converter of the app what it went in as, else what JSON makes of it. */
export type StoredAs<Converter, T> = IsPlain<Converter> extends true ? JsonOf<T> : T;

/** JSON brings back what may stand for it; a member that may be `undefined` need not be optional for that. */
export type IsKept<T> = unknown extends T
  ? true
  : [T] extends [never]
    ? true
    : [JsonForm<T, false>] extends [never]
      ? false
      : [JsonForm<T, false>] extends [T]
        ? true
        : false;

declare const lost: unique symbol;

/** Stands for what JSON has no form for: a function, a `Map`, bytes. A converter may keep it. */
export interface NotInJsonForm {
  readonly [lost]: true;
}

/** What comes of an input. */
export type StoredOrNot<Input> = [JsonOf<Input>] extends [never] ? NotInJsonForm : JsonOf<Input>;

/** A function whose input is typed as JSON brings it. */
export interface WithStoredInput<Input> {
  // biome-ignore lint/style/useShorthandFunctionType: its name is what the compiler shows.
  (input: Input, ...rest: never[]): unknown;
}

/** Refuses code that takes its input as what it will not be: a `Date` where JSON brings a text. */
export type ReadsStored<Converter, Input> =
  IsPlain<Converter> extends true
    ? IsKept<Input> extends true
      ? unknown
      : WithStoredInput<StoredOrNot<Input>>
    : unknown;

/** {@link ReadsStored} for an input that comes after a context. */
export type ReadsStoredSecond<Converter, Input> =
  IsPlain<Converter> extends true
    ? IsKept<Input> extends true
      ? unknown
      : WithStoredSecondInput<StoredOrNot<Input>>
    : unknown;

/** A function whose second parameter is an input, typed as JSON brings it. */
export interface WithStoredSecondInput<Input> {
  // biome-ignore lint/style/useShorthandFunctionType: its name is what the compiler shows.
  (context: never, input: Input): unknown;
}

/** Refuses generator functions where they would be called and forgotten. */
export type GivesResult<Output> = 0 extends 1 & Output
  ? unknown
  : [Output] extends [never]
    ? unknown
    : [Output] extends [AnyIterator]
      ? WithoutYield
      : unknown;

/** A function that is no generator function: it waits with `await`. */
export interface WithoutYield {
  // biome-ignore lint/style/useShorthandFunctionType: its name is what the compiler shows.
  (...args: never[]): "a result, which a generator is not";
}
