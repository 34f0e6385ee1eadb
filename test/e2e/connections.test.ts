import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { runDurable } from "../support/local-host.ts";
import { createSamplesFolder, type SamplesFolder, waitForOutcome } from "../support/samples.ts";
import {
  type Certificate,
  createCertificate,
  type IdentityEndpoint,
  servicesOf,
  startIdentityEndpoint,
} from "../support/storage-identity.ts";

// Needs `npm run build`, and the packages `azurite` and `@azure/identity`.

let certificate: Certificate;
let azurite: Azurite;
let identity: IdentityEndpoint;
let app: SamplesFolder;

beforeAll(async () => {
  certificate = await createCertificate();
  [azurite, identity, app] = await Promise.all([
    startAzurite({ certificate }),
    startIdentityEndpoint(),
    createSamplesFolder(),
  ]);
});
afterAll(async () => {
  await Promise.all([azurite.stop(), identity.stop(), app.remove()]);
  await certificate.remove();
});

/** Settings of a storage account, below a name. */
function settingsOf(name: string, members: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries({ ...servicesOf(azurite), ...members });
  return Object.fromEntries(entries.map(([member, value]) => [`${name}__${member}`, value]));
}

it.each([
  [
    "its managed identity, by settings",
    { credential: "managedidentity", clientId: "5b0c1e6f-0a7d-4f0c-9b1d-3c2e4f5a6b7c" },
    "client_id=5b0c1e6f-0a7d-4f0c-9b1d-3c2e4f5a6b7c",
  ],
  ["whatever identity there is", {}, "resource=https%3A%2F%2Fstorage.azure.com"],
])("a host opens its account by %s, with the tokens of @azure/identity", async (_, members, asked) => {
  const env = { NODE_EXTRA_CA_CERTS: certificate.certFile, ...identity.env };
  // Names ignore case, and local.settings.json has them as Azure has.
  const values = settingsOf("azurewebjobsstorage", members);
  await writeFile(join(app.folder, "local.settings.json"), JSON.stringify({ IsEncrypted: false, Values: values }));
  await using host = await app.start(env);

  const started = await fetch(`${host.url}/api/orchestrators/helloSequence`, { method: "POST" });
  expect(await waitForOutcome(started)).toMatchObject({ runtimeStatus: "Completed" });

  expect(identity.queries.at(-1)).toContain(asked);
  expect(host.output()).not.toMatch(/eyJ|header-of-the-identity/);
  await rm(join(app.folder, "local.settings.json"));
});

it("queues in one account and the rest in another serve an app, each opened in its own way", async () => {
  await using queues = await startAzurite();
  const env = {
    NODE_EXTRA_CA_CERTS: certificate.certFile,
    ...identity.env,
    AzureWebJobsStorage: queues.connectionString,
    ...settingsOf("Tracking", { credential: "managedidentity" }),
    AzureFunctionsJobHost__extensions__durableTask__storageProvider__trackingStoreConnectionName: "Tracking",
    AzureFunctionsJobHost__extensions__durableTask__storageProvider__trackingStoreNamePrefix: "Samples",
  };
  await using host = await app.start(env);

  const started = await fetch(`${host.url}/api/orchestrators/helloSequence`, { method: "POST" });
  expect(await waitForOutcome(started)).toMatchObject({ runtimeStatus: "Completed" });
});

it.each([
  [{ AzureWebJobsStorage: "garbage" }, /^AzureWebJobsStorage is not a connection string/m],
  [{ AzureWebJobsStorage: ";" }, /^AzureWebJobsStorage is not a connection string/m],
  [
    { AzureWebJobsStorage: "SharedAccessSignature=sv=1&sig=CANARY" },
    /^AzureWebJobsStorage has neither AccountName nor/m,
  ],
  [{ AzureWebJobsStorage: "AccountName=a;AccountKey=CANARY!" }, /^AzureWebJobsStorage has an AccountKey that is not/m],
  [{ AzureWebJobsStorage__acountName: "CANARY" }, /^nothing reads the setting .*did you mean 'accountName'\?$/m],
  [
    { AzureWebJobsStorage__accountName: "acc", AzureWebJobsStorage__clientSecret: "CANARY" },
    /^the connection 'AzureWebJobsStorage' is by clientSecret and lacks AzureWebJobsStorage__tenantId$/m,
  ],
])("a start with %o ends with one clear line", async (env, line) => {
  for (const command of ["start", "sidecar"]) {
    const { code, stdout, stderr } = await runDurable([command, "--port", "0"], {
      cwd: app.folder,
      env: env as Record<string, string>,
    });

    expect(code).toBe(1);
    expect(stderr).toMatch(line);
    expect(stdout + stderr).not.toMatch(/^\s+at |CANARY/m);
  }
});
