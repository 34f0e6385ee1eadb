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
  log(level: LogLevel, event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** A sink for tests and for hosts that want silence. */
export const silentLog: LogSink = { log() {} };
