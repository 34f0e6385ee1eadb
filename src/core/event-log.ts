import { type LogEventName, logEvents } from "./log-events.ts";
import type { LogFieldName, logFields } from "./log-fields.ts";
import { type LogSink, rankOfLevel, silentLog } from "./ports.ts";
import { redactSecrets } from "./redact-secrets.ts";

type FieldValue<Name extends LogFieldName> = (typeof logFields)[Name]["type"] extends "number" ? number : string;

type OptionalFieldOf<Event> = Event extends { readonly optionalFields: readonly (infer Name)[] } ? Name : never;

/** The fields of one event, as the catalogue has them. */
export type LogEventFields<Name extends LogEventName> = {
  readonly [Field in (typeof logEvents)[Name]["fields"][number]]: FieldValue<Field>;
} & {
  readonly [Field in OptionalFieldOf<(typeof logEvents)[Name]> & LogFieldName]?: FieldValue<Field> | undefined;
};

/** Fields that all lines of one writer share. */
export type CommonLogFields = Partial<Readonly<Record<"taskHub" | "workerId", string>>>;

/** Writes events of the catalogue: name and fields are checked, the level is the catalogue's. */
export interface EventLog {
  /** @param text one line for people; no payloads. What it quotes of users is shown without the secrets in it. */
  write<Name extends LogEventName>(name: Name, text: string, fields: LogEventFields<Name>): void;
}

/**
 * The only way to log an event, and the one place where its texts lose their secrets.
 *
 * @example
 * const events = createEventLog(sink, { taskHub });
 * events.write("OrchestrationLockLost", "another worker has taken it over", { instanceId });
 */
export function createEventLog(sink: LogSink, common: CommonLogFields = {}): EventLog {
  if (sink === silentLog) return { write() {} };
  const shared = presentFields({}, common);
  const least = rankOfLevel[sink.leastLevel ?? "trace"];
  return {
    write(name, text, fields) {
      const { level } = logEvents[name];
      if (rankOfLevel[level] < least) return;
      const present = presentFields({ ...shared }, fields);
      sink.log(level, name, redactSecrets(text), present);
    },
  };
}

function presentFields(present: Record<string, unknown>, fields: object): Record<string, unknown> {
  for (const field in fields) {
    const value: unknown = fields[field as keyof typeof fields];
    if (value !== undefined) present[field] = typeof value === "string" ? redactSecrets(value) : value;
  }
  return present;
}
