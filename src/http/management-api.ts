import { messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import { type Clock, type LogSink, silentLog } from "../core/ports.ts";
import { systemClock } from "../core/system-ports.ts";
import { type PublicOrigin, publicOriginBy } from "../management/management-links.ts";
import type { StartChecks } from "../management/start-checks.ts";
import { answerError, emptyAnswer, jsonAnswer, privateHeaders } from "./answers.ts";
import { answerEntityRoute } from "./entity-routes.ts";
import { answerInstanceRoute } from "./instance-routes.ts";
import { defaultMaxJsonDepth } from "./json-scanner.ts";
import type { LinkPlace, ManagementCall } from "./management-call.ts";
import { type ManagementRoute, parseManagementRoute } from "./management-route.ts";
import type { OpenApiDocument } from "./open-api/open-api-document.ts";
import { QueryParameters } from "./query-parameters.ts";
import { assertBodyLength } from "./request-body.ts";
import { RequestGuard } from "./request-guard.ts";
import { assertOwnHub, restartOrchestration, startOrchestration } from "./start-routes.ts";

/** Most bytes in the body of a request. */
const defaultBodyBytes = 10 * 1024 * 1024;

export interface ManagementApiOptions {
  readonly client: OrchestrationClient;
  /** Path under which the API answers: `/runtime/webhooks/durabletask`. */
  readonly basePath: string;
  /** The hub that `client` manages. Requests that name another one are refused. */
  readonly taskHub: string;
  /** The storage connection of that hub. Requests that name another one are refused. */
  readonly connectionName: string;
  /** What is known of orchestrations before they are started. @defaultValue any name and input is taken */
  readonly startChecks?: StartChecks | undefined;
  /**
   * Host names, without ports, that are served besides localhost, 127.0.0.1 and [::1]. `"any"` turns the check off: for
   * a server behind something that checks them.
   *
   * @defaultValue none
   */
  readonly allowedHosts?: readonly string[] | "any" | undefined;
  /**
   * Origins of pages that may start and manage instances, besides our own. `"any"` is for callers who show a key or a
   * signature, which no page can make a browser add.
   *
   * @defaultValue none
   */
  readonly allowedOrigins?: readonly string[] | "any" | undefined;
  /** In place of the two lists: a guard that stands before other doors too. @defaultValue one by the lists */
  readonly guard?: RequestGuard | undefined;
  /** Where links lead that are made for a request. @defaultValue to the address that was asked */
  readonly publicOrigin?: PublicOrigin | undefined;
  /** Most bytes in a request body. @defaultValue 10 MiB */
  readonly maxBodyBytes?: number | undefined;
  /** Most levels of nesting in a JSON body; deeper ones are refused with 400. @defaultValue 1000 */
  readonly maxJsonDepth?: number | undefined;
  /** @defaultValue the machine's */
  readonly clock?: Clock | undefined;
  /** Where links lead that are in answers. @defaultValue here, and they open nothing by themselves */
  readonly links?: LinkPlace | undefined;
  /** Lets a request through; throws what is answered otherwise. @defaultValue the server has decided before */
  readonly authorize?: ((route: ManagementRoute, query: URLSearchParams, headers: Headers) => void) | undefined;
  /** What `GET openapi.json` answers. @defaultValue there is no such path */
  readonly openApi?: (() => OpenApiDocument) | undefined;
  /** Receives the errors that are kept from the sender. @defaultValue silence */
  readonly log?: LogSink | undefined;
}

export type ManagementApi = (request: Request) => Promise<Response>;

/**
 * The HTTP API of the official extension (`/orchestrators`, `/instances`, `/entities`), for one task hub and any server that speaks
 * web-standard requests. Access keys are the server's business. Never rejects.
 *
 * @example
 * const api = createManagementApi({ client, basePath: "/runtime/webhooks/durabletask", taskHub, connectionName });
 * const response = await api(new Request("http://localhost:7071/runtime/webhooks/durabletask/instances"));
 */
export function createManagementApi(options: ManagementApiOptions): ManagementApi {
  const basePath = `/${options.basePath}`.replace(/\/+$/, "").replace(/^\/+/, "/");
  const guard =
    options.guard ??
    new RequestGuard({ allowedHosts: options.allowedHosts ?? [], allowedOrigins: options.allowedOrigins ?? [] });
  const settings = {
    client: options.client,
    basePath,
    taskHub: options.taskHub,
    connectionName: options.connectionName,
    startChecks: options.startChecks,
    publicOrigin: options.publicOrigin ?? publicOriginBy({ trustForwardedHeaders: false }),
    maxBodyBytes: options.maxBodyBytes ?? defaultBodyBytes,
    maxJsonDepth: options.maxJsonDepth ?? defaultMaxJsonDepth,
    clock: options.clock ?? systemClock,
    links: options.links ?? { basePath },
    openApi: options.openApi,
  };
  const events = createEventLog(options.log ?? silentLog, { taskHub: options.taskHub });

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    guard.check({ method: request.method, url, header: (name) => request.headers.get(name) });
    const route = findRoute(request.method, url.pathname, basePath);
    if (route === undefined) return emptyAnswer(404);
    options.authorize?.(route, url.searchParams, request.headers);
    assertBodyLength(request, settings.maxBodyBytes);
    const call: ManagementCall = { ...settings, request, url, query: new QueryParameters(url.searchParams) };
    assertOwnHub(call);
    return answerRoute(call, route);
  };

  return async (request) => {
    let response: Response;
    try {
      response = await answer(request);
    } catch (error) {
      const described = answerError(error, request.headers.get("accept"));
      if (described.isOurs) logFailure(events, request, error);
      response = described.answer;
    }
    for (const [name, value] of Object.entries(privateHeaders)) response.headers.set(name, value);
    return response;
  };
}

function findRoute(method: string, path: string, basePath: string): ManagementRoute | undefined {
  const start = path.slice(0, basePath.length + 1).toLowerCase();
  return start === `${basePath.toLowerCase()}/` ? parseManagementRoute(method, path.slice(basePath.length)) : undefined;
}

function answerRoute(call: ManagementCall, route: ManagementRoute): Promise<Response> {
  switch (route.kind) {
    case "start":
      return startOrchestration(call, route.name, route.instanceId);
    case "restart":
      return restartOrchestration(call, route.instanceId);
    case "listEntities":
    case "readEntity":
    case "signalEntity":
    case "deleteEntity":
      return answerEntityRoute(call, route);
    case "openApi": {
      const document = call.openApi?.();
      return Promise.resolve(document === undefined ? emptyAnswer(404) : jsonAnswer(200, JSON.stringify(document)));
    }
    case "makePrimary":
      // For stores with a primary app. Azure Storage has none: the genuine extension agrees and does nothing.
      return Promise.resolve(emptyAnswer(200));
    default:
      return answerInstanceRoute(call, route);
  }
}

/** The path may hold an instance id, never a key: those travel in the query and in headers. */
function logFailure(events: EventLog, request: Request, error: unknown): void {
  const { method, url } = request;
  const path = new URL(url).pathname;
  events.write("ManagementRequestFailed", `${method} ${path} failed: ${messageOf(error)}`, { method, path });
}
