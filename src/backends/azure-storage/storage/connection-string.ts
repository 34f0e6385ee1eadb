import { DurableError } from "../../../core/errors.ts";
import {
  formatEndpoint,
  isSignature,
  type Refuse,
  readEndpoint,
  readUrl,
  type ServiceEndpoint,
} from "./service-endpoint.ts";
import { emulator, type StorageConnection, type StorageCredential, type StorageService } from "./storage-connection.ts";

type Parts = ReadonlyMap<string, string>;
type ExplicitEndpoints = Readonly<Record<StorageService, ServiceEndpoint | undefined>>;

const storageServices: readonly StorageService[] = ["blob", "queue", "table"];

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
  const credential = readCredential(parts, explicit, refuse);
  return {
    queueEndpoint: explicit.queue?.url ?? accountEndpoint(parts, "queue", refuse),
    tableEndpoint: explicit.table?.url ?? accountEndpoint(parts, "table", refuse),
    blobEndpoint: explicit.blob?.url ?? accountEndpoint(parts, "blob", refuse),
    credential,
  };
}

/**
 * The connection string of an emulator whose services answer at `urls`, without a trailing slash.
 *
 * @param accountKey of its account. Defaults to the one that emulators have everywhere.
 */
export function formatEmulatorConnectionString(
  urls: Readonly<Record<StorageService, string>>,
  accountKey: string = emulator.accountKey,
): string {
  const { accountName } = emulator;
  return [
    "DefaultEndpointsProtocol=http",
    `AccountName=${accountName}`,
    `AccountKey=${accountKey}`,
    `BlobEndpoint=${urls.blob}/${accountName}`,
    `QueueEndpoint=${urls.queue}/${accountName}`,
    `TableEndpoint=${urls.table}/${accountName}`,
  ].join(";");
}

function readParts(given: unknown, refuse: Refuse): Parts {
  const text = typeof given === "string" ? given.trim() : "";
  if (text === "") {
    throw refuse('must be an Azure Storage connection string, for example "UseDevelopmentStorage=true"');
  }
  if (/(?:^|=)\s*@Microsoft\.\w+\(/i.test(text)) {
    throw refuse(
      "is a reference (@Microsoft...) that nothing has resolved: check it in Azure; elsewhere set the connection string itself",
    );
  }
  if (/^["'\u2018-\u201d`]|["'\u2018-\u201d`]$/.test(text))
    throw refuse("stands in quotation marks, which are no part of it: remove them");
  if (/^https?:/i.test(text)) {
    throw refuse(
      "is not a connection string but a URL: in Azure it stands under 'Access keys' or 'Shared access signature'",
    );
  }
  const parts = new Map<string, string>();
  for (const part of text.split(";").map((part) => part.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals <= 0) throw refuse("is not a connection string: expected Name=Value pairs, separated by semicolons");
    const [name, value] = [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
    if ((parts.get(name) ?? value) !== value) throw refuse("says one of its Name=Value pairs twice, and differently");
    parts.set(name, value);
  }
  if (parts.size === 0) {
    throw refuse("is not a connection string: expected Name=Value pairs, separated by semicolons");
  }
  return parts;
}

/** A signature goes before a key, and one in the URL of a service before the one for all. */
function readCredential(parts: Parts, explicit: ExplicitEndpoints, refuse: Refuse): StorageCredential {
  const shared = readSignature(parts, refuse);
  const queries = {
    blob: explicit.blob?.signature ?? shared,
    queue: explicit.queue?.signature ?? shared,
    table: explicit.table?.signature ?? shared,
  };
  for (const service of storageServices) assertCovers(queries[service], service, refuse);
  const { blob, queue, table } = queries;
  if (blob !== undefined && queue !== undefined && table !== undefined) {
    return { kind: "sharedAccessSignature", queries: { blob, queue, table } };
  }
  const unsigned = storageServices.filter((service) => queries[service] === undefined);
  if (unsigned.length < storageServices.length) {
    const names = unsigned.map(endpointName).join(" and ");
    throw refuse(`has a signature in one of its URLs and none for ${names}: a task hub needs all three services`);
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

function readSignature(parts: Parts, refuse: Refuse): string | undefined {
  const signature = parts.get("sharedaccesssignature")?.replace(/^\?/, "");
  if (signature === undefined || signature === "") return undefined;
  if (isSignature(signature)) return signature;
  throw refuse("has a SharedAccessSignature without 'sig=': it looks like sv=...&sig=...");
}

/** A signature for a whole account names the services that it opens, by their first letters. */
function assertCovers(query: string | undefined, service: StorageService, refuse: Refuse): void {
  const services = new URLSearchParams(query ?? "").get("ss");
  if (services === null || services.toLowerCase().includes(service.charAt(0))) return;
  throw refuse(`has a signature that does not open the ${service}s ('ss'): a task hub needs queues, tables and blobs`);
}

/** The emulator on its own ports, on this machine or on the one that `DevelopmentStorageProxyUri` names. */
function emulatorConnection(parts: Parts, refuse: Refuse): StorageConnection {
  for (const name of ["BlobEndpoint", "QueueEndpoint", "TableEndpoint", "SharedAccessSignature"]) {
    if (!parts.get(name.toLowerCase())) continue;
    throw refuse(`has UseDevelopmentStorage=true beside ${name}, which would mean nothing: leave one of them out`);
  }
  const proxy = parts.get("developmentstorageproxyuri") || "http://127.0.0.1";
  const url = readUrl(proxy, "a DevelopmentStorageProxyUri", refuse);
  if (url.pathname !== "/" || url.search !== "" || /:\d+\/*$/.test(proxy)) {
    throw refuse(
      "has a DevelopmentStorageProxyUri with a port or path: it takes a host alone (http://azurite), " +
        "for other ports name BlobEndpoint, QueueEndpoint and TableEndpoint",
    );
  }
  const at = (service: StorageService) =>
    `${url.protocol}//${url.hostname}:${emulator.ports[service]}/${emulator.accountName}`;
  return {
    queueEndpoint: at("queue"),
    tableEndpoint: at("table"),
    blobEndpoint: at("blob"),
    credential: { kind: "accountKey", accountName: emulator.accountName, accountKey: emulator.accountKey },
  };
}

/** The endpoint that the text names for a service. */
function explicitEndpoint(parts: Parts, service: StorageService, refuse: Refuse): ServiceEndpoint | undefined {
  const text = parts.get(`${service}endpoint`);
  if (text === undefined || text === "") return undefined;
  return readEndpoint(text, service, `a ${endpointName(service)}`, refuse);
}

/** Where a service of an account answers that is known by its name alone. */
function accountEndpoint(parts: Parts, service: StorageService, refuse: Refuse): string {
  const account = parts.get("accountname") ?? "";
  if (account === "") throw refuse(`has neither AccountName nor ${endpointName(service)}`);
  const suffix = parts.get("endpointsuffix") ?? "core.windows.net";
  const protocol = parts.get("defaultendpointsprotocol") ?? "https";
  return formatEndpoint(account, service, { protocol, suffix }, refuse);
}

function endpointName(service: StorageService): string {
  return `${service.charAt(0).toUpperCase()}${service.slice(1)}Endpoint`;
}
