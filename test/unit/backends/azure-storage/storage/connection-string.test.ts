import { expect, it } from "vitest";
import {
  describeConnection,
  formatEmulatorConnectionString,
  parseConnectionString,
} from "../../../../../src/backends/azure-storage/storage/connection-string.ts";

const key = "AccountKey=c2VjcmV0";
const endpoints = "BlobEndpoint=https://b;QueueEndpoint=https://q;TableEndpoint=https://t";

it("connection strings name an account in the cloud", () => {
  const text = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5;EndpointSuffix=core.windows.net";

  expect(parseConnectionString(text, "s")).toEqual({
    queueEndpoint: "https://acc.queue.core.windows.net",
    tableEndpoint: "https://acc.table.core.windows.net",
    blobEndpoint: "https://acc.blob.core.windows.net",
    credential: { kind: "accountKey", accountName: "acc", accountKey: "a2V5" },
  });
});

it.each([
  ["no protocol", `AccountName=acc;${key}`, "https://acc.queue.core.windows.net"],
  ["China", `AccountName=acc;${key};EndpointSuffix=core.chinacloudapi.cn`, "https://acc.queue.core.chinacloudapi.cn"],
  [
    "a DNS zone",
    `AccountName=acc;${key};QueueEndpoint=https://acc.z12.queue.storage.azure.net/`,
    "https://acc.z12.queue.storage.azure.net",
  ],
  ["the path style", `AccountName=a;${key};QueueEndpoint=http://10.0.0.4:10001/a`, "http://10.0.0.4:10001/a"],
  ["a custom domain", `AccountName=acc;${key};QueueEndpoint=http://q.contoso.com`, "http://q.contoso.com"],
  ["a port", `AccountName=acc;${key};QueueEndpoint=https://acc.queue.core.windows.net:443`, ":443"],
  ["lower-case names", `accountname=acc;accountkey=a2V5`, "https://acc.queue.core.windows.net"],
  ["spaces and a newline", ` AccountName = acc ; ${key} ;\n`, "https://acc.queue.core.windows.net"],
  ["an empty suffix of parts", `AccountName=acc;${key};BlobEndpoint=;`, "https://acc.queue.core.windows.net"],
  ["the emulator", "UseDevelopmentStorage=true;", "http://127.0.0.1:10001/devstoreaccount1"],
  [
    "the emulator behind a proxy",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite",
    "http://azurite:10001/devstoreaccount1",
  ],
  [
    "the emulator behind a proxy with a slash",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite/",
    "http://azurite:10001/devstoreaccount1",
  ],
])("connection strings may have %s", (_, text, queueEndpoint) => {
  expect(parseConnectionString(text, "s").queueEndpoint).toContain(queueEndpoint);
});

it.each([
  ["with endpoints", `${endpoints};SharedAccessSignature=sv=1&sig=2%3D`, "https://b"],
  ["with a leading question mark", `${endpoints};SharedAccessSignature=?sv=1&sig=2%3D`, "https://b"],
  [
    "with the account's name",
    "AccountName=acc;SharedAccessSignature=sv=1&sig=2%3D",
    "https://acc.blob.core.windows.net",
  ],
])("connection strings may carry a signature in place of the key, %s", (_, text, blobEndpoint) => {
  expect(parseConnectionString(text, "s")).toMatchObject({
    blobEndpoint,
    credential: { kind: "sharedAccessSignature", query: "sv=1&sig=2%3D" },
  });
});

it.each([
  ["nothing", "", "must be an Azure Storage connection string"],
  ["a text of another kind", "SECRET", "is not a connection string"],
  ["a lone semicolon", ";", "is not a connection string"],
  ["a key alone", "AccountKey=SECRET==", "has no AccountName"],
  ["the string of another service", "Endpoint=sb://SECRET/;SharedAccessKey=SECRET=", "has no AccountName"],
  ["a name alone", "AccountName=a", "has neither AccountKey"],
  ["a key that is none", "AccountName=a;AccountKey=SECRET!", "has an AccountKey that is not Base64"],
  ["a signature alone", "SharedAccessSignature=sv=1&sig=SECRET", "has neither AccountName nor QueueEndpoint"],
  ["an ftp endpoint", `AccountName=a;${key};BlobEndpoint=ftp://SECRET`, "has a BlobEndpoint that is not"],
  [
    "signatures inside the endpoints",
    "BlobEndpoint=https://a.blob.core.windows.net/?sv=1&sig=SECRET",
    "has a BlobEndpoint with a signature inside: give it once, as SharedAccessSignature=",
  ],
  [
    "an unresolved Key Vault reference",
    "@Microsoft.KeyVault(SecretUri=https://SECRET.vault.azure.net/secrets/x/)",
    "is a reference (@Microsoft...) that nothing has resolved",
  ],
  ["quoted text", `"AccountName=a;AccountKey=SECRET=="`, "stands in quotation marks"],
  ["text in single quotes", `'UseDevelopmentStorage=true'`, "stands in quotation marks"],
  [
    "an emulator proxy with a port",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://SECRET:10000",
    "has a DevelopmentStorageProxyUri with a port or path",
  ],
  [
    "an emulator proxy with a path",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite/SECRET",
    "has a DevelopmentStorageProxyUri with a port or path",
  ],
  [
    "an emulator proxy without protocol",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=SECRET",
    "has a DevelopmentStorageProxyUri that is not an http or https URL",
  ],
  [
    "a suffix that begins with a dot",
    `AccountName=a;${key};EndpointSuffix=.SECRET.core.windows.net`,
    "has an EndpointSuffix that is no domain",
  ],
  ["a suffix that is a URL", `AccountName=a;${key};EndpointSuffix=https://SECRET`, "has an EndpointSuffix"],
  ["an account name with a slash", `AccountName=a/SECRET;${key}`, "has an AccountName that is none"],
  ["a password in a URL", `AccountName=a;${key};QueueEndpoint=https://me:SECRET@q`, "has a QueueEndpoint with a user"],
  [
    "a fragment in a URL",
    `AccountName=a;${key};QueueEndpoint=https://q/#SECRET`,
    "has a QueueEndpoint with a '?' or '#'",
  ],
  ["a query in a URL", `AccountName=a;${key};QueueEndpoint=https://q?SECRET`, "has a QueueEndpoint with a '?' or '#'"],
  [
    "the tables of Cosmos DB",
    `AccountName=SECRET;${key};TableEndpoint=https://SECRET.table.cosmos.azure.com:443/`,
    "has a TableEndpoint of Cosmos DB",
  ],
  ["the secondary of an account", `AccountName=SECRET-secondary;${key}`, "names the secondary location"],
  [
    "an endpoint of the secondary",
    `AccountName=a;${key};QueueEndpoint=https://a-secondary.queue.core.windows.net`,
    "names the secondary location",
  ],
  [
    "an emulator's secondary",
    `AccountName=a;${key};QueueEndpoint=http://127.0.0.1:10001/a-secondary`,
    "names the secondary location",
  ],
  ["http to an account", `DefaultEndpointsProtocol=http;AccountName=a;${key}`, "reaches a storage account by http"],
  [
    "http to an endpoint of an account",
    `AccountName=a;${key};BlobEndpoint=http://a.blob.core.usgovcloudapi.net`,
    "reaches a storage account by http",
  ],
  ["a protocol that is none", `DefaultEndpointsProtocol=SECRET;AccountName=a;${key}`, "has a DefaultEndpointsProtocol"],
])("connection strings are refused without repeating them: %s", (_, text, problem) => {
  const parse = () => parseConnectionString(text, "AzureWebJobsStorage");

  expect(parse).toThrow(
    expect.objectContaining({
      code: "InvalidOption",
      message: expect.stringContaining(`AzureWebJobsStorage ${problem}`),
    }),
  );
  expect(parse).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/secret|c2VjcmV0/i) }));
});

it("connection strings of an emulator are read as they are written", () => {
  const text = formatEmulatorConnectionString({
    blob: "http://127.0.0.1:1",
    queue: "http://127.0.0.1:2",
    table: "http://127.0.0.1:3",
  });

  const { credential, ...read } = parseConnectionString(text, "s");

  expect(read).toEqual({
    blobEndpoint: "http://127.0.0.1:1/devstoreaccount1",
    queueEndpoint: "http://127.0.0.1:2/devstoreaccount1",
    tableEndpoint: "http://127.0.0.1:3/devstoreaccount1",
  });
  expect(credential).toEqual(parseConnectionString("UseDevelopmentStorage=true", "s").credential);
});

it.each([
  [`AccountName=acc;${key}`, "acc.queue.core.windows.net"],
  ["UseDevelopmentStorage=true", "Azurite on its default ports"],
  [`AccountName=a;${key};QueueEndpoint=http://10.0.0.1:1/a`, "10.0.0.1:1/a"],
])("connection strings are described without secrets: %s", (text, description) => {
  expect(describeConnection(parseConnectionString(text, "s"))).toBe(description);
});
