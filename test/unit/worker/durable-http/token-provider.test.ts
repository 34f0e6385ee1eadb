import { expect, it } from "vitest";
import { createAzureTokenProvider } from "../../../../src/worker/durable-http/token-provider.ts";

const signal = new AbortController().signal;

function identity(token: { readonly token: string } | null) {
  const asked: unknown[] = [];
  class DefaultAzureCredential {
    constructor(options: object) {
      asked.push(options);
    }
    async getToken(scope: string) {
      asked.push(scope);
      return token;
    }
  }
  return { asked, load: async () => ({ DefaultAzureCredential }) };
}

it.each([
  ["https://management.core.windows.net/", "https://management.core.windows.net/.default"],
  ["https://vault.azure.net", "https://vault.azure.net/.default"],
  ["api://mine/.default", "api://mine/.default"],
])("asks for the scope of %s", async (resource, scope) => {
  const { asked, load } = identity({ token: "t" });
  const options = { tenantId: "tenant" };

  expect(await createAzureTokenProvider(load)({ kind: "AzureManagedIdentity", resource, options }, signal)).toBe("t");
  expect(asked).toEqual([options, scope]);
});

it("says what to install when the package is missing, and when there is no token", async () => {
  const source = { kind: "AzureManagedIdentity", resource: "https://x" } as const;
  const missing = createAzureTokenProvider(async () => {
    throw new Error("Cannot find package");
  });

  await expect(missing(source, signal)).rejects.toMatchObject({
    code: "NotSupported",
    message: expect.stringContaining("npm install @azure/identity"),
  });
  await expect(createAzureTokenProvider(identity(null).load)(source, signal)).rejects.toMatchObject({
    code: "NotSupported",
  });
});
