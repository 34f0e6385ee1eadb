/** What app settings say of a storage account that is opened by an identity, by the names that .NET has for it. */
export interface IdentitySettings {
  /** Of the account; its services are at `https://<accountName>.queue.core.windows.net` and so on. */
  readonly accountName?: string | undefined;
  /** Where a service is, in place of what follows from `accountName`. */
  readonly blobServiceUri?: string | undefined;
  readonly queueServiceUri?: string | undefined;
  readonly tableServiceUri?: string | undefined;
  /** One of {@link credentialKinds}. @defaultValue what the others add up to, else `DefaultAzureCredential` */
  readonly credential?: string | undefined;
  readonly clientId?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly managedIdentityResourceId?: string | undefined;
  readonly managedIdentityObjectId?: string | undefined;
  /** Of a managed identity; with `managedidentityasfederatedidentity` of the one whose token stands for a secret. */
  readonly managedIdentityClientId?: string | undefined;
  /** `public`, `usgov` or `china`: where such a token is for. */
  readonly azureCloud?: string | undefined;
  readonly tokenFilePath?: string | undefined;
  /** Separated by semicolons. */
  readonly additionallyAllowedTenants?: string | undefined;
}

/** Names of {@link IdentitySettings}, as they are written. */
export const identitySettingNames: readonly (keyof IdentitySettings)[] = [
  "accountName",
  "blobServiceUri",
  "queueServiceUri",
  "tableServiceUri",
  "credential",
  "clientId",
  "tenantId",
  "clientSecret",
  "managedIdentityResourceId",
  "managedIdentityObjectId",
  "managedIdentityClientId",
  "azureCloud",
  "tokenFilePath",
  "additionallyAllowedTenants",
];

/** Values of `credential`. */
export const credentialKinds = ["managedidentity", "workloadidentity", "managedidentityasfederatedidentity"] as const;
