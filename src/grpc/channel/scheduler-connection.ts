import { DurableError } from "../../core/errors.ts";
import { parseServiceAddress } from "./service-address.ts";

/** How a client of a Durable Task Scheduler proves who it is, in the spelling of connection strings. */
export const authenticationKinds = [
  "DefaultAzure",
  "ManagedIdentity",
  "WorkloadIdentity",
  "Environment",
  "AzureCLI",
  "AzurePowerShell",
  "InteractiveBrowser",
  "VisualStudio",
  "VisualStudioCode",
  "IntelliJ",
  "None",
] as const;

export type AuthenticationKind = (typeof authenticationKinds)[number];

/** What a connection string of a Durable Task Scheduler says. */
export interface SchedulerConnection {
  /** With its scheme: `https://my-scheduler.westus2.durabletask.io`. */
  readonly endpoint: string;
  readonly taskHub: string;
  readonly authentication: AuthenticationKind;
  /** Of a managed identity or an app registration. */
  readonly clientId: string | undefined;
  readonly tenantId: string | undefined;
  /** Of the token of a workload identity. */
  readonly tokenFilePath: string | undefined;
  readonly additionallyAllowedTenants: readonly string[] | undefined;
}

const keys = [
  "Endpoint",
  "TaskHub",
  "Authentication",
  "ClientID",
  "TenantId",
  "TokenFilePath",
  "AdditionallyAllowedTenants",
] as const;

type Key = (typeof keys)[number];

/**
 * Reads `Endpoint=https://...;TaskHub=...;Authentication=DefaultAzure`; keys and kinds of authentication ignore case, an
 * endpoint without a scheme is spoken to by TLS.
 *
 * @param setting names where the text came from, for the error
 * @throws DurableError `InvalidOption`; its message repeats no value that could be a secret
 * @example
 * parseSchedulerConnectionString("Endpoint=http://localhost:8080;TaskHub=default;Authentication=None")
 */
export function parseSchedulerConnectionString(text: unknown, setting = "the connection string"): SchedulerConnection {
  const refuse = (problem: string) => new DurableError("InvalidOption", `${setting} ${problem}`);
  if (typeof text !== "string" || text.trim() === "") {
    throw refuse('must be a text, for example "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None"');
  }
  const values = readPairs(text, refuse);
  const required = (key: Key): string => {
    const value = values.get(key);
    if (value !== undefined) return value;
    throw refuse(`has no ${key}: it needs Endpoint, TaskHub and Authentication`);
  };
  const endpoint = withScheme(required("Endpoint"));
  try {
    parseServiceAddress(endpoint);
  } catch (cause) {
    throw new DurableError("InvalidOption", `${setting} has no usable Endpoint: ${(cause as Error).message}`, {
      cause,
    });
  }
  const tenants = values.get("AdditionallyAllowedTenants")?.split(",") ?? [];
  const additionallyAllowedTenants = tenants.map((tenant) => tenant.trim()).filter((tenant) => tenant !== "");
  return {
    endpoint,
    taskHub: required("TaskHub"),
    authentication: readAuthentication(required("Authentication"), refuse),
    clientId: values.get("ClientID"),
    tenantId: values.get("TenantId"),
    tokenFilePath: values.get("TokenFilePath"),
    additionallyAllowedTenants: additionallyAllowedTenants.length === 0 ? undefined : additionallyAllowedTenants,
  };
}

/** An empty value counts as none. */
function readPairs(text: string, refuse: (problem: string) => DurableError): ReadonlyMap<Key, string> {
  const values = new Map<Key, string>();
  for (const pair of text.split(";").map((part) => part.trim())) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals <= 0) throw refuse("is no connection string: expected Name=Value pairs, separated by semicolons");
    const name = pair.slice(0, equals).trim();
    const key = keys.find((known) => known.toLowerCase() === name.toLowerCase());
    if (key === undefined) {
      // Of a text that is cut in the wrong place a value stands here.
      const shown = /^[A-Za-z ]{1,32}$/.test(name) ? `'${name}' ` : "";
      throw refuse(`has a key ${shown}that is not known; it takes ${keys.join(", ")}`);
    }
    if (values.has(key)) throw refuse(`names ${key} twice`);
    const value = pair.slice(equals + 1).trim();
    if (value !== "") values.set(key, value);
  }
  return values;
}

function withScheme(endpoint: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint)) return endpoint;
  // An emulator of this machine speaks plaintext.
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?\/?$/i.test(endpoint);
  return `${isLocal ? "http" : "https"}://${endpoint}`;
}

function readAuthentication(text: string, refuse: (problem: string) => DurableError): AuthenticationKind {
  const kind = authenticationKinds.find((known) => known.toLowerCase() === text.toLowerCase());
  if (kind !== undefined) return kind;
  throw refuse(`has an Authentication that is not known; it takes ${authenticationKinds.join(", ")}`);
}
