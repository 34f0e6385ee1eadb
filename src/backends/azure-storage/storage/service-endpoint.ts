import type { DurableError } from "../../../core/errors.ts";
import type { StorageService } from "./storage-connection.ts";

/** Makes the error of whoever reads a setting; `problem` follows the name of the setting. */
export type Refuse = (problem: string) => DurableError;

/** Storage accounts of the public clouds; whatever else answers is an emulator, a proxy or a custom domain. */
const accountHost =
  /\.(?:core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)|storage\.azure\.net)$/i;

export interface ServiceEndpoint {
  /** Without a trailing slash and without a query. */
  readonly url: string;
  /** A signature that stood in it, without a question mark. */
  readonly signature: string | undefined;
}

/**
 * Reads the address of one service.
 *
 * @param what names it for the error: `a BlobEndpoint`. The error never repeats the text, which may hold a signature
 * @throws what `refuse` makes
 */
export function readEndpoint(text: string, service: StorageService, what: string, refuse: Refuse): ServiceEndpoint {
  const url = readUrl(text, what, refuse);
  const { hostname } = url;
  if (/\.cosmos(?:db)?\.azure\.\w+$/i.test(hostname)) {
    throw refuse(`has ${what} of Cosmos DB: a task hub needs the queues, tables and blobs of one storage account`);
  }
  const isAccount = accountHost.test(hostname);
  const other = /\.(blob|queue|table|file|dfs|web)\./i.exec(isAccount ? hostname : "")?.[1]?.toLowerCase();
  if (other !== undefined && other !== service) {
    throw refuse(`has ${what} that leads to another service of the account ('.${other}.'), not to its ${service}s`);
  }
  assertPrimary(hostname.split(".")[0]!, isAccount, refuse);
  assertPrimary(url.pathname, true, refuse);
  assertEncrypted(url, refuse);
  const signature = url.search === "" ? undefined : url.search.slice(1);
  if (signature !== undefined && !isSignature(signature)) {
    throw refuse(`has ${what} with a '?' in it that begins no signature (sv=...&sig=...)`);
  }
  return { url: text.replace(/\?.*$/s, "").replace(/\/+$/, ""), signature };
}

/** The address of a service of an account that is known by its name, such as `https://name.blob.core.windows.net`. */
export function formatEndpoint(
  account: string,
  service: StorageService,
  { protocol, suffix }: { readonly protocol: string; readonly suffix: string },
  refuse: Refuse,
): string {
  assertPrimary(account, true, refuse);
  if (!/^[a-z0-9-]+$/i.test(account)) throw refuse("has an AccountName that is none: it takes letters and digits");
  if (!/^[a-z0-9][a-z0-9.-]*(?::\d+)?$/i.test(suffix)) {
    throw refuse("has an EndpointSuffix that is no domain: it looks like core.windows.net, without a dot in front");
  }
  const text = `${protocol}://${account}.${service}.${suffix}`;
  assertEncrypted(readUrl(text, "a DefaultEndpointsProtocol", refuse), refuse);
  return text;
}

/** An http or https URL without a user, a password or a fragment. */
export function readUrl(text: string, what: string, refuse: Refuse): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refuse(`has ${what} that is not an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") throw refuse(`has ${what} with a user name or password in it`);
  if (text.includes("#")) throw refuse(`has ${what} with a '#' in it, which no endpoint has`);
  return url;
}

/** `true` for the query of a shared access signature. */
export function isSignature(query: string): boolean {
  return /(?:^|&)sig=[^&]/i.test(query);
}

function assertPrimary(name: string, isAccountName: boolean, refuse: Refuse): void {
  if (!isAccountName || !/-secondary\/*$/i.test(name)) return;
  throw refuse(
    "names the secondary location of an account ('-secondary'), which is read-only: name the account itself",
  );
}

/** An account refuses http unless that was allowed for it, and then inputs and signatures would travel in the clear. */
function assertEncrypted(url: URL, refuse: Refuse): void {
  if (url.protocol === "http:" && accountHost.test(url.hostname)) {
    throw refuse(
      "reaches a storage account by http, which accounts refuse: use https (DefaultEndpointsProtocol=https)",
    );
  }
}
