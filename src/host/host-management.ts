import { createManagementApi, type ManagementApi, type ManagementApiOptions } from "../http/management-api.ts";
import { RequestGuard } from "../http/request-guard.ts";
import { createSignedLinkDoor, signEachVerb } from "../http/signed-link-door.ts";
import type { SignLink } from "../management/signed-links.ts";
import type { HostAccess } from "./access/host-access.ts";

/** The management API of the local host, and how links to it are signed. */
export interface HostManagement {
  readonly api: ManagementApi;
  /** The same, for what runs in this process: asks for no key, and is to be served on the loopback address only. */
  readonly inner: ManagementApi;
  readonly signLink: SignLink | undefined;
}

/**
 * The management API behind the keys of a host. One path is two doors: whoever shows a key gets all of it; a signed link
 * opens its instance without one, also where it comes with a key that opens nothing here.
 */
export function createHostManagement(
  options: Omit<ManagementApiOptions, "links" | "authorize">,
  access: HostAccess,
): HostManagement {
  const { basePath, taskHub } = options;
  const signing = access.linkSigning(taskHub);
  const signLink = signing && signEachVerb(signing);
  const links = { basePath, signLink };
  const keyed = createManagementApi({
    ...options,
    links,
    authorize: (_route, query, headers) =>
      access.check("system", "the management API", headers.get("x-functions-key"), query),
  });
  const own = new RequestGuard({ allowedHosts: [], allowedOrigins: [] });
  const inner = createManagementApi({ ...options, guard: own, links });
  if (signing === undefined) return { api: keyed, inner, signLink };
  const signed = createSignedLinkDoor(options, signing);
  return {
    api: (request) => {
      const { searchParams } = new URL(request.url);
      const isKeyed = access.isOpenedBy("system", request.headers.get("x-functions-key"), searchParams);
      return searchParams.has("signature") && !isKeyed ? signed(request) : keyed(request);
    },
    inner,
    signLink,
  };
}
