import { type OrchestrationRuntimeStatus, orchestrationStatuses } from "../core/orchestration-status.ts";
import { RequestRefused } from "./answers.ts";

const statusByName = new Map(orchestrationStatuses.map((status) => [status.toLowerCase(), status]));
const dateTime = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+ -]\d{2}:\d{2})?)?$/i;

/**
 * The query of a request; names are matched ignoring case. A value that cannot be understood is refused by name. The
 * genuine extension ignores it, and then a purge with a mistyped date deletes more than was asked for.
 */
export class QueryParameters {
  readonly #values = new Map<string, string[]>();

  constructor(query: URLSearchParams) {
    for (const [name, value] of query) {
      const key = name.toLowerCase();
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, [value]);
      else values.push(value);
    }
  }

  /** The first value; `undefined` when absent or empty. */
  text(name: string): string | undefined {
    const value = this.#values.get(name.toLowerCase())?.[0];
    return value === "" ? undefined : value;
  }

  /** `true` and `false` in any case; anything else counts as absent. */
  flag(name: string, absent: boolean): boolean {
    const value = this.text(name)?.toLowerCase();
    return value === "true" || (value !== "false" && absent);
  }

  /** An ISO 8601 date or time; without an offset it is UTC. */
  date(name: string): Date | undefined {
    const value = this.text(name)?.trim();
    if (value === undefined) return undefined;
    const parts = dateTime.exec(value);
    // A '+' that was not percent-encoded arrives as a space.
    const zone = (parts?.[3] ?? "Z").replace(" ", "+").toUpperCase();
    const date = new Date(parts === null ? Number.NaN : `${parts[1]}T${parts[2] ?? "00:00"}${zone}`);
    if (Number.isNaN(date.getTime())) {
      throw new RequestRefused(400, `'${name}' must be a time such as 2024-05-01T10:00:00Z`);
    }
    return date;
  }

  integer(name: string, limits: { readonly min: number; readonly max: number; readonly absent: number }): number {
    const value = this.text(name);
    if (value === undefined) return limits.absent;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= limits.min)) throw new RequestRefused(400, `'${name}' must be an integer from ${limits.min} on`);
    return Math.min(number, limits.max);
  }

  /** A count of seconds, decimals allowed, in milliseconds. */
  secondsAsMs(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(value)) throw new RequestRefused(400, `'${name}' must be a number of seconds`);
    return Number(value) * 1000;
  }

  /** A comma list, repeated parameters, or both. `undefined` when there is none. */
  statuses(name: string): readonly OrchestrationRuntimeStatus[] | undefined {
    const names = (this.#values.get(name.toLowerCase()) ?? []).flatMap((value) => value.split(","));
    const statuses = new Set<OrchestrationRuntimeStatus>();
    for (const text of names.map((part) => part.trim()).filter((part) => part !== "")) {
      const status = statusByName.get(text.toLowerCase());
      if (status === undefined) {
        throw new RequestRefused(400, `'${name}' may list ${orchestrationStatuses.join(", ")}`);
      }
      statuses.add(status);
    }
    return statuses.size === 0 ? undefined : [...statuses];
  }
}
