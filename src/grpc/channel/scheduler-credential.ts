import type { AccessCredential } from "../../core/access-credential.ts";
import { DurableError } from "../../core/errors.ts";
import {
  createIdentityCredential,
  definedOptions,
  importIdentity,
  type LoadIdentity,
} from "../../core/identity-package.ts";
import type { AuthenticationKind, SchedulerConnection } from "./scheduler-connection.ts";

/** The class of `@azure/identity` for each kind, and the settings it takes. */
const classes: Readonly<Partial<Record<AuthenticationKind, CredentialPlan>>> = {
  DefaultAzure: {
    name: "DefaultAzureCredential",
    options: ({ clientId, tenantId, additionallyAllowedTenants }) => ({
      managedIdentityClientId: clientId,
      workloadIdentityClientId: clientId,
      tenantId,
      additionallyAllowedTenants,
    }),
  },
  ManagedIdentity: { name: "ManagedIdentityCredential", options: ({ clientId }) => ({ clientId }) },
  WorkloadIdentity: {
    name: "WorkloadIdentityCredential",
    options: ({ clientId, tenantId, tokenFilePath, additionallyAllowedTenants }) => ({
      clientId,
      tenantId,
      tokenFilePath,
      additionallyAllowedTenants,
    }),
  },
  Environment: {
    name: "EnvironmentCredential",
    options: ({ additionallyAllowedTenants }) => ({ additionallyAllowedTenants }),
  },
  AzureCLI: { name: "AzureCliCredential", options: tenantsOf },
  AzurePowerShell: { name: "AzurePowerShellCredential", options: tenantsOf },
  InteractiveBrowser: {
    name: "InteractiveBrowserCredential",
    options: (connection) => ({ clientId: connection.clientId, ...tenantsOf(connection) }),
  },
  VisualStudioCode: { name: "VisualStudioCodeCredential", options: tenantsOf },
};

interface CredentialPlan {
  readonly name: string;
  readonly options: (connection: SchedulerConnection) => Readonly<Record<string, unknown>>;
}

/**
 * The credential that a connection string asks for; `undefined` for `Authentication=None`. `@azure/identity` is loaded
 * when the first token is.
 *
 * @throws DurableError `NotSupported` for a kind that only other languages have; `getToken` rejects with it when
 * `@azure/identity` is not installed
 */
export function createSchedulerCredential(
  connection: SchedulerConnection,
  load: LoadIdentity = importIdentity,
): AccessCredential | undefined {
  const { authentication } = connection;
  if (authentication === "None") return undefined;
  const plan = classes[authentication];
  if (plan === undefined) {
    const others = [...Object.keys(classes), "None"].join(", ");
    throw new DurableError(
      "NotSupported",
      `Authentication=${authentication} does not exist for Node: '@azure/identity' has no such credential; use ${others}`,
    );
  }
  return createIdentityCredential(
    `Authentication=${authentication}`,
    (create) => create(plan.name, definedOptions(plan.options(connection))),
    load,
  );
}

function tenantsOf({ tenantId, additionallyAllowedTenants }: SchedulerConnection): Readonly<Record<string, unknown>> {
  return { tenantId, additionallyAllowedTenants };
}
