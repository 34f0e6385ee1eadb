import { createHash } from "node:crypto";
import { DurableError } from "../core/errors.ts";
import type { InstanceConditions, InstanceQuery, OrchestrationState } from "../core/orchestration-state.ts";

// What the pages of all stores have in common: how much is in one, and where the next one begins.

export const defaultPageSize = 100;
const defaultPageBytes = 8 * 1024 * 1024;
/** Of what lies apart from its instance, each read is a request. */
const maxPageReads = 100;
/** A token travels in a header. */
const maxTokenLength = 8 * 1024;

/** Counts the texts of a page, and the reads that it takes; it ends before there would be too many. */
export class PageBudget {
  readonly #maxBytes: number;
  #leftBytes: number;
  #count = 0;
  #reads = 0;

  constructor(maxPageBytes: number = defaultPageBytes) {
    this.#maxBytes = maxPageBytes;
    this.#leftBytes = maxPageBytes;
  }

  /** How many more instances fit into the page, if they are like those in it; 0 before the first. */
  get room(): number {
    if (this.#count === 0) return 0;
    const average = Math.max(1, (this.#maxBytes - this.#leftBytes) / this.#count);
    return Math.max(0, Math.floor(this.#leftBytes / average));
  }

  /** `true` when so many texts that lie apart may be read for the page, which those of the first one always may. */
  mayRead(count: number): boolean {
    if (count > 0 && this.#reads > 0 && this.#reads + count > maxPageReads) return false;
    this.#reads += count;
    return true;
  }

  /** `true` when the instance belongs into the page, which the first one always does. */
  take({ input, output, customStatus }: OrchestrationState): boolean {
    this.#leftBytes -= bytesOf(input) + bytesOf(output) + bytesOf(customStatus);
    const fits = this.#count === 0 || this.#leftBytes >= 0;
    this.#count++;
    return fits;
  }
}

function bytesOf(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text, "utf8");
}

/** Where a page begins. */
export interface PagePlace {
  /** Behind the instance that is kept under this key. */
  readonly after?: string | undefined;
  /** What the storage says when it has found nothing so far. */
  readonly next?: string | undefined;
}

/** What a token holds to, besides its hub. */
export interface PagedConditions extends InstanceConditions, Pick<InstanceQuery, "timesMove"> {
  /** What is listed. @defaultValue instances */
  readonly list?: "ids";
}

/**
 * The token of a page as clients get it: safe in a URL or a header, and good for this hub and these conditions only.
 *
 * @param conditions of the query. @defaultValue none
 */
export function formatPageToken(taskHub: string, { after, next }: PagePlace, conditions: PagedConditions = {}): string {
  const check = checkOf(taskHub, { after, next }, conditions);
  return Buffer.from(JSON.stringify({ hub: markOf(taskHub), check, after, next }), "utf8").toString("base64url");
}

/**
 * Undoes {@link formatPageToken}. The check has no key: whoever makes a token up by the rules says at most where to begin,
 * in a list that is open to him.
 *
 * @throws DurableError `InvalidOption` for what no query of this hub, with these conditions, has returned
 */
export function parsePageToken(
  taskHub: string,
  token: string | undefined,
  conditions: PagedConditions = {},
): PagePlace {
  if (token === undefined || token === "") return {};
  const content = token.length <= maxTokenLength ? readJson(token) : undefined;
  if (typeof content === "object" && content !== null && !Array.isArray(content)) {
    const { hub, check, after, next, ...others } = content as Readonly<Record<string, unknown>>;
    const isPlace = isKey(after) && isKey(next) && (after ?? next) !== undefined && Object.keys(others).length === 0;
    if (isPlace && hub === markOf(taskHub)) {
      const place: PagePlace = { after: after as string, next: next as string };
      if (check === checkOf(taskHub, place, conditions)) return place;
      throw foreignToken("is of a query with other conditions, or was changed");
    }
    if (isPlace && typeof hub === "string") throw foreignToken("is of another task hub");
  }
  throw foreignToken("is not one that a query has returned");
}

/** What is said of a token that leads nowhere. */
export function foreignToken(problem: string): DurableError {
  return new DurableError("InvalidOption", `'continuationToken' ${problem}`);
}

/** Ties a token to what was asked; conditions that mean the same are the same. */
function checkOf(taskHub: string, { after, next }: PagePlace, conditions: PagedConditions): string {
  const { list, runtimeStatus = [], instanceIdPrefix = "", name, tags = {}, includeEntities = false } = conditions;
  const { createdTimeFrom, createdTimeTo, lastUpdatedTimeFrom, lastUpdatedTimeTo } = conditions;
  const times = [createdTimeFrom, createdTimeTo, lastUpdatedTimeFrom, lastUpdatedTimeTo].concat([
    conditions.completedTimeFrom,
    conditions.completedTimeTo,
  ]);
  const asked = [
    list ?? null,
    [...new Set(runtimeStatus)].sort(),
    instanceIdPrefix,
    name ?? null,
    Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)),
    includeEntities,
    conditions.timesMove === true ? "they move" : times.map((time) => time?.getTime() ?? null),
  ];
  const text = JSON.stringify([taskHub.toLowerCase(), after ?? null, next ?? null, asked]);
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function readJson(token: string): unknown {
  if (!/^[\w-]+$/.test(token)) return undefined;
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function isKey(key: unknown): boolean {
  return key === undefined || (typeof key === "string" && key.isWellFormed());
}

/** Names of hubs ignore case. */
function markOf(taskHub: string): string {
  return createHash("sha256").update(taskHub.toLowerCase()).digest("hex").slice(0, 12);
}
