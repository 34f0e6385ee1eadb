import type { OrchestrationState } from "../../../src/core/orchestration-state.ts";
import { createManagementApi, type ManagementApiOptions } from "../../../src/http/management-api.ts";
import { FakeClock, FakeOrchestrationClient } from "./fake-orchestration-client.ts";

export const baseUrl = "http://localhost:7071/runtime/webhooks/durabletask";

/** The API over a fake client that holds `instances`. */
export function managementApi(
  instances: readonly OrchestrationState[] = [],
  options: Partial<ManagementApiOptions> = {},
) {
  const client = new FakeOrchestrationClient(...instances);
  const clock = new FakeClock();
  const api = createManagementApi({
    client,
    clock,
    basePath: "/runtime/webhooks/durabletask",
    taskHub: "Hub",
    connectionName: "Storage",
    ...options,
  });
  const send = (method: string, path: string, init: RequestInit = {}) =>
    api(new Request(`${baseUrl}/${path}`, { ...init, method }));
  const postJson = (path: string, body: string) =>
    send("POST", path, { body, headers: { "content-type": "application/json" } });
  return { client, clock, api, send, postJson };
}

export async function readJson(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}
