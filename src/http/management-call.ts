import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { Clock } from "../core/ports.ts";
import {
  createManagementLinks,
  type HttpManagementPayload,
  type ManagementLinkTarget,
  type PublicOrigin,
} from "../management/management-links.ts";
import type { SignLink } from "../management/signed-links.ts";
import type { StartChecks } from "../management/start-checks.ts";
import type { OpenApiDocument } from "./open-api/open-api-document.ts";
import type { QueryParameters } from "./query-parameters.ts";
import type { BodyLimits } from "./request-body.ts";

/** One request to the management API, and all that answering it takes. */
export interface ManagementCall extends BodyLimits {
  readonly request: Request;
  readonly url: URL;
  readonly query: QueryParameters;

  readonly client: OrchestrationClient;
  readonly basePath: string;
  readonly taskHub: string;
  readonly connectionName: string;
  readonly startChecks: StartChecks | undefined;
  readonly publicOrigin: PublicOrigin;
  readonly clock: Clock;
  readonly links: LinkPlace;
  readonly openApi: (() => OpenApiDocument) | undefined;
}

/** Where the links of answers lead. */
export interface LinkPlace {
  readonly basePath: string;
  readonly signLink?: SignLink | undefined;
}

/** Links to one instance that lead back to the server which the request came in at. */
export function linksFor(call: ManagementCall, instanceId: string): HttpManagementPayload {
  const target: ManagementLinkTarget = {
    baseUrl: call.publicOrigin(call.request) + call.links.basePath,
    taskHub: call.taskHub,
    connectionName: call.connectionName,
    signLink: call.links.signLink,
  };
  return createManagementLinks(target, instanceId);
}
