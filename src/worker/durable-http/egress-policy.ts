/** Header names that carry credentials, besides those that {@link isCredentialHeader} knows by their ending. */
const credentialHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "cookie2",
  "x-functions-key",
  "x-api-key",
  "x-ms-client-principal",
  "x-identity-header",
]);

/** Host names under which clouds serve credentials to their machines. */
const metadataNames: ReadonlySet<string> = new Set(["metadata.google.internal", "metadata.goog", "metadata"]);
/** Metadata addresses outside the link-local ranges: Azure's wire server, Alibaba, Oracle. */
const metadataAddresses: ReadonlySet<string> = new Set(["168.63.129.16", "100.100.100.200", "192.0.0.192"]);

/** `true` for a header that must not leave the origin it was meant for. */
export function isCredentialHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return credentialHeaders.has(lower) || /(?:^|[-_])(?:token|key|secret|password|signature|apikey)$/.test(lower);
}

/** The headers without those that carry credentials. */
export function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isCredentialHeader(name)));
}

/** Why a request must not go to this URL at all; `undefined` when it may. */
export function describeForbiddenUrl(url: URL): string | undefined {
  if (url.protocol !== "http:" && url.protocol !== "https:") return `the scheme '${url.protocol}' is not http or https`;
  if (url.username !== "" || url.password !== "") return "the URL holds a user name or a password; use a header";
  return undefined;
}

/** Why one request must not be followed by the next; `undefined` when it may. */
export function describeForbiddenHop(from: URL, to: URL): string | undefined {
  if (from.protocol === "https:" && to.protocol === "http:") return "it leads from https to http";
  return describeForbiddenUrl(to);
}

/**
 * `true` for a host name or an address that serves a machine's own credentials or lies on its own link. A request that
 * carries credentials never goes there.
 */
export function isMetadataHost(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  if (metadataNames.has(name)) return true;
  const address = name.includes(":") ? embeddedIpv4(expandIpv6(name)) : name;
  return isMetadataAddress(address);
}

function isMetadataAddress(address: string): boolean {
  if (address.startsWith("169.254.") || metadataAddresses.has(address)) return true;
  return /^fe[89ab][0-9a-f]:/.test(address) || address === "fd00:ec2:0:0:0:0:0:254";
}

/** All eight groups, without leading zeros; the text itself when it is no address. */
function expandIpv6(address: string): string {
  const [text = ""] = address.split("%");
  let canonical: string;
  try {
    canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return address;
  }
  const [head = "", tail] = canonical.split("::");
  const groups = (part: string | undefined) => (part ? part.split(":") : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(tail === undefined ? 0 : missing).fill("0"), ...groups(tail)].join(":");
}

/** The IPv4 address inside a mapped, compatible, NAT64 or 6to4 address; other addresses as they are. */
function embeddedIpv4(address: string): string {
  const groups = address.split(":");
  const prefix = groups.slice(0, 6).join(":");
  if (["0:0:0:0:0:ffff", "0:0:0:0:0:0", "64:ff9b:0:0:0:0"].includes(prefix)) return dotted(groups[6], groups[7]);
  return groups[0] === "2002" ? dotted(groups[1], groups[2]) : address;
}

function dotted(high: string | undefined, low: string | undefined): string {
  const [first, second] = [Number.parseInt(high ?? "0", 16), Number.parseInt(low ?? "0", 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join(".");
}
