import type { HttpMethod, HttpRequest, HttpResponse, HttpResponseInit, InvocationContext } from "@azure/functions";
import { DurableError, type DurableErrorCode, isDurableError } from "../core/errors.ts";
import { functionNameRule, isFunctionName } from "../core/function-names.ts";
import { assertOptionNames } from "../core/option-names.ts";
import { redactSecrets } from "../core/redact-secrets.ts";
import type { DurableClient } from "./durable-client.ts";

/** Who may call a function: everybody, whoever has one of its keys, or whoever has the master key. */
export type HttpAuthLevel = "anonymous" | "function" | "admin";

/** A request whose route parameters are known by name: `orchestrators/{name}` gives `params.name`, and no other. */
export type RoutedRequest<Route extends string> = string extends Route
  ? HttpRequest
  : Omit<HttpRequest, "params"> & { readonly params: ParametersOf<Route> };

/** As one object, which is how the compiler shows it. */
type ParametersOf<Route extends string> = {
  readonly [Name in keyof RouteParameters<Route>]: RouteParameters<Route>[Name];
};

/** Parameters of a route template. Optional ones (`{id?}`) may be absent; a constraint (`{id:int}`) is no part of a name. */
export type RouteParameters<Route extends string> = string extends Route
  ? unknown
  : Route extends `${string}{${infer Parameter}}${infer Rest}`
    ? RouteParameter<Parameter> & RouteParameters<Rest>
    : unknown;

type RouteParameter<Text extends string> = Text extends `*${infer Rest}`
  ? RouteParameter<Rest>
  : Text extends `${string}?`
    ? { readonly [Name in ParameterName<Text>]?: string }
    : { readonly [Name in ParameterName<Text>]: string };

type ParameterName<Text extends string> = Text extends `${infer Name}${":" | "=" | "?"}${string}`
  ? ParameterName<Name>
  : Text;

/** How an HTTP function is registered. */
export interface HttpFunctionOptions<Route extends string = string, Converter = undefined> {
  /** Template below the host's route prefix (`/api`), such as `orchestrators/{name}`. @defaultValue the function's name */
  readonly route?: Route | undefined;
  /** @defaultValue GET and POST */
  readonly methods?: readonly HttpMethod[] | undefined;
  /** @defaultValue `httpAuthLevel` of the app */
  readonly authLevel?: HttpAuthLevel | undefined;
  /** What answers. */
  readonly handler: HttpFunctionHandler<Route, Converter>;
}

/**
 * Answers a request; `client` manages the orchestrations of the app's task hub.
 *
 * What the client refuses and the handler does not catch is an answer too, `{ error: { code, message } }`: 404 for an
 * orchestration, instance or entity that does not exist, 409 for one in the wrong status, 400 for an id, name or payload
 * that no hub accepts. Any other error is an empty 500.
 */
export type HttpFunctionHandler<Route extends string = string, Converter = undefined> = (
  request: RoutedRequest<Route>,
  client: DurableClient<Converter>,
  context: InvocationContext,
) => HttpResponse | HttpResponseInit | Promise<HttpResponse | HttpResponseInit>;

/** The client of one call, or what an HTTP function answers because there is none. */
export type FoundClient = { readonly client: DurableClient } | { readonly answer: HttpResponseInit };

/** Options of a route: those of an HTTP function, and its name. */
export interface RouteOptions<Route extends string = string, Converter = undefined>
  extends Omit<HttpFunctionOptions<Route, Converter>, "route"> {
  /** @defaultValue the name of the handler, else one made of the methods and the route */
  readonly name?: string | undefined;
}

const authLevels: readonly HttpAuthLevel[] = ["anonymous", "function", "admin"];
const methods: readonly HttpMethod[] = ["GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE", "CONNECT"];
const optionNames: readonly string[] = ["route", "methods", "authLevel", "handler"];

/** @throws DurableError `InvalidOption` */
export function assertHttpFunction(
  name: string,
  options: Readonly<Partial<Record<keyof HttpFunctionOptions, unknown>>>,
): void {
  assertFunctionName(name);
  assertOptionNames(options, optionNames, `http function '${name}'`);
  const { route, methods: listed, authLevel, handler } = options;
  if (typeof handler !== "function") throw invalid(`'handler' of http function '${name}' must be a function`);
  if (route !== undefined && (typeof route !== "string" || route.startsWith("/"))) {
    throw invalid(`'route' of http function '${name}' must be a text without a leading '/', but got '${route}'`);
  }
  if (listed !== undefined && !(Array.isArray(listed) && listed.every((method) => methods.includes(method)))) {
    throw invalid(`'methods' of http function '${name}' must be a list of ${methods.join(", ")}`);
  }
  if (authLevel !== undefined) assertAuthLevel(`'authLevel' of http function '${name}'`, authLevel);
}

/** @throws DurableError `InvalidOption` */
export function assertAuthLevel(what: string, value: unknown): asserts value is HttpAuthLevel {
  if (!authLevels.includes(value as HttpAuthLevel)) {
    throw invalid(`${what} must be ${authLevels.join(", ")}, but got '${String(value)}'`);
  }
}

/**
 * The answer to a request while nothing runs orchestrations.
 *
 * @throws what is no error of this package
 */
export function answerUnavailable(error: unknown, context: InvocationContext): HttpResponseInit {
  if (!isDurableError(error)) throw error;
  const message = redactSecrets(error.message);
  context.error(message);
  return { status: 500, jsonBody: { error: { code: error.code, message } } };
}

/** What a caller has done wrong, by the errors of the client. */
const statusOfCode = new Map<DurableErrorCode, number>([
  ["OrchestratorNotRegistered", 404],
  ["EntityNotRegistered", 404],
  ["InstanceNotFound", 404],
  ["InstanceNotActive", 409],
  ["InstanceAlreadyExists", 409],
  ["InstanceTerminated", 409],
  ["InvalidInstanceId", 400],
  ["InvalidEntityId", 400],
  ["InvalidPayload", 400],
]);

/**
 * Runs a handler, if there is a client for it; what the client has refused becomes the answer.
 *
 * @throws any other error of the handler
 */
export async function answerCall<Route extends string, Converter>(
  handler: HttpFunctionHandler<Route, Converter>,
  request: HttpRequest,
  found: FoundClient,
  context: InvocationContext,
): Promise<HttpResponse | HttpResponseInit> {
  if (!("client" in found)) return found.answer;
  try {
    return await handler(request as RoutedRequest<Route>, found.client as DurableClient<Converter>, context);
  } catch (error) {
    const status = isDurableError(error) ? statusOfCode.get(error.code) : undefined;
    if (!isDurableError(error) || status === undefined) throw error;
    const message = redactSecrets(error.message);
    context.warn(`answered with ${status}: ${message}`);
    return { status, jsonBody: { error: { code: error.code, message } } };
  }
}

/** The rule of the Functions host. @throws DurableError `InvalidOption` */
export function assertFunctionName(name: unknown): asserts name is string {
  if (!isFunctionName(name)) throw invalid(`a function name must be ${functionNameRule}, but got '${String(name)}'`);
}

/** An HTTP function of a route, with the name that it is known by. */
export function resolveRoute<Route extends string, Converter>(
  route: Route,
  definition: HttpFunctionHandler<Route, Converter> | RouteOptions<Route, Converter>,
): { readonly name: string; readonly options: HttpFunctionOptions<Route, Converter> } {
  if (typeof route !== "string" || !["function", "object"].includes(typeof definition) || definition === null) {
    throw invalid("a route is a text and its handler, or its options: app.route('orders/{id}', handler)");
  }
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

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
