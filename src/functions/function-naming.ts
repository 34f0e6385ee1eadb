import { DurableError } from "../core/errors.ts";
import { isFunctionName } from "../core/function-names.ts";
import type { HttpFunctionHandler, HttpFunctionOptions } from "./http-function.ts";

/** Options of a route: those of an HTTP function, and its name. */
export interface RouteOptions<Route extends string = string> extends Omit<HttpFunctionOptions<Route>, "route"> {
  /** @defaultValue the name of the handler, else one made of the methods and the route */
  readonly name?: string | undefined;
}

/**
 * Takes a registration apart that may leave its name to the function: `("greet", code)` or `(function greet() {})`.
 *
 * @throws DurableError `InvalidOption` for a function without a name
 */
export function resolveName(kind: string, first: unknown, second: unknown): { name: string; definition: unknown } {
  // Whatever is no function is for the check of names.
  if (typeof first !== "function") return { name: first as string, definition: second };
  if (first.name === "") {
    throw new DurableError(
      "InvalidOption",
      `this ${kind} has no name: give one before the function, or write 'function name(...)'`,
    );
  }
  return { name: first.name, definition: first };
}

/** An HTTP function of a route, with the name that it is known by. */
export function resolveRoute<Route extends string>(
  route: Route,
  definition: HttpFunctionHandler<Route> | RouteOptions<Route>,
): { readonly name: string; readonly options: HttpFunctionOptions<Route> } {
  const { name, ...options } = typeof definition === "function" ? { handler: definition } : { ...definition };
  return { name: name ?? nameOf(route, options), options: { ...options, route } };
}

function nameOf(
  route: string,
  { handler, methods }: { readonly handler: unknown; readonly methods?: readonly string[] | undefined },
): string {
  // A method of an object literal is called as its member, which says nothing.
  if (typeof handler === "function" && handler.name !== "handler" && isFunctionName(handler.name)) return handler.name;
  const words = [...(Array.isArray(methods) ? methods : []), ...String(route).split(/[^a-z0-9_]+/i)];
  const text = words.filter((word) => word !== "").join("-");
  const name = Array.isArray(methods) ? text.replace(/^[A-Z-]+(?=-|$)/, (list) => list.toLowerCase()) : text;
  return /^[a-z]/i.test(name) ? name : `route-${name}`.replace(/-$/, "");
}
