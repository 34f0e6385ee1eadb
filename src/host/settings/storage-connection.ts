import { DurableError } from "../../core/errors.ts";
import { findSetting, namesBelow, resolveSettingReferences } from "./app-settings.ts";
import type { Environment } from "./host-json.ts";

/** A connection string and the setting that holds it. */
export interface ConnectionStringSetting {
  /** For errors: they name the setting and never repeat its text. */
  readonly setting: string;
  readonly connectionString: string;
}

/**
 * Looks a connection up the way the Functions host does: with and without the `AzureWebJobs` prefix, in
 * `ConnectionStrings` first. `undefined` when no setting names an account. The text is not looked at here: who reads it
 * is whoever opens the storage.
 *
 * @throws DurableError `NotSupported` for a connection by identity, `InvalidOption` for one that nobody reads
 */
export function findConnectionString(connectionName: string, env: Environment): ConnectionStringSetting | undefined {
  const name = resolveSettingReferences(connectionName, env, "connection") || "Storage";
  const prefixed = /^AzureWebJobs/i.test(name) ? name : `AzureWebJobs${name}`;
  for (const setting of [`ConnectionStrings:${prefixed}`, prefixed, `ConnectionStrings:${name}`, name]) {
    const connectionString = findSetting(env, setting);
    if (connectionString !== undefined) return { setting, connectionString };
  }
  for (const section of [prefixed, name]) assertNothingBelow(section, name, env);
  return undefined;
}

const identitySettings: readonly string[] = [
  "accountname",
  "blobserviceuri",
  "queueserviceuri",
  "tableserviceuri",
  "serviceuri",
  "credential",
  "clientid",
  "tenantid",
  "clientsecret",
  "managedidentityresourceid",
];

/** A section in place of a text is an identity, or a mistake; overlooking it would move the work to another store. */
function assertNothingBelow(section: string, name: string, env: Environment): void {
  const members = namesBelow(env, section);
  const isIdentity = (member: string) => identitySettings.includes(member.toLowerCase().replace(/^.*(?:__|:)/, ""));
  const unread = members.find((member) => !isIdentity(member));
  if (unread !== undefined) {
    throw new DurableError(
      "InvalidOption",
      `nothing reads the setting '${unread}'; set '${name}' itself, to a connection string`,
    );
  }
  if (members[0] === undefined) return;
  throw new DurableError(
    "NotSupported",
    `the connection '${name}' is set by identity ('${members[0]}'), which is not supported yet; set '${name}' to a connection string`,
  );
}
