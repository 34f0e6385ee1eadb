import { DurableError } from "../../core/errors.ts";
import { type IdentitySettings, identitySettingNames } from "../../core/identity-settings.ts";
import { findNearName } from "../../core/option-names.ts";
import { findSetting, namesBelow, resolveSettingReferences } from "./app-settings.ts";
import type { Environment } from "./host-json.ts";

/** What app settings say of a storage account: a connection string, or an identity that opens it. */
export type StorageAccountSetting =
  | { readonly kind: "connectionString"; readonly setting: string; readonly connectionString: string }
  /** `setting` is what the settings of the identity stand below: `AzureWebJobsStorage`. */
  | { readonly kind: "identity"; readonly setting: string; readonly identity: IdentitySettings };

/**
 * Looks a connection up the way the Functions host does: with and without the `AzureWebJobs` prefix, in
 * `ConnectionStrings` first; of one name a text before the settings of an identity. `undefined` when no setting names an account. A
 * text is not looked at here: who reads it is whoever opens the storage.
 *
 * @throws DurableError `InvalidOption` for a setting that nobody reads, `NotSupported` for a way that .NET alone has
 */
export function findStorageAccount(connectionName: string, env: Environment): StorageAccountSetting | undefined {
  const name = resolveSettingReferences(connectionName, env, "connection") || "Storage";
  const prefixed = /^AzureWebJobs/i.test(name) ? name : `AzureWebJobs${name}`;
  for (const setting of new Set([`ConnectionStrings:${prefixed}`, prefixed, `ConnectionStrings:${name}`, name])) {
    const connectionString = findSetting(env, setting);
    if (connectionString !== undefined) return { kind: "connectionString", setting, connectionString };
    const found = readIdentity(setting, name, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether it is the emulator of this machine on its own ports, as `func init` writes it: `UseDevelopmentStorage=true`. */
export function isLocalEmulator(account: StorageAccountSetting): boolean {
  return (
    account.kind === "connectionString" &&
    /^[\s;]*UseDevelopmentStorage\s*=\s*true[\s;]*$/i.test(account.connectionString)
  );
}

/** What the official tools say when no setting names an account. */
export function describeMissingAccount(connectionName: string): string {
  return `Storage account connection string '${connectionName}' does not exist. Make sure that it is a defined App Setting.`;
}

/** Ways of .NET that Node has not. */
const foreignSettings: ReadonlyMap<string, string> = new Map([
  ["clientcertificate", "certificates from a store of Windows"],
  ["clientcertificatestorename", "certificates from a store of Windows"],
  ["clientcertificatestorelocation", "certificates from a store of Windows"],
  ["serviceconnectionid", "identities of Azure Pipelines"],
  ["systemaccesstoken", "identities of Azure Pipelines"],
]);

/** A section in place of a text is an identity, or a mistake; overlooking it would move the work to another store. */
function readIdentity(section: string, name: string, env: Environment): StorageAccountSetting | undefined {
  const written = namesBelow(env, section);
  if (written.length === 0) return undefined;
  const identity: Record<string, string> = {};
  const unread: { readonly setting: string; readonly member: string }[] = [];
  for (const setting of written) {
    const member = withColons(setting).slice(withColons(section).length + 1);
    const known = identitySettingNames.find((known) => known.toLowerCase() === member.toLowerCase());
    if (known === undefined) unread.push({ setting, member });
    else identity[known] = findSetting(env, setting)!;
  }
  // What is for services that a task hub does not use stands there too, once it is clear which account it is.
  const isNamed = Object.keys(identity).some((member) => member === "accountName" || member.endsWith("ServiceUri"));
  for (const { setting, member } of unread) {
    const isMistake =
      findNearName(member, identitySettingNames) !== undefined || foreignSettings.has(member.toLowerCase());
    if (isMistake || !isNamed) throw refuseMember(setting, member, name);
  }
  return { kind: "identity", setting: section, identity };
}

/** As configuration has it: an environment has `__` where a name must not have `:`. */
function withColons(setting: string): string {
  return setting.replaceAll("__", ":");
}

function refuseMember(setting: string, member: string, name: string): DurableError {
  const foreign = foreignSettings.get(member.toLowerCase());
  if (foreign !== undefined) {
    return new DurableError("NotSupported", `the setting '${setting}' is for ${foreign}, which are not supported here`);
  }
  if (/^serviceuri$/i.test(member)) {
    const names = "blobServiceUri, queueServiceUri and tableServiceUri";
    const text = `nothing reads the setting '${setting}': a task hub needs all three services, ${names}, or accountName`;
    return new DurableError("InvalidOption", text);
  }
  const near = findNearName(member, identitySettingNames);
  const hint =
    near === undefined
      ? `set '${name}' itself, to a connection string, or for an identity ${name}__accountName`
      : `did you mean '${near}'?`;
  return new DurableError("InvalidOption", `nothing reads the setting '${setting}'; ${hint}`);
}
