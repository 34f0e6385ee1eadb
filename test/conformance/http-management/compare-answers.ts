import type { RecordedAnswer } from "./recorded-exchange.ts";

/** Where two answers differ: `status`, `header retry-after`, `body`, `.historyEvents.0.Input`, `.output: order`. */
export interface Difference {
  readonly place: string;
  readonly genuine: string;
  readonly ours: string;
}

/** The server's business, or harmless and ours. */
const ignoredHeaders = new Set([
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
    differ("status", `${genuine.status} ${genuine.body}`.trim(), `${ours.status} ${ours.body}`.trim());
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
  } else if (Array.isArray(a) && Array.isArray(b)) compareLists(a, b, differ);
  else compareValues(shapeOf(a), shapeOf(b), "", differ);
  return found;
}

/** Lists of two hubs: what is in both, by its id. Generated ids differ, and some were given to other instances. */
function compareLists(a: readonly unknown[], b: readonly unknown[], differ: Differ): void {
  const idOf = (item: unknown) => {
    const id = isObject(item) ? (item["instanceId"] ?? item["entityId"]) : undefined;
    return id === undefined ? undefined : JSON.stringify(shapeOf(id));
  };
  const own = new Map(b.map((item) => [idOf(item), item]));
  for (const item of a) {
    const id = idOf(item);
    const isGenerated = id === undefined || id.includes("{id}");
    if (!isGenerated && own.has(id)) compareValues(shapeOf(item), shapeOf(own.get(id)), `.${id}`, differ);
  }
}

type Differ = (place: string, genuine: unknown, ours: unknown) => void;

function compareValues(a: unknown, b: unknown, place: string, differ: Differ): void {
  if (JSON.stringify(a) === JSON.stringify(b)) return;
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
