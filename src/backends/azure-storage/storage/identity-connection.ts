import type { AccessCredential } from "../../../core/access-credential.ts";
import { DurableError } from "../../../core/errors.ts";
import {
  type CreateCredential,
  createIdentityCredential,
  definedOptions,
  importIdentity,
  type LoadIdentity,
} from "../../../core/identity-package.ts";
import { credentialKinds, type IdentitySettings } from "../../../core/identity-settings.ts";
import { formatEndpoint, type Refuse, readEndpoint } from "./service-endpoint.ts";
import type { StorageConnection, StorageService } from "./storage-connection.ts";

/** A storage account that is opened by an identity of Microsoft Entra, and not by a key. */
export interface IdentityStorage {
  /** Of the account; its services are at `https://<accountName>.queue.core.windows.net` and so on. */
  readonly accountName?: string | undefined;
  /** Where a service is, in place of what follows from `accountName`: in other clouds, behind a proxy. */
  readonly blobServiceUri?: string | undefined;
  /** As `blobServiceUri`, for the queues. */
  readonly queueServiceUri?: string | undefined;
  /** As `blobServiceUri`, for the tables. */
  readonly tableServiceUri?: string | undefined;
  /** A `TokenCredential`, such as those of `@azure/identity`. @defaultValue its `DefaultAzureCredential` */
  readonly credential?: AccessCredential | undefined;
}

const services = [
  ["blob", "blobServiceUri"],
  ["queue", "queueServiceUri"],
  ["table", "tableServiceUri"],
] as const;

/**
 * The account of an identity that an app's code names.
 *
 * @param setting names the option, for errors
 * @throws DurableError `InvalidOption`
 */
export function connectByIdentity(
  storage: IdentityStorage,
  setting: string,
  load: LoadIdentity = importIdentity,
): StorageConnection {
  const refuse = (problem: string) => new DurableError("InvalidOption", `${setting} ${problem}`);
  const { credential } = storage;
  if (credential !== undefined && typeof credential?.getToken !== "function") {
    throw refuse("has a 'credential' that gives no tokens: it takes a TokenCredential, as those of '@azure/identity'");
  }
  const make = (create: CreateCredential) => create("DefaultAzureCredential", {});
  const tokens = credential ?? createIdentityCredential(setting, make, load);
  return { ...readEndpoints(storage, (name) => `the option '${name}'`, refuse), credential: { kind: "token", tokens } };
}

/**
 * The account that settings name by identity, as the .NET libraries read them. `@azure/identity` is loaded when the first
 * token is asked for.
 *
 * @param section the setting that the others stand below: `AzureWebJobsStorage` for `AzureWebJobsStorage__accountName`
 * @throws DurableError `InvalidOption` that names the setting and never repeats a secret
 */
export function connectByIdentitySettings(
  settings: IdentitySettings,
  section: string,
  load: LoadIdentity = importIdentity,
): StorageConnection {
  const refuse = (problem: string) => new DurableError("InvalidOption", `the connection '${section}' ${problem}`);
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== "string" || !/^\s*@Microsoft\.\w+\(/i.test(value)) continue;
    throw refuse(`has the setting ${section}__${name}, which is a reference (@Microsoft...) that nothing has resolved`);
  }
  const endpoints = readEndpoints(settings, (name) => `the setting ${section}__${name}`, refuse);
  const make = planCredential(settings, section, refuse);
  return {
    ...endpoints,
    credential: { kind: "token", tokens: createIdentityCredential(`the connection '${section}'`, make, load) },
  };
}

/** The three endpoints of an account, or why there are none. */
function readEndpoints(
  storage: IdentityStorage | IdentitySettings,
  describe: (name: string) => string,
  refuse: Refuse,
): Omit<StorageConnection, "credential"> {
  const accountName = storage.accountName?.trim();
  const urls = services.map(([service, name]) => {
    const text = storage[name]?.trim();
    if (text !== undefined && text !== "") return readServiceUri(text, service, describe(name), refuse);
    if (accountName !== undefined && accountName !== "") {
      if (!/^[a-z0-9-]+$/i.test(accountName)) {
        throw refuse(
          `has ${describe("accountName")} that is none: it takes the name alone, and URLs go into ${name} and so on`,
        );
      }
      return formatEndpoint(accountName, service, { protocol: "https", suffix: "core.windows.net" }, refuse);
    }
    throw refuse(`has neither ${describe("accountName")} nor ${describe(name)}: a task hub needs all three services`);
  });
  return { blobEndpoint: urls[0]!, queueEndpoint: urls[1]!, tableEndpoint: urls[2]! };
}

function readServiceUri(text: string, service: StorageService, what: string, refuse: Refuse): string {
  const { url, signature } = readEndpoint(text, service, what, refuse);
  if (signature !== undefined) {
    throw refuse(
      `has ${what} with a signature inside, beside an identity: give one of them, the signature in a connection string`,
    );
  }
  if (!/^https:/i.test(url)) throw refuse(`has ${what} without https, and tokens travel by nothing else`);
  return url;
}

/** Which credential it is: the rules of `Microsoft.Extensions.Azure`. */
function planCredential(
  settings: IdentitySettings,
  section: string,
  refuse: Refuse,
): (create: CreateCredential) => AccessCredential {
  const { clientId, tenantId, clientSecret, managedIdentityResourceId } = settings;
  const additionallyAllowedTenants = settings.additionallyAllowedTenants?.split(/[;,]/).map((tenant) => tenant.trim());
  const kind = settings.credential?.trim().toLowerCase();
  const need = (name: keyof IdentitySettings): string => {
    const value = settings[name];
    if (value !== undefined && value !== "") return value;
    throw refuse(`is by ${kind ?? "clientSecret"} and lacks ${section}__${name}`);
  };
  if (kind === "managedidentity") {
    const options = managedIdentityOptions(
      { ...settings, managedIdentityClientId: settings.managedIdentityClientId ?? clientId },
      refuse,
    );
    if (clientId !== undefined && settings.managedIdentityClientId !== undefined) throw namedTwice(refuse);
    return (create) => create("ManagedIdentityCredential", options);
  }
  if (kind === "workloadidentity") {
    const { tokenFilePath } = settings;
    const options = definedOptions({ tenantId, clientId, tokenFilePath, additionallyAllowedTenants });
    return (create) => create("WorkloadIdentityCredential", options);
  }
  if (kind === "managedidentityasfederatedidentity") {
    const [tenant, client] = [need("tenantId"), need("clientId")];
    const audience = federationAudience(settings, section, refuse);
    const options = managedIdentityOptions(settings, refuse);
    return (create) => {
      const managed = create("ManagedIdentityCredential", options);
      const getAssertion = async () => (await managed.getToken(audience))?.token ?? "";
      return create(
        "ClientAssertionCredential",
        tenant,
        client,
        getAssertion,
        definedOptions({ additionallyAllowedTenants }),
      );
    };
  }
  if (kind !== undefined && kind !== "") {
    throw refuse(
      `has the setting ${section}__credential of another kind: it takes ${credentialKinds.join(", ")}, or nothing`,
    );
  }
  if (settings.managedIdentityObjectId !== undefined) {
    throw refuse(
      `has the setting ${section}__managedIdentityObjectId, which goes with ${section}__credential=managedidentity`,
    );
  }
  if (clientSecret !== undefined) {
    const secret = [need("tenantId"), need("clientId"), clientSecret];
    return (create) => create("ClientSecretCredential", ...secret, definedOptions({ additionallyAllowedTenants }));
  }
  const options = {
    tenantId,
    managedIdentityClientId: settings.managedIdentityClientId ?? clientId,
    workloadIdentityClientId: clientId,
    managedIdentityResourceId,
    additionallyAllowedTenants,
  };
  return (create) => create("DefaultAzureCredential", definedOptions(options));
}

/** Which managed identity it is: that of the machine, or one of its own by its client, resource or object. */
function managedIdentityOptions(settings: IdentitySettings, refuse: Refuse): Readonly<Record<string, unknown>> {
  const options = definedOptions({
    clientId: settings.managedIdentityClientId,
    resourceId: settings.managedIdentityResourceId,
    objectId: settings.managedIdentityObjectId,
  });
  if (Object.keys(options).length > 1) throw namedTwice(refuse);
  return options;
}

function namedTwice(refuse: Refuse): DurableError {
  const names = "clientId, managedIdentityClientId, managedIdentityResourceId and managedIdentityObjectId";
  return refuse(`names its managed identity twice: it takes one of ${names}`);
}

/** What the token of a managed identity must be for to stand for a secret. */
function federationAudience({ azureCloud }: IdentitySettings, section: string, refuse: Refuse): string {
  const audiences: Readonly<Record<string, string>> = {
    public: "api://AzureADTokenExchange/.default",
    usgov: "api://AzureADTokenExchangeUSGov/.default",
    china: "api://AzureADTokenExchangeChina/.default",
  };
  const audience = audiences[azureCloud?.trim().toLowerCase() || "public"];
  if (audience !== undefined) return audience;
  throw refuse(`has the setting ${section}__azureCloud that is none of ${Object.keys(audiences).join(", ")}`);
}
