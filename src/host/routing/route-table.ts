import { messageOf } from "../../core/errors.ts";
import type { RouteValues } from "./route-template.ts";
import { RouteTemplate, splitPath } from "./route-template.ts";

export interface HttpRoute {
  readonly functionName: string;
  /** As registered, without the prefix; the function's name when absent or empty. */
  readonly route: string | undefined;
  /** Upper case. All methods when absent or empty. */
  readonly methods: readonly string[] | undefined;
}

export interface MatchedRoute {
  readonly functionName: string;
  readonly values: RouteValues;
}

export interface RouteProblem {
  readonly functionName: string;
  readonly message: string;
}

interface CompiledRoute {
  readonly functionName: string;
  readonly methods: readonly string[] | undefined;
  readonly template: RouteTemplate;
}

/**
 * The HTTP functions of one app in the order the Functions host tries them: by function name, ignoring case, first match
 * wins. There is no ranking by specificity, and a path whose methods do not fit goes on to the next route.
 */
export class RouteTable {
  /** Functions that cannot be served, and why. The others are served all the same. */
  readonly problems: readonly RouteProblem[];
  readonly #routes: readonly CompiledRoute[];

  constructor(routes: readonly HttpRoute[], routePrefix: string) {
    const compiled: CompiledRoute[] = [];
    const problems: RouteProblem[] = [];
    for (const route of [...routes].sort((a, b) => compareNames(a.functionName, b.functionName))) {
      try {
        compiled.push(compileRoute(route, routePrefix, compiled));
      } catch (error) {
        problems.push({ functionName: route.functionName, message: messageOf(error) });
      }
    }
    this.#routes = compiled;
    this.problems = problems;
  }

  /** @param path percent-encoded, without the query */
  match(method: string, path: string): MatchedRoute | undefined {
    const segments = splitPath(path);
    for (const { functionName, methods, template } of this.#routes) {
      if (methods !== undefined && !methods.includes(method.toUpperCase())) continue;
      const values = template.match(segments);
      if (values !== undefined) return { functionName, values };
    }
    return undefined;
  }

  /** The full template of a served function, without a leading slash. */
  templateOf(functionName: string): string | undefined {
    return this.#routes.find((route) => route.functionName === functionName)?.template.text;
  }
}

/** Ordinal comparison that ignores case: the host's order of functions. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [a.toUpperCase(), b.toUpperCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compileRoute(route: HttpRoute, prefix: string, earlier: readonly CompiledRoute[]): CompiledRoute {
  const { functionName } = route;
  const own = route.route === undefined || route.route === "" ? functionName : route.route;
  if (/^\/?(?:admin|runtime)/i.test(own)) {
    throw new Error(`the route '${own}' conflicts with one or more built in routes ('admin...', 'runtime...')`);
  }
  const methods = route.methods?.length ? route.methods.map((method) => method.toUpperCase()) : undefined;
  if (own.startsWith("/")) throw new Error(`the route '${own}' must not start with '/'`);
  const template = new RouteTemplate(joinPrefix(prefix, own));
  const twin = earlier.find(
    (other) => other.template.text.toLowerCase() === template.text.toLowerCase() && overlaps(other.methods, methods),
  );
  if (twin !== undefined) {
    throw new Error(`the route '${own}' conflicts with the route of function '${twin.functionName}'`);
  }
  return { functionName, methods, template };
}

function joinPrefix(prefix: string, route: string): string {
  const trimmed = prefix.replace(/^\/+|\/+$/g, "");
  return trimmed === "" ? route : `${trimmed}/${route}`;
}

function overlaps(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((method) => b.includes(method));
}
