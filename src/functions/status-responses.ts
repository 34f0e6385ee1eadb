import type { HttpRequest, HttpResponse } from "@azure/functions";
import { jsonDataConverter } from "../core/payloads/data-converter.ts";
import type { Clock } from "../core/ports.ts";
import {
  createManagementLinks,
  type HttpManagementPayload,
  type PublicOrigin,
  publicOriginBy,
} from "../management/management-links.ts";
import { az } from "./azure-functions.ts";
import { resolveWait } from "./client-arguments.ts";
import type { WaitForCompletionOptions } from "./durable-client-options.ts";
import type { ClientConnection } from "./embedded-host.ts";
import { StatusReader } from "./status-reader.ts";

/** Answers to those who asked for an instance over HTTP: where to look for it, and what has become of it. */
export class StatusResponses {
  readonly #connection: ClientConnection;
  readonly #publicOrigin: PublicOrigin;
  readonly #statuses: StatusReader;

  constructor(connection: ClientConnection, trustForwardedHeaders: boolean, clock: Clock) {
    this.#connection = connection;
    const own = publicOriginBy({ trustForwardedHeaders });
    this.#publicOrigin = trustForwardedHeaders ? own : (request) => (connection.publicOrigin ?? own)(request);
    // The answer is the stored JSON, as the management API gives it: what a converter makes of it has no JSON form.
    this.#statuses = new StatusReader(connection, jsonDataConverter, clock);
  }

  linksOf(instanceId: string, request: HttpRequest | undefined): HttpManagementPayload {
    const { managementBaseUrl, connectionName, client, linkQuery: query, signLink } = this.#connection;
    const origin = request && this.#publicOrigin(request);
    const baseUrl = origin === undefined ? managementBaseUrl : origin + new URL(managementBaseUrl).pathname;
    const target = { baseUrl, taskHub: client.taskHub, connectionName, query, signLink };
    return createManagementLinks(target, instanceId);
  }

  checkStatus(request: HttpRequest | undefined, instanceId: string): HttpResponse {
    const links = this.linksOf(instanceId, request);
    return jsonResponse(202, links, { location: links.statusQueryGetUri, "retry-after": "10" });
  }

  /** @throws DurableError `InstanceNotFound`, `InvalidOption` */
  async completionOrCheckStatus(
    request: HttpRequest,
    instanceId: string,
    options: WaitForCompletionOptions,
  ): Promise<HttpResponse> {
    const wait = resolveWait(options);
    const status = await this.#statuses.waitForEnd(instanceId, wait);
    switch (status.runtimeStatus) {
      case "Completed":
        return jsonResponse(200, status.output);
      case "Canceled":
      case "Terminated":
        return jsonResponse(200, status);
      case "Failed":
        return jsonResponse(500, status);
      default:
        return this.checkStatus(request, instanceId);
    }
  }
}

/** The answer of an HTTP function; `undefined` is sent as `null`. */
function jsonResponse(status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse {
  const body = JSON.stringify(value ?? null);
  return new az.HttpResponse({ status, body, headers: { "content-type": "application/json", ...headers } });
}
