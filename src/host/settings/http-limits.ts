import type { EventLog } from "../../core/event-log.ts";
import { defaultMaxJsonDepth } from "../../http/json-scanner.ts";
import { findSetting } from "./app-settings.ts";
import type { UnusedSetting } from "./durable-task-section.ts";
import type { Environment } from "./host-json.ts";

/** What a request may have, and how long it may take to come. The same at every door. */
export interface HttpLimits {
  /** Of a body, in bytes. `undefined` where nothing is said: functions take 100 MiB then, and the management API 10. */
  readonly maxBodyBytes: number | undefined;
  /** Levels of nesting in a JSON body. */
  readonly maxJsonDepth: number;
  /** Of the request line and the headers together, in bytes. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to its last, and for the caller to take the whole answer. */
  readonly requestTimeoutMs: number;
  /** How long a connection without a request stays open. */
  readonly keepAliveTimeoutMs: number;
}

interface LimitSetting {
  /** Of the app setting. */
  readonly name: string;
  readonly unit: "bytes" | "levels" | "headers" | "seconds";
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** Largest request body the Functions host takes. */
export const defaultMaxBodyBytes = 104_857_600;
const day = 86_400;

/** The app settings, one for each limit. */
export const httpLimitSettings: { readonly [Limit in keyof HttpLimits]: LimitSetting } = {
  maxBodyBytes: {
    name: "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    unit: "bytes",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: defaultMaxBodyBytes,
  },
  maxJsonDepth: { name: "DURABLE_HTTP_JSON_DEPTH", unit: "levels", min: 1, max: 5000, default: defaultMaxJsonDepth },
  maxHeaderBytes: { name: "DURABLE_HTTP_HEADER_BYTES", unit: "bytes", min: 1024, max: 1_048_576, default: 15_360 },
  maxHeaders: { name: "DURABLE_HTTP_HEADERS", unit: "headers", min: 10, max: 10_000, default: 100 },
  headersTimeoutMs: { name: "DURABLE_HTTP_HEADERS_TIMEOUT", unit: "seconds", min: 1, max: day, default: 30 },
  requestTimeoutMs: { name: "DURABLE_HTTP_REQUEST_TIMEOUT", unit: "seconds", min: 1, max: day, default: 300 },
  keepAliveTimeoutMs: { name: "DURABLE_HTTP_KEEP_ALIVE_TIMEOUT", unit: "seconds", min: 1, max: day, default: 65 },
};

/** The limits of a server; settings that mean nothing are told. */
export function readLimits(env: Environment, events: EventLog): HttpLimits {
  const { limits, unused } = readHttpLimits(env);
  for (const { setting, text } of unused) events.write("SettingIgnored", text, { setting });
  return limits;
}

/**
 * Reads the limits of a server. A text that is no such number must not become "no limit": the default is taken, and told.
 *
 * @returns `unused` has what is to be said of settings that are wrong
 */
export function readHttpLimits(env: Environment): {
  readonly limits: HttpLimits;
  readonly unused: readonly UnusedSetting[];
} {
  const unused: UnusedSetting[] = [];
  const read = (limit: keyof HttpLimits): number | undefined => {
    const { name, unit, min, max, default: fallback } = httpLimitSettings[limit];
    const text = findSetting(env, name)?.trim();
    if (text === undefined) return undefined;
    const pattern = unit === "seconds" ? /^\d+(?:\.\d+)?$/ : /^\d+$/;
    const number = pattern.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return unit === "seconds" ? Math.ceil(number * 1000) : number;
    const range = max === Number.MAX_SAFE_INTEGER ? "" : ` from ${min} to ${max}`;
    const what = unit === "seconds" ? "a number" : "a whole number";
    unused.push({
      setting: name,
      text: `${name} must be ${what} of ${unit}${range}; the default of ${fallback} is taken`,
    });
    return undefined;
  };
  const defaultOf = (limit: keyof HttpLimits) => httpLimitSettings[limit].default;
  const ms = (limit: keyof HttpLimits) => read(limit) ?? defaultOf(limit) * 1000;
  const requestTimeoutMs = ms("requestTimeoutMs");
  const limits: HttpLimits = {
    maxBodyBytes: read("maxBodyBytes"),
    maxJsonDepth: read("maxJsonDepth") ?? defaultOf("maxJsonDepth"),
    maxHeaderBytes: read("maxHeaderBytes") ?? defaultOf("maxHeaderBytes"),
    maxHeaders: read("maxHeaders") ?? defaultOf("maxHeaders"),
    // Headers are part of the request.
    headersTimeoutMs: Math.min(ms("headersTimeoutMs"), requestTimeoutMs),
    requestTimeoutMs,
    keepAliveTimeoutMs: ms("keepAliveTimeoutMs"),
  };
  return { limits, unused };
}
