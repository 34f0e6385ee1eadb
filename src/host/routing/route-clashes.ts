import { compareNames, type HttpRoute } from "./route-table.ts";

/** Two functions of which one takes all requests that the other is for. */
export interface RouteClash {
  /** The one that serves them: the first by name. */
  readonly served: string;
  /** The one that is never called for them. */
  readonly hidden: string;
  /** Upper case; empty for all. */
  readonly methods: readonly string[];
}

/**
 * Functions that others hide: with routes such as `x/{id}` and `x/{name}`, and methods in common. The Functions host
 * serves the first by name without a word.
 *
 * Only what is certain is told: routes that are the same but for the names of their parameters, and those behind a route
 * of parameters without constraints.
 */
export function findRouteClashes(routes: readonly HttpRoute[]): readonly RouteClash[] {
  const sorted = [...routes].sort((a, b) => compareNames(a.functionName, b.functionName));
  return sorted.flatMap((hidden, index) =>
    sorted.slice(0, index).flatMap((served) => {
      const methods = commonMethods(served, hidden);
      if (methods === undefined || !covers(partsOf(served), partsOf(hidden))) return [];
      return [{ served: served.functionName, hidden: hidden.functionName, methods }];
    }),
  );
}

function commonMethods(a: HttpRoute, b: HttpRoute): readonly string[] | undefined {
  const [own, others] = [a, b].map(({ methods = [] }) => methods.map((method) => method.toUpperCase())) as [
    string[],
    string[],
  ];
  if (own.length === 0) return others;
  if (others.length === 0) return own;
  const common = own.filter((method) => others.includes(method));
  return common.length === 0 ? undefined : common;
}

/** The segments of a route, without the names of their parameters and in lower case. */
function partsOf({ route, functionName }: HttpRoute): readonly string[] {
  const text = route === undefined || route === "" ? functionName : route;
  const nameless = text.replace(/\{(\*{0,2})[^:=?{}]+/g, "{$1").replace("{**", "{*");
  return nameless.toLowerCase().replace(/\/$/, "").split("/");
}

/** Whether every path of the second matches the first too. */
function covers(served: readonly string[], hidden: readonly string[]): boolean {
  for (const [index, part] of served.entries()) {
    if (part === "{*}") return true;
    const other = hidden[index];
    if (other === undefined) return isOptional(part) && served.length === index + 1;
    if (part === other) continue;
    // A parameter takes any text of one segment, but nothing that may be absent.
    if (!(part === "{}" || part === "{?}") || other === "{*}" || other.startsWith("{*")) return false;
    if (part === "{}" && isOptional(other)) return false;
  }
  return served.length === hidden.length;
}

function isOptional(part: string): boolean {
  return part.startsWith("{") && (part.endsWith("?}") || part.includes("="));
}
