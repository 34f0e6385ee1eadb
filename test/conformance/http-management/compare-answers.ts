import type { RecordedAnswer } from "./recorded-exchange.ts";

/**
 * Where two answers differ: `status 200 → 400`, `header retry-after`, `body`, `.historyEvents.0.Input`, `.output: order`;
 * in lists `."id".output`, `."id": missing`, `."id": extra` and `body: order`.
 */
export interface Difference {
  readonly place: string;
  /** JSON, or `absent`. */
  readonly genuine: string;
  readonly ours: string;
}

/** The server's business, or harmless and ours. */
export const ignoredHeaders: ReadonlySet<string> = new Set([
  "content-length",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "cache-control",
  "content-security-policy",
  "cross-origin-resource-policy",
  "referrer-policy",
  "x-content-type-options",
]);

/** Both are compared by what they mean: dates, generated ids and keys by their shape. */
export function compareAnswers(genuine: RecordedAnswer, ours: RecordedAnswer): readonly Difference[] {
  const found: Difference[] = [];
  const differ = (place: string, a: unknown, b: unknown) =>
    found.push({ place, genuine: JSON.stringify(a) ?? "absent", ours: JSON.stringify(b) ?? "absent" });
  if (genuine.status !== ours.status) {
    // What they say then has little in common.
    differ(`status ${genuine.status} → ${ours.status}`, genuine.body, ours.body);
    return found;
  }
  const [theirs, own] = [lowerCased(genuine.headers), lowerCased(ours.headers)];
  for (const name of new Set([...theirs.keys(), ...own.keys()])) {
    if (!ignoredHeaders.has(name) && theirs.get(name) !== own.get(name))
      differ(`header ${name}`, theirs.get(name), own.get(name));
  }
  const [a, b] = [readJson(genuine.body), readJson(ours.body)];
  if (a === undefined || b === undefined) {
    if (shapeOf(genuine.body) !== shapeOf(ours.body)) differ("body", genuine.body, ours.body);
  } else if (Array.isArray(a) && Array.isArray(b)) {
    compareLists(a, b, !theirs.has(tokenHeader) && !own.has(tokenHeader), differ);
  } else compareValues(shapeOf(a), shapeOf(b), "", differ);
  return found;
}

/**
 * Lists of two hubs, by ids. Generated ids differ, and some were given to other instances.
 *
 * @param isWhole of a part it is chance what is in it: generated ids stand in front of others, or behind
 */
function compareLists(a: readonly unknown[], b: readonly unknown[], isWhole: boolean, differ: Differ): void {
  const [theirs, own] = [byId(a), byId(b)];
  for (const [id, item] of theirs) {
    if (own.has(id)) compareValues(shapeOf(item), shapeOf(own.get(id)), `.${id}`, differ);
    else if (isWhole) differ(`.${id}: missing`, item, undefined);
  }
  for (const [id, item] of own) if (isWhole && !theirs.has(id)) differ(`.${id}: extra`, undefined, item);
  const common = (ids: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>) =>
    [...ids.keys()].filter((id) => others.has(id)).join();
  if (common(theirs, own) !== common(own, theirs)) differ("body: order", [...theirs.keys()], [...own.keys()]);
}

function byId(items: readonly unknown[]): ReadonlyMap<string, unknown> {
  const entries = items.map((item, index) => {
    const id = isObject(item) ? (item["instanceId"] ?? item["entityId"]) : undefined;
    // What has no id is known by its place.
    return [JSON.stringify(shapeOf(id ?? index)), item] as const;
  });
  return new Map(entries.filter(([id]) => !id.includes("{id}")));
}

type Differ = (place: string, genuine: unknown, ours: unknown) => void;

function compareValues(a: unknown, b: unknown, place: string, differ: Differ): void {
  if (JSON.stringify(a) === JSON.stringify(b)) return;
  // Once in a thousand it is a whole second, which both write without a fraction.
  if (place.endsWith(".lastOperationTime") && b === "a time in seconds") return;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
    return differ(place === "" ? "body" : place, a, b);
  }
  const [namesOfA, namesOfB] = [Object.keys(a), Object.keys(b)];
  for (const name of new Set([...namesOfA, ...namesOfB])) compareValues(a[name], b[name], `${place}.${name}`, differ);
  const common = (names: readonly string[], others: object) => names.filter((name) => name in others).join();
  if (common(namesOfA, b) !== common(namesOfB, a)) differ(`${place || "body"}: order`, namesOfA, namesOfB);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): ReadonlyMap<string, unknown> {
  return new Map(
    Object.entries(headers).map(([name, value]) => {
      const key = name.toLowerCase();
      return [key, key === tokenHeader ? "a token" : shapeOf(value)];
    }),
  );
}

/** Tokens are opaque, and each service has its own. */
const tokenHeader = "x-ms-continuation-token";

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shapeOf(item)]));
  if (typeof value !== "string") return value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return "a time in seconds";
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/.test(value)) return "a time";
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$/.test(value)) return "a time with an offset";
  return value
    .replace(/&code=\w+|(?<=\?)code=\w+&/g, "")
    .replace(/\?code=\w+$/, "")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9a-f]+)?/g, "{id}")
    .replace(/[0-9a-f]{32}(:[0-9a-f]+)?/g, "{id}");
}
