import type { LinkSigning, LinkVerb, SignLink } from "../management/signed-links.ts";
import { RequestRefused } from "./answers.ts";
import { createManagementApi, type ManagementApi, type ManagementApiOptions } from "./management-api.ts";
import type { ManagementRoute } from "./management-route.ts";

/** Each link opens its instance for one verb. */
export function signEachVerb(signing: LinkSigning): SignLink {
  return (instanceId, verb) => signing.sign(instanceId, [verb]);
}

/**
 * A management API that asks for no key. Only a link that was signed for just this instance and verb is served, and what is
 * answered opens nothing that the link did not.
 *
 * @param signing `undefined` when there is nothing to sign with: then nothing is served
 */
export function createSignedLinkDoor(
  options: Omit<ManagementApiOptions, "links" | "authorize">,
  signing: LinkSigning | undefined,
): ManagementApi {
  const signLink = signing && signEachVerb(signing);
  return createManagementApi({
    ...options,
    links: {
      basePath: options.basePath,
      // Who may restart an instance may read it.
      signLink: signLink && ((instanceId, verb) => (verb === "read" ? signLink(instanceId, verb) : "")),
    },
    authorize: (route, query) => assertSigned(signing, route, query),
  });
}

/** @throws RequestRefused 401 */
function assertSigned(signing: LinkSigning | undefined, route: ManagementRoute, query: URLSearchParams): void {
  const asked = askedOf(route, query);
  const verdict = asked && signing ? signing.verify(query, asked.instanceId, asked.verb) : "invalid";
  if (verdict === "valid") return;
  throw new RequestRefused(
    401,
    verdict === "expired"
      ? "This link has expired: ask for a new one where it came from, or show a key"
      : "This link does not allow that: it is for one instance and one purpose; anything else needs a key",
  );
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
