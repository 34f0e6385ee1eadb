import { DurableError } from "../../../core/errors.ts";

/** Where the three services of a storage account are, and what opens them. */
export interface StorageConnection {
  /** Without a trailing slash. */
  readonly queueEndpoint: string;
  readonly tableEndpoint: string;
  readonly blobEndpoint: string;
  readonly credential: StorageCredential;
}

type StorageCredential =
  | { readonly kind: "accountKey"; readonly accountName: string; readonly accountKey: string }
  /** `query` has no leading question mark. */
  | { readonly kind: "sharedAccessSignature"; readonly query: string };

type Service = "blob" | "queue" | "table";
type Parts = ReadonlyMap<string, string>;
type Refuse = (problem: string) => DurableError;

/** The emulator's account, which is public knowledge and the same everywhere. */
const emulator = {
  accountName: "devstoreaccount1",
  accountKey: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  ports: { blob: 10000, queue: 10001, table: 10002 },
};

/** Storage accounts of the public clouds; whatever else answers is an emulator, a proxy or a custom domain. */
const accountHost =
  /\.(?:core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)|storage\.azure\.net)$/i;

/**
 * Reads an Azure Storage connection string: the only reader of them, so that what is checked before a start and what is
 * opened are the same account.
 *
 * @param setting names where the text came from, for the error
 * @throws DurableError `InvalidOption` that names the cause; its message never repeats the text, which holds a key
 */
export function parseConnectionString(text: unknown, setting: string): StorageConnection {
  const refuse = (problem: string) => new DurableError("InvalidOption", `${setting} ${problem}`);
  const parts = readParts(text, refuse);
  if (parts.get("usedevelopmentstorage")?.toLowerCase() === "true") return emulatorConnection(parts, refuse);

  const explicit = {
    queue: explicitEndpoint(parts, "queue", refuse),
    table: explicitEndpoint(parts, "table", refuse),
    blob: explicitEndpoint(parts, "blob", refuse),
  };
  const credential = readCredential(parts, refuse);
  return {
    queueEndpoint: explicit.queue ?? accountEndpoint(parts, "queue", refuse),
    tableEndpoint: explicit.table ?? accountEndpoint(parts, "table", refuse),
    blobEndpoint: explicit.blob ?? accountEndpoint(parts, "blob", refuse),
    credential,
  };
}

/** The connection string of an emulator whose services answer at `urls`, without a trailing slash. */
export function formatEmulatorConnectionString(urls: Readonly<Record<Service, string>>): string {
  const { accountName, accountKey } = emulator;
  return [
    "DefaultEndpointsProtocol=http",
    `AccountName=${accountName}`,
    `AccountKey=${accountKey}`,
    `BlobEndpoint=${urls.blob}/${accountName}`,
    `QueueEndpoint=${urls.queue}/${accountName}`,
    `TableEndpoint=${urls.table}/${accountName}`,
  ].join(";");
}

/** The account as people may see it: no keys, no signatures. */
export function describeConnection(connection: StorageConnection): string {
  const { host, pathname } = new URL(connection.queueEndpoint);
  if (host === `127.0.0.1:${emulator.ports.queue}`) return "Azurite on its default ports";
  return `${host}${pathname === "/" ? "" : pathname}`;
}

function readParts(given: unknown, refuse: Refuse): Parts {
  const text = typeof given === "string" ? given.trim() : "";
  if (text === "") {
    throw refuse('must be an Azure Storage connection string, for example "UseDevelopmentStorage=true"');
  }
  if (/^@Microsoft\.\w+\(/i.test(text)) {
    throw refuse(
      "is a reference (@Microsoft...) that nothing has resolved: check it in Azure; elsewhere set the connection string itself",
    );
  }
  if (/^["']|["']$/.test(text)) throw refuse("stands in quotation marks, which are no part of it: remove them");
  const parts = new Map<string, string>();
  for (const part of text.split(";").map((part) => part.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals <= 0) throw refuse("is not a connection string: expected Name=Value pairs, separated by semicolons");
    parts.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  if (parts.size === 0) {
    throw refuse("is not a connection string: expected Name=Value pairs, separated by semicolons");
  }
  return parts;
}

function readCredential(parts: Parts, refuse: Refuse): StorageCredential {
  const signature = parts.get("sharedaccesssignature");
  if (signature !== undefined && signature !== "") {
    return { kind: "sharedAccessSignature", query: signature.replace(/^\?/, "") };
  }
  const accountName = parts.get("accountname");
  const accountKey = parts.get("accountkey");
  if (accountName === undefined || accountName === "") {
    throw refuse("has no AccountName: is it the connection string of a storage account?");
  }
  if (accountKey === undefined || accountKey === "") throw refuse("has neither AccountKey nor SharedAccessSignature");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(accountKey) || accountKey.length % 4 !== 0) {
    throw refuse("has an AccountKey that is not Base64");
  }
  return { kind: "accountKey", accountName, accountKey };
}

/** The emulator on its own ports, on this machine or on the one that `DevelopmentStorageProxyUri` names. */
function emulatorConnection(parts: Parts, refuse: Refuse): StorageConnection {
  const proxy = parts.get("developmentstorageproxyuri") ?? "http://127.0.0.1";
  const url = readUrl(proxy, "a DevelopmentStorageProxyUri", refuse);
  if (url.pathname !== "/" || /:\d+\/*$/.test(proxy)) {
    throw refuse(
      "has a DevelopmentStorageProxyUri with a port or path: it takes a host alone (http://azurite), " +
        "for other ports name BlobEndpoint, QueueEndpoint and TableEndpoint",
    );
  }
  const at = (service: Service) =>
    `${url.protocol}//${url.hostname}:${emulator.ports[service]}/${emulator.accountName}`;
  return {
    queueEndpoint: at("queue"),
    tableEndpoint: at("table"),
    blobEndpoint: at("blob"),
    credential: { kind: "accountKey", accountName: emulator.accountName, accountKey: emulator.accountKey },
  };
}

function explicitEndpoint(parts: Parts, service: Service, refuse: Refuse): string | undefined {
  const text = parts.get(`${service}endpoint`);
  if (text === undefined || text === "") return undefined;
  const name = endpointName(service);
  const url = readUrl(text, `a ${name}`, refuse);
  if (/\.cosmos(?:db)?\.azure\.\w+$/i.test(url.hostname)) {
    throw refuse(`has a ${name} of Cosmos DB: a task hub needs the queues, tables and blobs of one storage account`);
  }
  assertPrimary(url.hostname.split(".")[0]!, accountHost.test(url.hostname), refuse);
  assertPrimary(url.pathname, true, refuse);
  assertEncrypted(url, refuse);
  return text.replace(/\/+$/, "");
}

/** Where a service of an account answers that is known by its name alone. */
function accountEndpoint(parts: Parts, service: Service, refuse: Refuse): string {
  const account = parts.get("accountname") ?? "";
  if (account === "") throw refuse(`has neither AccountName nor ${endpointName(service)}`);
  assertPrimary(account, true, refuse);
  if (!/^[a-z0-9-]+$/i.test(account)) throw refuse("has an AccountName that is none: it takes letters and digits");
  const suffix = parts.get("endpointsuffix") ?? "core.windows.net";
  if (!/^[a-z0-9][a-z0-9.-]*(?::\d+)?$/i.test(suffix)) {
    throw refuse("has an EndpointSuffix that is no domain: it looks like core.windows.net, without a dot in front");
  }
  const protocol = parts.get("defaultendpointsprotocol") ?? "https";
  const text = `${protocol}://${account}.${service}.${suffix}`;
  assertEncrypted(readUrl(text, "a DefaultEndpointsProtocol", refuse), refuse);
  return text;
}

function readUrl(text: string, what: string, refuse: Refuse): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refuse(`has ${what} that is not an http or https URL`);
  }
  if (/[?&]sig=/i.test(url.search)) {
    throw refuse(
      `has ${what} with a signature inside: give it once, as SharedAccessSignature=..., and not in the URLs`,
    );
  }
  if (url.username !== "" || url.password !== "") throw refuse(`has ${what} with a user name or password in it`);
  if (/[?#]/.test(text)) throw refuse(`has ${what} with a '?' or '#' in it, which no endpoint has`);
  return url;
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

function endpointName(service: Service): string {
  return `${service.charAt(0).toUpperCase()}${service.slice(1)}Endpoint`;
}
