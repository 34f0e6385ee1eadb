import { DurableError, messageOf } from "../../core/errors.ts";
import type { FunctionRegistration, TriggerBinding } from "../app/function-metadata.ts";
import { resolveSettingReferences } from "../settings/app-settings.ts";
import type { Environment } from "../settings/host-json.ts";
import type { TimeZone } from "./schedule/time-zone.ts";
import { isSubMinute, parseSchedule, type TimerSchedule } from "./schedule/timer-schedule.ts";

/** A trigger that the local host serves itself, with what its binding says. */
export type LocalTrigger = TimerTrigger | QueueTrigger;

export interface TimerTrigger {
  readonly kind: "timer";
  /** As it is written, with its settings. */
  readonly text: string;
  readonly schedule: TimerSchedule;
  readonly runOnStartup: boolean;
  /** Keeps the status of the schedule, so that a time that was missed is made up for. */
  readonly useMonitor: boolean;
}

export interface QueueTrigger {
  readonly kind: "queue";
  readonly queueName: string;
  /** Of the setting with the account. */
  readonly connectionName: string;
}

/** The account of functions that name none. */
export const defaultConnectionName = "AzureWebJobsStorage";

/** Whether a name is that of the default account, in one of its forms. */
export function isDefaultConnection(connectionName: string): boolean {
  return /^(?:AzureWebJobs)?Storage$/i.test(connectionName);
}

const queueNameRule = "3 to 63 lower-case letters, digits and single hyphens between them";

/**
 * Reads the trigger of a function, if it is one that the local host serves.
 *
 * @param now to tell schedules that fire within a minute, in milliseconds since the epoch
 * @throws DurableError `InvalidOption` that says what to write instead
 */
export function readLocalTrigger(
  { binding }: TriggerBinding,
  env: Environment,
  zone: TimeZone,
  now: number,
): LocalTrigger | undefined {
  const type = binding.type.toLowerCase();
  if (type === "timertrigger") return readTimer(binding, env, zone, now);
  if (type !== "queuetrigger") return undefined;
  return { kind: "queue", ...readQueue(binding, env) };
}

/** What the binding of a trigger or an output says of a queue. @throws DurableError `InvalidOption` */
export function readQueue(
  binding: FunctionRegistration["bindings"][string],
  env: Environment,
): Pick<QueueTrigger, "queueName" | "connectionName"> {
  const queueName = resolveSettingReferences(textOf(binding, "queueName"), env, "'queueName'");
  if (!/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/.test(queueName)) {
    throw new DurableError("InvalidOption", `'queueName' must be ${queueNameRule}, but is '${queueName}'`);
  }
  const given = binding["connection"];
  return { queueName, connectionName: typeof given === "string" && given !== "" ? given : defaultConnectionName };
}

function readTimer(
  binding: FunctionRegistration["bindings"][string],
  env: Environment,
  zone: TimeZone,
  now: number,
): TimerTrigger {
  const text = resolveSettingReferences(textOf(binding, "schedule"), env, "'schedule'").trim();
  const schedule = parseSchedule(text, zone);
  return {
    kind: "timer",
    text,
    schedule,
    runOnStartup: flagOf(binding, "runOnStartup", false),
    useMonitor: flagOf(binding, "useMonitor", true) && !isSubMinute(schedule, now),
  };
}

function textOf(binding: FunctionRegistration["bindings"][string], option: string): string {
  const value = binding[option];
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new DurableError("InvalidOption", `its trigger needs the text '${option}', but has ${messageOf(value)}`);
}

function flagOf(binding: FunctionRegistration["bindings"][string], option: string, fallback: boolean): boolean {
  const text = String(binding[option] ?? fallback).toLowerCase();
  if (text === "true" || text === "false") return text === "true";
  throw new DurableError("InvalidOption", `'${option}' of its trigger must be true or false, but is '${text}'`);
}
