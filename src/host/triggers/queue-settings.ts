import { DurableError } from "../../core/errors.ts";
import { parseTimeSpan } from "../../core/time-span.ts";
import { type JsonObject, memberOf, sectionOf } from "../settings/host-json.ts";

/** `extensions.queues` of host.json. Lengths of time are in milliseconds. */
export interface QueueSettings {
  /** Messages per request. */
  readonly batchSize: number;
  /** More are asked for when no more than so many are worked on. */
  readonly newBatchThreshold: number;
  /** Pauses between requests grow up to it while the queue is empty. */
  readonly maxPollingIntervalMs: number;
  /** How long a message stays hidden after its call has failed. */
  readonly visibilityTimeoutMs: number;
  /** A message that was received so often and has failed goes to the poison queue. */
  readonly maxDequeueCount: number;
  readonly messageEncoding: "base64" | "none";
}

export const queueSettingNames: readonly string[] = [
  "batchSize",
  "newBatchThreshold",
  "maxPollingInterval",
  "visibilityTimeout",
  "maxDequeueCount",
  "messageEncoding",
];

const path = "host.json: extensions.queues";

/**
 * The settings of host.json, with the defaults that the Functions host has on a machine of a developer.
 *
 * @throws DurableError `InvalidOption` with the path of a value that is none
 */
export function readQueueSettings(hostJson: JsonObject, machine: { readonly processorCount: number }): QueueSettings {
  const section = sectionOf(hostJson, "extensions", "queues");
  const batchSize = readInteger(section, "batchSize", 1, 32, 16);
  const threshold = Math.floor(batchSize / 2) * machine.processorCount;
  const encoding = String(memberOf(section, "messageEncoding") ?? "base64").toLowerCase();
  if (encoding !== "base64" && encoding !== "none") throw refusal("messageEncoding", "base64 or none", encoding);
  return {
    batchSize,
    newBatchThreshold: readInteger(section, "newBatchThreshold", 0, Number.MAX_SAFE_INTEGER, threshold),
    maxPollingIntervalMs: readTime(section, "maxPollingInterval", 100, 2_000),
    visibilityTimeoutMs: readTime(section, "visibilityTimeout", 0, 0),
    maxDequeueCount: readInteger(section, "maxDequeueCount", 1, Number.MAX_SAFE_INTEGER, 5),
    messageEncoding: encoding,
  };
}

function readInteger(section: JsonObject, name: string, least: number, most: number, fallback: number): number {
  const value = memberOf(section, name) ?? fallback;
  // Overrides from the environment are texts.
  const number = typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw refusal(name, `a whole number ${range}`, value);
}

/** A number is one of milliseconds, as the Functions host of old has it. */
function readTime(section: JsonObject, name: string, leastMs: number, fallbackMs: number): number {
  const value = memberOf(section, name) ?? fallbackMs;
  const ms = parseTimeSpan(value, `${path}.${name}`);
  const mostMs = 7 * 24 * 60 * 60_000;
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw refusal(name, `a length of time from ${leastMs} ms to 7 days`, value);
}

function refusal(name: string, wanted: string, value: unknown): DurableError {
  return new DurableError("InvalidOption", `${path}.${name} must be ${wanted}, but is ${JSON.stringify(value)}`);
}
