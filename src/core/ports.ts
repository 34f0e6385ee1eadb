/** Where time comes from. Everything above storage waits and reads the time through it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Where randomness comes from. */
export interface Random {
  /** A random GUID with dashes, lower case. */
  guid(): string;
  /** Uniform in [0, 1). */
  number(): number;
}

/** Receives what the engine has to say to its operator. Fields never hold payloads or secrets. */
export interface LogSink {
  /** Lines below this level are not handed over, and so cost nothing. @defaultValue `"trace"`: all are */
  readonly leastLevel?: LogLevel | undefined;
  /** Takes one line. Must not throw. */
  log(level: LogLevel, event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** How important a line is, least first. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Levels in order: the more important one has the higher rank. */
export const rankOfLevel: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };

/** Lines of user code, as the Functions host takes them. `log` writes at level `info`. */
export interface UserLogger {
  /** Writes a line at level `info`. */
  log(...args: readonly unknown[]): void;
  /** Writes a line at level `trace`. */
  trace(...args: readonly unknown[]): void;
  /** Writes a line at level `debug`. */
  debug(...args: readonly unknown[]): void;
  /** Writes a line at level `info`. */
  info(...args: readonly unknown[]): void;
  /** Writes a line at level `warn`. */
  warn(...args: readonly unknown[]): void;
  /** Writes a line at level `error`. */
  error(...args: readonly unknown[]): void;
}

/** A logger whose lines all go to `write`. */
export function createUserLogger(write: (level: LogLevel, args: readonly unknown[]) => void): UserLogger {
  const at =
    (level: LogLevel) =>
    (...args: readonly unknown[]) =>
      write(level, args);
  return {
    log: at("info"),
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

/** A sink for tests and for hosts that want silence. */
export const silentLog: LogSink = { log() {} };
