import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import { type AllowedCallers, allowedHostsSetting } from "../host/settings/allowed-callers.ts";
import type { HttpLimits } from "../host/settings/http-limits.ts";
import { createManagementApi, type ManagementApi, type ManagementApiOptions } from "../http/management-api.ts";
import { RequestGuard } from "../http/request-guard.ts";
import { createSignedLinkDoor, signEachVerb } from "../http/signed-link-door.ts";
import type { PublicOrigin } from "../management/management-links.ts";
import type { LinkSigner, SignLink } from "../management/signed-links.ts";
import type { StartChecks } from "../management/start-checks.ts";
import { functionAppSettingNames, type ManagementFunctions } from "./function-app-settings.ts";
import type { HostHealth } from "./health.ts";

export interface FunctionAppManagementOptions {
  readonly functions: ManagementFunctions;
  readonly routePrefix: string;
  readonly client: OrchestrationClient;
  readonly connectionName: string;
  readonly publicOrigin: PublicOrigin;
  readonly allowed: AllowedCallers;
  readonly startChecks: StartChecks;
  /** `undefined` when there is no key to sign with: links then lead to the door that asks for a key. */
  readonly signer: LinkSigner | undefined;
  readonly health: () => HostHealth;
  readonly limits: Pick<HttpLimits, "maxBodyBytes" | "maxJsonDepth">;
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

const cures = {
  host: `allow it by the setting ${allowedHostsSetting}, or as httpSettings.allowedHosts of host.json`,
  origin:
    "list the origin as httpSettings.allowedOrigins of host.json; or they may with a key, " +
    `where ${functionAppSettingNames.authLevel} is 'function' or 'admin'`,
};

export function createFunctionAppManagement(options: FunctionAppManagementOptions): FunctionAppManagement {
  const { functions, routePrefix, client, connectionName, startChecks, signer, clock, log, health } = options;
  const { publicOrigin, allowed, limits } = options;
  const pathOf = (route: string) => (routePrefix === "" ? `/${route}` : `/${routePrefix}/${route}`);
  const [basePath, signedPath] = [pathOf(functions.route), pathOf(functions.linkRoute)];
  const linkPath = signer === undefined ? basePath : signedPath;
  const signLink = signer && signEachVerb(signer);
  // The platform in front looks at the names, unless some are listed.
  const allowedHosts = allowed.hosts.length === 0 ? "any" : allowed.hosts;
  const guard = (allowedOrigins: readonly string[] | "any") =>
    new RequestGuard({ allowedHosts, allowedOrigins, cures });
  const common: Omit<ManagementApiOptions, "basePath"> = {
    client,
    taskHub: client.taskHub,
    connectionName,
    startChecks,
    publicOrigin,
    maxBodyBytes: limits.maxBodyBytes,
    maxJsonDepth: limits.maxJsonDepth,
    clock,
    log,
  };
  const keyed = createManagementApi({
    ...common,
    basePath,
    // A key is nothing that a foreign page could make a browser add; without one it could use what a proxy adds.
    guard: guard(functions.authLevel === "anonymous" ? allowed.origins : "any"),
    links: { basePath: linkPath, signLink },
  });
  const signed = createSignedLinkDoor({ ...common, basePath: signedPath, guard: guard("any") }, signer); // D2
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

function answerHealth(health: HostHealth): Response {
  return new Response(JSON.stringify(health), {
    status: health.isReady ? 200 : 503,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
  });
}
