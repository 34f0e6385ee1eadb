// What a client sees that was generated of the document of test/e2e/apps/described. `check-open-api.mjs` compiles it.
import createClient from "openapi-fetch";
import type { paths } from "./generated.js";

const management = "/runtime/webhooks/durabletask";
const client = createClient<paths>({ baseUrl: "http://localhost:7071" });

export async function approve(): Promise<number> {
  const started = await client.POST(`${management}/orchestrators/order`, { body: { article: "apple", count: 2 } });
  const instanceId: string = started.data && "statusQueryGetUri" in started.data ? started.data.id : "";
  // @ts-expect-error the schema has a number
  await client.POST(`${management}/orchestrators/order`, { body: { article: "apple", count: "2" } });
  const path = { instanceId };
  await client.POST(`${management}/instances/{instanceId}/raiseEvent/Approval`, {
    params: { path },
    body: { approved: true },
  });
  // @ts-expect-error the schema has no such member
  await client.POST(`${management}/instances/{instanceId}/raiseEvent/Approval`, { params: { path }, body: { ok: 1 } });
  const { data } = await client.GET(`${management}/instances/{instanceId}`, {
    params: { path, query: { showHistory: true } },
  });
  const status:
    | "Running"
    | "Completed"
    | "ContinuedAsNew"
    | "Failed"
    | "Canceled"
    | "Terminated"
    | "Pending"
    | "Suspended" = data!.runtimeStatus;
  // @ts-expect-error this one does not exist
  await client.GET(`${management}/instance/{instanceId}`, { params: { path } });
  return status.length;
}

export async function count(): Promise<number | undefined> {
  const params = { path: { key: "a" }, query: { op: "add" } };
  await client.POST(`${management}/entities/Counter/{key}`, { params, body: 1 });
  // @ts-expect-error the operation takes a number
  await client.POST(`${management}/entities/Counter/{key}`, { params, body: {} });
  const { data } = await client.GET(`${management}/entities/Counter/{key}`, { params: { path: { key: "a" } } });
  return data?.value;
}

export async function read(): Promise<unknown> {
  // @ts-expect-error the route has a number
  await client.GET("/v1/orders/{id}", { params: { path: { id: "seven" } } });
  return (await client.GET("/v1/orders/{id}/{part}", { params: { path: { id: 7, part: "lines" } } })).data;
}
