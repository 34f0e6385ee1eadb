import type { EntityMetadata } from "../core/entity-client.ts";
import type { EntityRef } from "../core/entity-id.ts";
import { formatTime } from "../entities/wire-time.ts";
import { emptyAnswer, jsonAnswer } from "./answers.ts";
import type { ManagementCall } from "./management-call.ts";
import type { ManagementRoute } from "./management-route.ts";
import { answerPage, readPaging } from "./paging.ts";
import { readValueBody } from "./request-body.ts";
import { formatPayload } from "./status-json.ts";

/** A route that concerns entities. */
export type EntityRoute = Extract<ManagementRoute, { readonly kind: `${string}Entity` | "listEntities" }>;

export async function answerEntityRoute(call: ManagementCall, route: EntityRoute): Promise<Response> {
  switch (route.kind) {
    case "listEntities":
      return list(call, route.name);
    case "readEntity":
      return read(call, route);
    case "signalEntity": {
      call.startChecks?.assertEntityKnown(route.name);
      const input = await readValueBody(call.request, call);
      const operation = call.query.text("op");
      await call.startChecks?.checkOperation(route.name, operation ?? "", input);
      return signal(call, route, operation, input);
    }
    case "deleteEntity":
      call.startChecks?.assertEntityKnown(route.name);
      return signal(call, route, "delete", undefined);
  }
}

async function read(call: ManagementCall, { name, key }: EntityRef): Promise<Response> {
  const found = await call.client.entities.get({ name, key });
  return found?.exists ? jsonAnswer(200, formatPayload(found.state)) : emptyAnswer(404);
}

async function signal(
  call: ManagementCall,
  { name, key }: EntityRef,
  operation: string | undefined,
  input: string | undefined,
): Promise<Response> {
  await call.client.entities.signal({ name, key }, { operation, input });
  return emptyAnswer(202);
}

async function list(call: ManagementCall, name: string | undefined): Promise<Response> {
  const { query, client } = call;
  const { entities, continuationToken } = await client.entities.query({
    name,
    lastModifiedFrom: query.date("lastOperationTimeFrom"),
    lastModifiedTo: query.date("lastOperationTimeTo"),
    includeState: query.flag("fetchState", false),
    ...readPaging(call),
  });
  return answerPage(entities.map(formatEntity), continuationToken);
}

/** The state is put in as it is stored. */
function formatEntity({ id, lastModifiedTime, state }: EntityMetadata): string {
  const entityId = JSON.stringify({ name: id.name.toLowerCase(), key: id.key });
  const time = JSON.stringify(formatTime(lastModifiedTime));
  return `{"entityId":${entityId},"lastOperationTime":${time},"state":${formatPayload(state)}}`;
}
