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

/** The emulator's account, which is public knowledge and the same everywhere. */
const emulator = {
  accountName: "devstoreaccount1",
  accountKey: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  ports: { blob: 10000, queue: 10001, table: 10002 },
};

/**
 * Reads an Azure Storage connection string.
 *
 * @param setting names where the text came from, for the error
 * @throws DurableError `InvalidOption`; its message never repeats the text, which holds a key
 */
export function parseConnectionString(text: unknown, setting: string): StorageConnection {
  const refuse = (problem: string) => new DurableError("InvalidOption", `${setting} ${problem}`);
  if (typeof text !== "string" || text.trim() === "") {
    throw refuse('must be an Azure Storage connection string, for example "UseDevelopmentStorage=true"');
  }
  const parts = new Map<string, string>();
  for (const part of text.split(";").map((part) => part.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals <= 0) throw refuse("is not a connection string: expected Name=Value pairs, separated by semicolons");
    parts.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  if (parts.get("usedevelopmentstorage")?.toLowerCase() === "true") return emulatorConnection(parts, refuse);

  const credential = readCredential(parts, refuse);
  const endpoint = (service: "blob" | "queue" | "table") => {
    const explicit = parts.get(`${service}endpoint`);
    if (explicit !== undefined) return checkEndpoint(explicit, `${service} endpoint`, refuse);
    const account = parts.get("accountname");
    if (account === undefined) throw refuse(`has neither AccountName nor ${capital(service)}Endpoint`);
    const protocol = parts.get("defaultendpointsprotocol") ?? "https";
    const suffix = parts.get("endpointsuffix") ?? "core.windows.net";
    return checkEndpoint(`${protocol}://${account}.${service}.${suffix}`, `${service} endpoint`, refuse);
  };
  return {
    queueEndpoint: endpoint("queue"),
    tableEndpoint: endpoint("table"),
    blobEndpoint: endpoint("blob"),
    credential,
  };
}

type Refuse = (problem: string) => DurableError;

function readCredential(parts: ReadonlyMap<string, string>, refuse: Refuse): StorageCredential {
  const signature = parts.get("sharedaccesssignature");
  if (signature !== undefined) return { kind: "sharedAccessSignature", query: signature.replace(/^\?/, "") };
  const accountName = parts.get("accountname");
  const accountKey = parts.get("accountkey");
  if (accountName === undefined || accountName === "") throw refuse("has no AccountName");
  if (accountKey === undefined || accountKey === "") throw refuse("has neither AccountKey nor SharedAccessSignature");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(accountKey) || accountKey.length % 4 !== 0) {
    throw refuse("has an AccountKey that is not Base64");
  }
  return { kind: "accountKey", accountName, accountKey };
}

function emulatorConnection(parts: ReadonlyMap<string, string>, refuse: Refuse): StorageConnection {
  const proxy = checkEndpoint(parts.get("developmentstorageproxyuri") ?? "http://127.0.0.1", "proxy address", refuse);
  const at = (port: number) => `${proxy}:${port}/${emulator.accountName}`;
  return {
    queueEndpoint: at(emulator.ports.queue),
    tableEndpoint: at(emulator.ports.table),
    blobEndpoint: at(emulator.ports.blob),
    credential: { kind: "accountKey", accountName: emulator.accountName, accountKey: emulator.accountKey },
  };
}

function checkEndpoint(text: string, what: string, refuse: Refuse): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.search !== "") {
    throw refuse(`has a ${what} that is not an http or https URL`);
  }
  return text.replace(/\/+$/, "");
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
