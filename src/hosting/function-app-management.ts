import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import { RequestRefused } from "../http/answers.ts";
import { createManagementApi, type ManagementApi } from "../http/management-api.ts";
import type { ManagementRoute } from "../http/management-route.ts";
import { RequestGuard } from "../http/request-guard.ts";
import type { PublicOrigin } from "../management/management-links.ts";
import type { LinkSigner, LinkVerb, SignLink } from "../management/signed-links.ts";
import type { StartChecks } from "../management/start-checks.ts";
import { functionAppSettingNames, type ManagementFunctions } from "./function-app-settings.ts";
import type { HostHealth } from "./health.ts";

export interface FunctionAppManagementOptions {
  readonly functions: ManagementFunctions;
  readonly routePrefix: string;
  readonly client: OrchestrationClient;
  readonly connectionName: string;
  readonly publicOrigin: PublicOrigin;
  readonly startChecks: StartChecks;
  /** `undefined` when there is no key to sign with: links then lead to the door that asks for a key. */
  readonly signer: LinkSigner | undefined;
  readonly health: () => HostHealth;
  /** Most bytes in a request body. @defaultValue 10 MiB */
  readonly maxBodyBytes?: number | undefined;
  readonly clock: Clock;
  readonly log: LogSink;
}

/**
 * The management API of a Function App, behind two doors.
 *
 * D1. At the first the host has asked for a key: all is served, and the health.
 * D2. At the second nobody has asked for anything: only a link that was signed for just this instance and verb is served,
 *     and what is answered opens nothing that the link did not.
 */
export interface FunctionAppManagement {
  /** Path of the door that links lead to. */
  readonly linkPath: string;
  readonly signLink: SignLink | undefined;
  readonly handleManagement: ManagementApi;
  readonly handleSignedLink: ManagementApi;
}

const pageCure = `they may with a key, where ${functionAppSettingNames.authLevel} is 'function' or 'admin'`;

export function createFunctionAppManagement(options: FunctionAppManagementOptions): FunctionAppManagement {
  const { functions, routePrefix, client, connectionName, startChecks, signer, clock, log, health } = options;
  const { publicOrigin } = options;
  const pathOf = (route: string) => (routePrefix === "" ? `/${route}` : `/${routePrefix}/${route}`);
  const [basePath, signedPath] = [pathOf(functions.route), pathOf(functions.linkRoute)];
  const linkPath = signer === undefined ? basePath : signedPath;
  const signLink = signer && ((instanceId: string, verb: LinkVerb) => signer.sign(instanceId, [verb]));
  const common = {
    client,
    taskHub: client.taskHub,
    connectionName,
    startChecks,
    publicOrigin,
    maxBodyBytes: options.maxBodyBytes,
    clock,
    log,
  } as const;
  const keyed = createManagementApi({
    ...common,
    basePath,
    guard: new RequestGuard({
      allowedHosts: "any",
      // A key is nothing that a foreign page could make a browser add; without one it could use what a proxy adds.
      allowedOrigins: functions.authLevel === "anonymous" ? [] : "any",
      cures: { host: "", origin: pageCure },
    }),
    links: { basePath: linkPath, signLink },
  });
  const signed = createManagementApi({
    ...common,
    basePath: signedPath,
    allowedHosts: "any",
    allowedOrigins: "any",
    links: {
      basePath: signedPath,
      // Who may restart an instance may read it. D2
      signLink: signLink && ((instanceId, verb) => (verb === "read" ? signLink(instanceId, verb) : "")),
    },
    authorize: (route, query) => assertSigned(signer, route, query), // D2
  });
  const healthPath = `${basePath}/health`.toLowerCase();
  return {
    linkPath,
    signLink,
    handleManagement: async (request) =>
      request.method === "GET" && new URL(request.url).pathname.replace(/\/$/, "").toLowerCase() === healthPath
        ? answerHealth(health()) // D1
        : keyed(request),
    handleSignedLink: signed,
  };
}

/** @throws RequestRefused 401 */
function assertSigned(signer: LinkSigner | undefined, route: ManagementRoute, query: URLSearchParams): void {
  const asked = askedOf(route, query);
  const verdict = asked && signer ? signer.verify(query, asked.instanceId, asked.verb) : "invalid";
  if (verdict === "valid") return;
  throw new RequestRefused(401, verdict === "expired" ? "This link has expired" : "This link does not allow that");
}

/** What a signature must allow; `undefined` for what no link opens. */
function askedOf(
  route: ManagementRoute,
  query: URLSearchParams,
): { readonly instanceId: string; readonly verb: LinkVerb } | undefined {
  switch (route.kind) {
    case "status":
      return { instanceId: route.instanceId, verb: "read" };
    case "restart": {
      // Under a new id it would begin another instance, as often as the holder likes.
      const values = [...query].filter(([name]) => name.toLowerCase() === "restartwithnewinstanceid");
      const isSame = values.length === 1 && values[0]![1].toLowerCase() === "false";
      return isSame ? { instanceId: route.instanceId, verb: "restart" } : undefined;
    }
    case "raiseEvent":
    case "terminate":
    case "suspend":
    case "resume":
    case "rewind":
    case "purge":
      return { instanceId: route.instanceId, verb: route.kind };
    default:
      return undefined;
  }
}

function answerHealth(health: HostHealth): Response {
  return new Response(JSON.stringify(health), {
    status: health.isReady ? 200 : 503,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
  });
}
