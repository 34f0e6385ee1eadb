/** What user code has read that another run cannot repeat, and where. */
export interface UnrepeatableRead {
  /** As it is written: `Date.now()`. */
  readonly source: string;
  /** File, line and column, with the function, of the code that read it; `undefined` when that cannot be told. */
  readonly place: string | undefined;
}

/** How the world is altered in one replay. */
export interface Alteration {
  /** How far back clocks are set, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Turns a random number into another, from 0 up to 1. */
  readonly alterRandom: (random: number) => number;
}

/**
 * Two, so that of each branch on a random number one of them takes the other side, and of each on a date too, be it by
 * day of the week, hour or year. Clocks go back, never ahead: what code keeps until some time must not have run out.
 */
export const alterations: readonly [Alteration, Alteration] = [
  { clockOffsetMs: offset(401, 11, 31, 47_123), alterRandom: (random) => random * 0.001 },
  { clockOffsetMs: offset(768, 5, 19, 13_457), alterRandom: (random) => 0.999 + random * 0.000999 },
];

/** Code that tries numbers until one fits must not try for ever: after so many, random numbers are as they are. */
const maxAltered = 16;
/** Nor must code wait for ever that loops until some time has come: after so many reads, clocks are as they are. */
const maxAlteredTimes = 1000;
/** Of each source, so many reads are noted: the first need not be the one that matters. */
const maxReads = 3;

/** Milliseconds, of a clock that no alteration reaches. */
export const unalteredNow: () => number = performance.now.bind(performance);

const consoleMethods = ["debug", "dir", "error", "info", "log", "table", "trace", "warn"];

/**
 * Runs a replay with other clocks and other random numbers than there are, which makes it certain that code is found out
 * that goes by them; else it would be luck, within the millisecond that a replay takes. Notes what is read. The console
 * is silent: a line by which code shows what it does comes once.
 *
 * G1. Nothing but the replay runs meanwhile: it begins in a turn of the event loop of its own, and waits for nothing but
 *     microtasks and ticks, between which Node lets nothing in.
 * G2. Whatever happens, everything is as it was before when it is over.
 *
 * @param reads is added to
 * @param run waits for nothing of the outside
 */
export async function runAltered<T>(
  alteration: Alteration | undefined,
  reads: UnrepeatableRead[],
  run: () => Promise<T>,
): Promise<T> {
  await new Promise((resolve) => setImmediate(resolve)); // G1
  const restore = alter(alteration, reads);
  try {
    return await run();
  } finally {
    restore(); // G2
  }
}

/** A function that stands in the place of a global one, or catches the calls of a class. */
type Reader = (...args: never) => unknown;

/** Without an alteration, reads are noted only. */
function alter(alteration: Alteration | undefined, reads: UnrepeatableRead[]): () => void {
  const undo: (() => void)[] = [];
  const replace = (owner: object, key: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, key);
    // What is frozen, or not there, stays as it is.
    if (before === undefined || !Reflect.defineProperty(owner, key, { ...before, value })) return;
    undo.push(() => void Reflect.defineProperty(owner, key, before));
  };
  const note = (source: string, reader: Reader): void => {
    const known = reads.filter((read) => read.source === source);
    if (known.length < maxReads) reads.push(new Read(source, reader));
  };
  const watch = (owner: object, key: string, source: string, change: (value: unknown) => unknown = same): void => {
    const original: unknown = Reflect.get(owner, key);
    if (typeof original !== "function") return;
    const watched = function (this: unknown, ...args: unknown[]): unknown {
      note(source, watched);
      return change(Reflect.apply(original, this, args));
    };
    replace(owner, key, watched);
  };

  const { clockOffsetMs = 0, alterRandom } = alteration ?? {};
  let randoms = 0;
  watch(Math, "random", "Math.random()", (value) => {
    return alterRandom !== undefined && ++randoms <= maxAltered ? alterRandom(value as number) : value;
  });
  watchDate(clockOffsetMs, note, replace);
  watch(prototypeOf(globalThis.performance), "now", "performance.now()");
  for (const key of ["randomUUID", "getRandomValues"]) {
    watch(prototypeOf(globalThis.crypto), key, `crypto.${key}()`);
  }
  for (const key of consoleMethods) replace(globalThis.console, key, () => {});
  return () => {
    for (const each of undo.reverse()) each();
  };
}

function watchDate(
  offsetMs: number,
  note: (source: string, reader: Reader) => void,
  replace: (owner: object, key: string, value: unknown) => void,
): void {
  const RealDate = globalThis.Date;
  const realNow = RealDate.now;
  let times = 0;
  const now = (): number => Reflect.apply(realNow, RealDate, []) - (++times <= maxAlteredTimes ? offsetMs : 0);
  const watchedNow = (): number => {
    note("Date.now()", watchedNow);
    return now();
  };
  const construct = (target: DateConstructor, args: unknown[], newTarget: Reader): object => {
    if (args.length > 0) return Reflect.construct(target, args, newTarget) as object;
    note("new Date()", construct);
    return Reflect.construct(target, [now()], newTarget) as object;
  };
  const apply = (): string => {
    note("Date()", apply);
    return String(new RealDate(now()));
  };
  const OtherDate = new Proxy(RealDate, { construct, apply } as ProxyHandler<DateConstructor>);
  replace(RealDate, "now", watchedNow);
  replace(globalThis, "Date", OtherDate);
  // Whoever compares the constructor of a date with the class finds them equal.
  replace(RealDate.prototype, "constructor", OtherDate);
}

class Read implements UnrepeatableRead {
  readonly source: string;
  readonly #holder: { readonly stack?: string } = {};

  constructor(source: string, reader: Reader) {
    this.source = source;
    Error.captureStackTrace(this.#holder, reader);
  }

  /** The nearest line of the app's own code; of a package only if there is no other. */
  get place(): string | undefined {
    // The text is made when it is first read, which takes long.
    const frames = String(this.#holder.stack).matchAll(/^\s+at (.+)$/gm);
    const own = [...frames].map(([, frame]) => frame!).filter((frame) => !/(?:^|\()node:/.test(frame));
    return own.find((frame) => !frame.includes("node_modules")) ?? own[0];
  }
}

function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) as object;
}

const same = (value: unknown): unknown => value;

function offset(days: number, hours: number, minutes: number, milliseconds: number): number {
  return ((days * 24 + hours) * 60 + minutes) * 60_000 + milliseconds;
}
