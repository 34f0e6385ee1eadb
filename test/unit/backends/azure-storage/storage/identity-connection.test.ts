import { expect, it } from "vitest";
import {
  connectByIdentity,
  connectByIdentitySettings,
} from "../../../../../src/backends/azure-storage/storage/identity-connection.ts";
import type { StorageConnection } from "../../../../../src/backends/azure-storage/storage/storage-connection.ts";
import type { IdentitySettings } from "../../../../../src/core/identity-settings.ts";

/** A package whose classes note how they were made. */
function identity() {
  const made: unknown[][] = [];
  const classOf = (name: string) =>
    class {
      constructor(...args: unknown[]) {
        made.push([name, ...args]);
      }
      async getToken(scope: string) {
        return { token: `${name} for ${scope}`, expiresOnTimestamp: 0 };
      }
    };
  const module = new Proxy({}, { get: (_, name) => (name === "then" ? undefined : classOf(String(name))) });
  return { made, load: async () => module };
}

async function tokenOf({ credential }: StorageConnection): Promise<string | undefined> {
  if (credential.kind !== "token") throw new Error("no identity");
  return (await credential.tokens.getToken("s"))?.token;
}

const services = { blobServiceUri: "https://b/", queueServiceUri: "https://q", tableServiceUri: "https://t/a" };

it.each<[string, IdentitySettings, Partial<StorageConnection>]>([
  ["its name", { accountName: "acc" }, { queueEndpoint: "https://acc.queue.core.windows.net" }],
  ["its name with spaces around it", { accountName: " acc " }, { tableEndpoint: "https://acc.table.core.windows.net" }],
  ["its services", services, { blobEndpoint: "https://b", queueEndpoint: "https://q", tableEndpoint: "https://t/a" }],
  [
    "its name and one service",
    { accountName: "acc", queueServiceUri: "https://acc.queue.core.usgovcloudapi.net" },
    {
      queueEndpoint: "https://acc.queue.core.usgovcloudapi.net",
      blobEndpoint: "https://acc.blob.core.windows.net",
    },
  ],
])("an account is where settings say it by %s", (_, settings, endpoints) => {
  expect(connectByIdentitySettings(settings, "Storage")).toMatchObject(endpoints);
});

it.each<[string, IdentitySettings, unknown[][]]>([
  ["nothing more", {}, [["DefaultAzureCredential", {}]]],
  [
    "a client and a tenant",
    { clientId: "c", tenantId: "t" },
    [["DefaultAzureCredential", { tenantId: "t", managedIdentityClientId: "c", workloadIdentityClientId: "c" }]],
  ],
  [
    "more tenants",
    { additionallyAllowedTenants: "a; b" },
    [["DefaultAzureCredential", { additionallyAllowedTenants: ["a", "b"] }]],
  ],
  ["an empty kind", { credential: "" }, [["DefaultAzureCredential", {}]]],
  ["the machine's identity", { credential: "managedidentity" }, [["ManagedIdentityCredential", {}]]],
  [
    "an identity of its own",
    { credential: "ManagedIdentity", clientId: "c" },
    [["ManagedIdentityCredential", { clientId: "c" }]],
  ],
  [
    "an identity by its resource",
    { credential: "managedidentity", managedIdentityResourceId: "/subscriptions/r" },
    [["ManagedIdentityCredential", { resourceId: "/subscriptions/r" }]],
  ],
  [
    "an identity by the name of its client that others have too",
    { credential: "managedidentity", managedIdentityClientId: "m" },
    [["ManagedIdentityCredential", { clientId: "m" }]],
  ],
  [
    "an identity by its resource, of whatever kind",
    { managedIdentityResourceId: "r" },
    [["DefaultAzureCredential", { managedIdentityResourceId: "r" }]],
  ],
  [
    "an identity by its object",
    { credential: " managedIdentity ", managedIdentityObjectId: "o" },
    [["ManagedIdentityCredential", { objectId: "o" }]],
  ],
  [
    "a workload",
    { credential: "workloadidentity", clientId: "c", tenantId: "t", tokenFilePath: "/f" },
    [["WorkloadIdentityCredential", { clientId: "c", tenantId: "t", tokenFilePath: "/f" }]],
  ],
  [
    "a service principal",
    { tenantId: "t", clientId: "c", clientSecret: "x" },
    [["ClientSecretCredential", "t", "c", "x", {}]],
  ],
  [
    "an identity that stands for a secret",
    { credential: "managedidentityasfederatedidentity", tenantId: "t", clientId: "c", managedIdentityClientId: "m" },
    [
      ["ManagedIdentityCredential", { clientId: "m" }],
      ["ClientAssertionCredential", "t", "c", expect.any(Function), {}],
    ],
  ],
])("the credential of settings with %s is made when the first token is asked for", async (_, settings, expected) => {
  const { made, load } = identity();
  const connection = connectByIdentitySettings({ accountName: "acc", ...settings }, "Storage", load);
  expect(made).toEqual([]);

  await tokenOf(connection);
  await tokenOf(connection);

  expect(made).toEqual(expected);
});

it.each([
  [undefined, "api://AzureADTokenExchange/.default"],
  ["USGov", "api://AzureADTokenExchangeUSGov/.default"],
  ["china", "api://AzureADTokenExchangeChina/.default"],
])("in the cloud %s the token that stands for a secret is for %s", async (azureCloud, audience) => {
  const { made, load } = identity();
  const federated = { credential: "managedidentityasfederatedidentity", tenantId: "t", clientId: "c", azureCloud };
  await tokenOf(connectByIdentitySettings({ accountName: "acc", ...federated }, "Storage", load));

  const getAssertion = made.at(-1)?.[3] as () => Promise<string>;
  expect(await getAssertion()).toBe(`ManagedIdentityCredential for ${audience}`);
});

it.each<[string, IdentitySettings, string]>([
  [
    "no account",
    { clientId: "c" },
    "has neither the setting Storage__accountName nor the setting Storage__blobServiceUri",
  ],
  [
    "one service",
    { queueServiceUri: "https://q" },
    "nor the setting Storage__blobServiceUri: a task hub needs all three services",
  ],
  ["a URL for a name", { accountName: "https://SECRET.x" }, "has the setting Storage__accountName that is none"],
  [
    "a host for a name",
    { accountName: "SECRET.blob.core.windows.net" },
    "has the setting Storage__accountName that is none",
  ],
  ["the secondary", { accountName: "SECRET-secondary" }, "names the secondary location"],
  [
    "a service by http",
    { ...services, blobServiceUri: "http://SECRET" },
    "has the setting Storage__blobServiceUri without https",
  ],
  [
    "no URL",
    { ...services, tableServiceUri: "SECRET" },
    "has the setting Storage__tableServiceUri that is not an http or https",
  ],
  [
    "a signature",
    { ...services, queueServiceUri: "https://q?sv=1&sig=SECRET" },
    "has the setting Storage__queueServiceUri with a signature inside, beside an identity",
  ],
  [
    "services that changed places",
    { ...services, queueServiceUri: "https://a.blob.core.windows.net" },
    "has the setting Storage__queueServiceUri that leads to another service",
  ],
  [
    "the tables of Cosmos DB",
    { ...services, tableServiceUri: "https://SECRET.table.cosmos.azure.com" },
    "has the setting Storage__tableServiceUri of Cosmos DB",
  ],
  ["a password", { ...services, blobServiceUri: "https://a:SECRET@b" }, "with a user name or password"],
  [
    "an unknown kind",
    { accountName: "a", credential: "SECRET" },
    "has the setting Storage__credential of another kind",
  ],
  [
    "two identities",
    { accountName: "a", credential: "managedidentity", clientId: "c", managedIdentityObjectId: "o" },
    "twice",
  ],
  [
    "two clients",
    { accountName: "a", credential: "managedidentity", clientId: "c", managedIdentityClientId: "m" },
    "twice",
  ],
  [
    "two identities in place of a secret",
    {
      accountName: "a",
      credential: "managedidentityasfederatedidentity",
      tenantId: "t",
      clientId: "c",
      managedIdentityClientId: "m",
      managedIdentityResourceId: "r",
    },
    "twice",
  ],
  [
    "an object alone",
    { accountName: "a", managedIdentityObjectId: "o" },
    "which goes with Storage__credential=managedid",
  ],
  ["a secret of nobody", { accountName: "a", clientSecret: "SECRET", tenantId: "t" }, "lacks Storage__clientId"],
  ["a secret without a tenant", { accountName: "a", clientSecret: "SECRET", clientId: "c" }, "lacks Storage__tenantId"],
  [
    "a federation of nobody",
    { accountName: "a", credential: "managedidentityasfederatedidentity" },
    "lacks Storage__tenantId",
  ],
  [
    "a cloud that is none",
    {
      accountName: "a",
      credential: "managedidentityasfederatedidentity",
      tenantId: "t",
      clientId: "c",
      azureCloud: "moon",
    },
    "has the setting Storage__azureCloud that is none of public, usgov, china",
  ],
  [
    "an unresolved reference",
    { accountName: "a", tenantId: "t", clientId: "c", clientSecret: "@Microsoft.KeyVault(SecretUri=SECRET)" },
    "has the setting Storage__clientSecret, which is a reference",
  ],
])("settings with %s are refused, without repeating a secret", (_, settings, problem) => {
  const connect = () => connectByIdentitySettings(settings, "Storage");

  expect(connect).toThrow(
    expect.objectContaining({ code: "InvalidOption", message: expect.stringContaining(problem) }),
  );
  expect(connect).toThrow(/^the connection 'Storage' (?!.*SECRET)/);
});

it("without the package the error names its installation, and a later token finds it", async () => {
  const { load } = identity();
  let isInstalled = false;
  const connection = connectByIdentity({ accountName: "acc" }, "'storage'", () =>
    isInstalled ? load() : Promise.reject(new Error("Cannot find package")),
  );

  await expect(tokenOf(connection)).rejects.toMatchObject({
    code: "NotSupported",
    message: "'storage' needs the package '@azure/identity': npm install @azure/identity",
  });
  isInstalled = true;
  expect(await tokenOf(connection)).toBe("DefaultAzureCredential for s");
});
