import { expect, it } from "vitest";
import {
  authenticationKinds,
  parseSchedulerConnectionString,
  type SchedulerConnection,
} from "../../../../src/grpc/channel/scheduler-connection.ts";
import { createSchedulerCredential } from "../../../../src/grpc/channel/scheduler-credential.ts";

const connectionOf = (authentication: string): SchedulerConnection =>
  parseSchedulerConnectionString(
    `Endpoint=https://a;TaskHub=h;Authentication=${authentication};ClientID=c;TenantId=t;TokenFilePath=f;` +
      "AdditionallyAllowedTenants=x,y",
  );

/** A package whose classes note how they were made. */
function identity() {
  const made: unknown[] = [];
  const classOf = (name: string) =>
    class {
      constructor(options: object) {
        made.push([name, options]);
      }
      async getToken(scopes: string | string[]) {
        return { token: `${name} for ${scopes}`, expiresOnTimestamp: 0 };
      }
    };
  const module = new Proxy({}, { get: (_, name) => (name === "then" ? undefined : classOf(String(name))) });
  return { made, load: async () => module };
}

const tenants = { tenantId: "t", additionallyAllowedTenants: ["x", "y"] };

it.each([
  [
    "DefaultAzure",
    "DefaultAzureCredential",
    { managedIdentityClientId: "c", workloadIdentityClientId: "c", ...tenants },
  ],
  ["ManagedIdentity", "ManagedIdentityCredential", { clientId: "c" }],
  ["WorkloadIdentity", "WorkloadIdentityCredential", { clientId: "c", tokenFilePath: "f", ...tenants }],
  ["Environment", "EnvironmentCredential", { additionallyAllowedTenants: ["x", "y"] }],
  ["AzureCLI", "AzureCliCredential", tenants],
  ["AzurePowerShell", "AzurePowerShellCredential", tenants],
  ["InteractiveBrowser", "InteractiveBrowserCredential", { clientId: "c", ...tenants }],
  ["VisualStudioCode", "VisualStudioCodeCredential", tenants],
])("%s is the %s, made once with what the connection string says", async (kind, name, options) => {
  const { made, load } = identity();
  const credential = createSchedulerCredential(connectionOf(kind), load);
  expect(made).toEqual([]);

  expect(await credential?.getToken(["s"])).toMatchObject({ token: `${name} for s` });
  await credential?.getToken(["s"]);
  expect(made).toEqual([[name, options]]);
});

it("settings that are not given are not given on", async () => {
  const { made, load } = identity();
  const connection = parseSchedulerConnectionString("Endpoint=https://a;TaskHub=h;Authentication=DefaultAzure");

  await createSchedulerCredential(connection, load)?.getToken("s");

  expect(made).toEqual([["DefaultAzureCredential", {}]]);
});

it("None is no credential, and what Node does not have is said so", () => {
  const { load } = identity();
  const refused = authenticationKinds.filter((kind) => {
    try {
      return createSchedulerCredential(connectionOf(kind), load) === undefined && kind !== "None";
    } catch (error) {
      expect(error).toMatchObject({ code: "NotSupported", message: expect.stringContaining(kind) });
      return true;
    }
  });

  expect(createSchedulerCredential(connectionOf("None"), load)).toBeUndefined();
  expect(refused).toEqual(["VisualStudio", "IntelliJ"]);
});

it("says what to install, and looks again when it was installed", async () => {
  const { load } = identity();
  let isInstalled = false;
  const credential = createSchedulerCredential(connectionOf("AzureCLI"), async () => {
    if (!isInstalled) throw new Error("Cannot find package");
    return load();
  });

  await expect(credential?.getToken("s")).rejects.toMatchObject({
    code: "NotSupported",
    message: expect.stringContaining("npm install @azure/identity"),
  });
  isInstalled = true;
  expect(await credential?.getToken("s")).toMatchObject({ token: "AzureCliCredential for s" });
});

it("names a class that an old package lacks", async () => {
  const credential = createSchedulerCredential(connectionOf("VisualStudioCode"), async () => ({}));

  await expect(credential?.getToken("s")).rejects.toMatchObject({
    code: "NotSupported",
    message: expect.stringContaining("VisualStudioCodeCredential"),
  });
});
