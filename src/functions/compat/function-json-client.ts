import type { HttpRequest, HttpResponse } from "@azure/functions";
import type { ScheduleOptions } from "../../client/client-options.ts";
import type { EntityRef } from "../../core/entity-id.ts";
import type { OrchestrationRuntimeStatus } from "../../core/orchestration-status.ts";
import type { JsonOf } from "../../core/payloads/json-types.ts";
import type { HttpManagementPayload } from "../../management/management-links.ts";
import type { DurableClient } from "../durable-client.ts";
import type { GetStatusOptions, WaitForCompletionOptions } from "../durable-client-options.ts";
import type { DurableOrchestrationStatus } from "../durable-orchestration-status.ts";
import type { EntityStateResponse } from "../entity-status-reader.ts";
import type { OrchestrationFilter, PurgeHistoryResult } from "../instance-filters.ts";
import type { TaskHubOptions } from "./call-options.ts";

/** A request as functions with a function.json have it. */
export interface FunctionJsonRequest {
  /** Where the request went. */
  readonly url: string;
  /** Headers of the request, by name. */
  readonly headers: { readonly [name: string]: string };
}

/** A response as functions with a function.json give it. */
export interface FunctionJsonResponse {
  /** HTTP status. */
  readonly status: number;
  /** Headers of the response, by name. */
  readonly headers: { readonly [name: string]: string };
  /** A text, bytes, or what is sent as JSON. */
  readonly body: unknown;
}

type Statuses = readonly OrchestrationRuntimeStatus[];

/**
 * The client of functions with a function.json: arguments by position, as `durable-functions` 1 and 2 have them, or by the
 * options of version 3; requests and responses are plain objects.
 */
export class FunctionJsonClient {
  readonly #client: DurableClient;

  constructor(client: DurableClient) {
    this.#client = client;
  }

  /** Name of the hub. */
  get taskHubName(): string {
    return this.#client.taskHubName;
  }

  /** Starts an orchestration. Resolves to the id of the instance. */
  startNew(name: string, instanceId?: string, input?: unknown): Promise<string>;
  /** Starts an orchestration, by options. Resolves to the id of the instance. */
  startNew(name: string, options?: ScheduleOptions): Promise<string>;
  startNew(name: string, second?: string | ScheduleOptions | null, input?: unknown): Promise<string> {
    if (typeof second === "object" && second !== null) return this.#client.startNew(name, second);
    return this.#client.startNew(name, { ...(second && { instanceId: second }), input });
  }

  /** What is known of an instance. @throws DurableError `InstanceNotFound` */
  getStatus(
    instanceId: string,
    showHistory?: boolean,
    showHistoryOutput?: boolean,
    showInput?: boolean,
  ): Promise<DurableOrchestrationStatus>;
  /** What is known of an instance, by options. @throws DurableError `InstanceNotFound` */
  getStatus(instanceId: string, options?: GetStatusOptions): Promise<DurableOrchestrationStatus>;
  getStatus(
    instanceId: string,
    second?: boolean | GetStatusOptions,
    showHistoryOutput?: boolean,
    showInput?: boolean,
  ): Promise<DurableOrchestrationStatus> {
    const options = typeof second === "object" ? second : { showHistory: second, showHistoryOutput, showInput };
    return this.#client.getStatus(instanceId, options ?? {});
  }

  /** What is known of all instances. */
  getStatusAll(): Promise<DurableOrchestrationStatus[]> {
    return this.#client.getStatusAll();
  }

  /** What is known of the instances that meet the conditions. */
  getStatusBy(
    createdTimeFrom?: Date | OrchestrationFilter,
    createdTimeTo?: Date,
    runtimeStatus?: Statuses,
  ): Promise<DurableOrchestrationStatus[]> {
    return this.#client.getStatusBy(readFilter(createdTimeFrom, createdTimeTo, runtimeStatus));
  }

  /** Deletes a finished instance. Resolves to how many were deleted, 0 or 1. */
  purgeInstanceHistory(instanceId: string): Promise<PurgeHistoryResult> {
    return this.#client.purgeInstanceHistory(instanceId);
  }

  /** Deletes the finished instances that meet the conditions. */
  purgeInstanceHistoryBy(
    createdTimeFrom?: Date | OrchestrationFilter,
    createdTimeTo?: Date,
    runtimeStatus?: Statuses,
  ): Promise<PurgeHistoryResult> {
    return this.#client.purgeInstanceHistoryBy(readFilter(createdTimeFrom, createdTimeTo, runtimeStatus));
  }

  /** Raises an event for an instance. @throws DurableError `InstanceNotFound`, `InvalidOption`, `InvalidPayload` */
  raiseEvent(
    instanceId: string,
    eventName: string,
    eventData?: unknown,
    taskHub?: string | TaskHubOptions,
    connectionName?: string,
  ): Promise<void> {
    return this.#client.raiseEvent(instanceId, eventName, eventData, readHub(taskHub, connectionName));
  }

  /** Ends an instance at once. @throws DurableError `InstanceNotFound` */
  terminate(instanceId: string, reason?: string): Promise<void> {
    return this.#client.terminate(instanceId, reason);
  }

  /** Holds an instance up until it is resumed. @throws DurableError `InstanceNotFound` */
  suspend(instanceId: string, reason?: string): Promise<void> {
    return this.#client.suspend(instanceId, reason);
  }

  /** Lets a suspended instance go on. @throws DurableError `InstanceNotFound` */
  resume(instanceId: string, reason?: string): Promise<void> {
    return this.#client.resume(instanceId, reason);
  }

  /** Runs a failed instance on from its last failure. @throws DurableError `InstanceNotFound`, `InstanceNotActive` */
  rewind(
    instanceId: string,
    reason?: string,
    taskHub?: string | TaskHubOptions,
    connectionName?: string,
  ): Promise<void> {
    return this.#client.rewind(instanceId, reason, readHub(taskHub, connectionName));
  }

  /** Tells an entity something, without an answer. */
  signalEntity(
    entityId: EntityRef,
    operationName?: string,
    operationContent?: unknown,
    taskHub?: string | TaskHubOptions,
    connectionName?: string,
  ): Promise<void> {
    return this.#client.signalEntity(entityId, operationName, operationContent, readHub(taskHub, connectionName));
  }

  /** Reads the state of an entity. */
  readEntityState<State = unknown>(
    entityId: EntityRef,
    taskHub?: string | TaskHubOptions,
    connectionName?: string,
  ): Promise<EntityStateResponse<JsonOf<State>>> {
    return this.#client.readEntityState<State>(entityId, readHub(taskHub, connectionName));
  }

  /** The links by which an instance is managed; on the host that the request has asked, if one is given. */
  createHttpManagementPayload(instanceId: string, request?: FunctionJsonRequest): HttpManagementPayload {
    return this.#client.createHttpManagementPayload(instanceId, readRequest(request));
  }

  /** A 202 answer with the links by which the caller follows the instance. */
  createCheckStatusResponse(request: FunctionJsonRequest | undefined, instanceId: string): FunctionJsonResponse {
    const body = this.createHttpManagementPayload(instanceId, request);
    const headers = { "Content-Type": "application/json", Location: body.statusQueryGetUri, "Retry-After": "10" };
    return { status: 202, headers, body };
  }

  /** Waits for an instance to finish, for a while: 10 seconds, with a look each second, unless it is said otherwise. */
  async waitForCompletionOrCreateCheckStatusResponse(
    request: FunctionJsonRequest,
    instanceId: string,
    timeout?: number | WaitForCompletionOptions,
    retryIntervalInMilliseconds?: number,
  ): Promise<FunctionJsonResponse> {
    const options =
      typeof timeout === "object" ? timeout : { timeoutInMilliseconds: timeout, retryIntervalInMilliseconds };
    const given = readRequest(request) as HttpRequest;
    return readResponse(await this.#client.waitForCompletionOrCreateCheckStatusResponse(given, instanceId, options));
  }
}

function readFilter(
  first: Date | OrchestrationFilter | undefined,
  createdTimeTo: Date | undefined,
  runtimeStatus: Statuses | undefined,
): OrchestrationFilter {
  if (first !== undefined && !(first instanceof Date)) return first;
  return { createdTimeFrom: first, createdTimeTo, runtimeStatus };
}

function readHub(taskHub: string | TaskHubOptions | undefined, connectionName: string | undefined): TaskHubOptions {
  if (typeof taskHub === "object") return taskHub;
  return { ...(taskHub && { taskHubName: taskHub }), ...(connectionName && { connectionName }) };
}

/** Of a request, links need its address and headers. */
function readRequest(request: FunctionJsonRequest | undefined): HttpRequest | undefined {
  if (request === undefined) return undefined;
  const headers = new Headers(request.headers);
  return { url: request.url, headers } as unknown as HttpRequest;
}

async function readResponse(response: HttpResponse): Promise<FunctionJsonResponse> {
  const body: unknown = await response.json();
  return { status: response.status, headers: Object.fromEntries(response.headers.entries()), body };
}
