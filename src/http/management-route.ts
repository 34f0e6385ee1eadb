import { RequestRefused } from "./answers.ts";

/** Operations on one instance that take nothing but a reason. */
type ReasonOperation = "terminate" | "suspend" | "resume" | "rewind";

/** What a request asks for. */
export type ManagementRoute =
  | { readonly kind: "start"; readonly name: string; readonly instanceId: string | undefined }
  | { readonly kind: "list" }
  | { readonly kind: "purgeBy" }
  | { readonly kind: "status"; readonly instanceId: string }
  | { readonly kind: "purge"; readonly instanceId: string }
  | { readonly kind: "raiseEvent"; readonly instanceId: string; readonly eventName: string }
  | { readonly kind: "restart"; readonly instanceId: string }
  | { readonly kind: ReasonOperation; readonly instanceId: string }
  | { readonly kind: "listEntities"; readonly name: string | undefined }
  | { readonly kind: "readEntity"; readonly name: string; readonly key: string }
  | { readonly kind: "signalEntity"; readonly name: string; readonly key: string }
  | { readonly kind: "deleteEntity"; readonly name: string; readonly key: string }
  | { readonly kind: "makePrimary" }
  | { readonly kind: "openApi" };

/**
 * Reads method and path. `undefined` means 404, also for a known path with another method: the genuine extension
 * answers so, its clients rely on it, and a 405 would only tell strangers which paths exist.
 *
 * @param path below the base path, as it came over the wire
 * @throws RequestRefused 400 when a segment is not percent-encoded UTF-8
 */
export function parseManagementRoute(method: string, path: string): ManagementRoute | undefined {
  const segments = splitPath(path);
  const [collection, first, second, third] = segments;
  if (collection === undefined || segments.includes("")) return undefined;

  switch (collection.toLowerCase()) {
    case "orchestrators":
      if (method !== "POST" || first === undefined || segments.length > 3) return undefined;
      return { kind: "start", name: first, instanceId: second };
    case "instances":
      if (first === undefined) return collectionRoute(method);
      if (second === undefined) return instanceRoute(method, first);
      return method === "POST" ? operationRoute(first, second, third, segments.length) : undefined;
    case "entities":
      return segments.length > 3 ? undefined : entityRoute(method, first, second);
    case "openapi.json":
      return method === "GET" && first === undefined ? { kind: "openApi" } : undefined;
    case "makeprimary":
      return method === "POST" && first === undefined ? { kind: "makePrimary" } : undefined;
    default:
      return undefined;
  }
}

/** Without a key a GET asks for the list, and all else means the entity with the empty key, whose other name is `$`. */
function entityRoute(method: string, name: string | undefined, key: string | undefined): ManagementRoute | undefined {
  if (method === "GET" && key === undefined) return { kind: "listEntities", name };
  if (name === undefined) return undefined;
  const entity = { name, key: key === "$" ? "" : (key ?? "") };
  switch (method) {
    case "GET":
      return { kind: "readEntity", ...entity };
    case "POST":
      return { kind: "signalEntity", ...entity };
    case "DELETE":
      return { kind: "deleteEntity", ...entity };
    default:
      return undefined;
  }
}

function collectionRoute(method: string): ManagementRoute | undefined {
  if (method === "GET") return { kind: "list" };
  return method === "DELETE" ? { kind: "purgeBy" } : undefined;
}

function instanceRoute(method: string, instanceId: string): ManagementRoute | undefined {
  if (method === "GET") return { kind: "status", instanceId };
  return method === "DELETE" ? { kind: "purge", instanceId } : undefined;
}

function operationRoute(
  instanceId: string,
  operation: string,
  eventName: string | undefined,
  length: number,
): ManagementRoute | undefined {
  const name = operation.toLowerCase();
  if (name === "raiseevent") {
    return eventName !== undefined && length === 4 ? { kind: "raiseEvent", instanceId, eventName } : undefined;
  }
  if (length !== 3) return undefined;
  switch (name) {
    case "terminate":
    case "suspend":
    case "resume":
    case "rewind":
    case "restart":
      return { kind: name, instanceId };
    default:
      return undefined;
  }
}

/** Decodes each segment once: `%252F` is the text `%2F`, and `%2F` is a slash that no instance id may hold. */
function splitPath(path: string): string[] {
  const segments = path.split("/");
  if (segments[0] === "") segments.shift();
  if (segments.at(-1) === "") segments.pop();
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    throw new RequestRefused(400, "The path is not valid percent-encoded UTF-8");
  }
}
