import { expect, it } from "vitest";
import {
  formatEmulatorConnectionString,
  parseConnectionString,
} from "../../../../../src/backends/azure-storage/storage/connection-string.ts";
import { describeConnection } from "../../../../../src/backends/azure-storage/storage/storage-connection.ts";

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
  ["a newline between parts", `AccountName=acc;\n${key};\r\n`, "https://acc.queue.core.windows.net"],
  ["many semicolons", `;;AccountName=acc;;${key};;`, "https://acc.queue.core.windows.net"],
  ["what it says twice", `AccountName=acc;${key};AccountName=acc`, "https://acc.queue.core.windows.net"],
  [
    "the US Government",
    `AccountName=acc;${key};EndpointSuffix=core.usgovcloudapi.net`,
    ".queue.core.usgovcloudapi.net",
  ],
  ["Germany", `AccountName=acc;${key};EndpointSuffix=core.cloudapi.de`, "https://acc.queue.core.cloudapi.de"],
  [
    "Azure Stack",
    `AccountName=acc;${key};EndpointSuffix=local.azurestack.external`,
    "acc.queue.local.azurestack.external",
  ],
  ["endpoints of other services", `AccountName=acc;${key};FileEndpoint=https://acc.file.x/`, "https://acc.queue."],
  ["a private link", `AccountName=a;${key};QueueEndpoint=https://a.privatelink.queue.core.windows.net`, "privatelink"],
  ["an account called like a service", `AccountName=blob;${key}`, "https://blob.queue.core.windows.net"],
  ["an IPv6 address", `AccountName=a;${key};QueueEndpoint=http://[::1]:10001/a`, "http://[::1]:10001/a"],
  ["an empty query", `AccountName=a;${key};QueueEndpoint=https://q/?`, "https://q"],
  ["the emulator in capitals", "USEDEVELOPMENTSTORAGE=TRUE", "http://127.0.0.1:10001/devstoreaccount1"],
  [
    "the emulator with an empty proxy",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=",
    "http://127.0.0.1:10001",
  ],
  [
    "the emulator behind a proxy in IPv6",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://[::1]",
    "http://[::1]:10001/devstoreaccount1",
  ],
  [
    "the emulator behind a proxy by https",
    "DevelopmentStorageProxyUri=https://azurite;UseDevelopmentStorage=true",
    "https://azurite:10001/devstoreaccount1",
  ],
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
  ["beside a key that it makes needless", `${endpoints};${key};SharedAccessSignature=sv=1&sig=2%3D`, "https://b"],
  [
    "inside the endpoints",
    "BlobEndpoint=https://b/?sv=1&sig=2%3D;QueueEndpoint=https://q?sv=1&sig=2%3D;TableEndpoint=https://t?sv=1&sig=2%3D",
    "https://b",
  ],
  [
    "inside one endpoint and beside it",
    "BlobEndpoint=https://b/?sv=1&sig=2%3D;QueueEndpoint=https://q;TableEndpoint=https://t;SharedAccessSignature=sv=1&sig=2%3D",
    "https://b",
  ],
  [
    "with the account's name",
    "AccountName=acc;SharedAccessSignature=sv=1&sig=2%3D",
    "https://acc.blob.core.windows.net",
  ],
])("connection strings may carry a signature in place of the key, %s", (_, text, blobEndpoint) => {
  const query = "sv=1&sig=2%3D";
  expect(parseConnectionString(text, "s")).toMatchObject({
    blobEndpoint,
    credential: { kind: "sharedAccessSignature", queries: { blob: query, queue: query, table: query } },
  });
});

it("each service has the signature that stands in its own URL", () => {
  const at = (service: string) =>
    `${service}Endpoint=https://a.${service.toLowerCase()}.core.windows.net/?sig=${service}`;
  const text = [at("Blob"), at("Queue"), at("Table"), "SharedAccessSignature=sig=All"].join(";");

  expect(parseConnectionString(text, "s")).toEqual({
    blobEndpoint: "https://a.blob.core.windows.net",
    queueEndpoint: "https://a.queue.core.windows.net",
    tableEndpoint: "https://a.table.core.windows.net",
    credential: {
      kind: "sharedAccessSignature",
      queries: { blob: "sig=Blob", queue: "sig=Queue", table: "sig=Table" },
    },
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
    "has a signature in one of its URLs and none for QueueEndpoint and TableEndpoint",
  ],
  [
    "an unresolved Key Vault reference",
    "@Microsoft.KeyVault(SecretUri=https://SECRET.vault.azure.net/secrets/x/)",
    "is a reference (@Microsoft...) that nothing has resolved",
  ],
  ["white space", " \n", "must be an Azure Storage connection string"],
  ["a lone name", "SECRET=", "has no AccountName"],
  ["a value without a name", "=SECRET", "is not a connection string"],
  ["JSON", '{"AccountKey":"SECRET"}', "is not a connection string"],
  ["a URL", "https://SECRET.blob.core.windows.net", "is not a connection string"],
  [
    "a URL with a signature",
    "https://a.blob.core.windows.net/?sv=1&sig=SECRET",
    "is not a connection string but a URL",
  ],
  [
    "a Key Vault reference by names",
    "@Microsoft.KeyVault(VaultName=SECRET;SecretName=SECRET)",
    "is a reference (@Microsoft...) that nothing has resolved",
  ],
  [
    "a reference to App Configuration",
    "@Microsoft.AppConfiguration(Endpoint=https://SECRET.azconfig.io; Key=k)",
    "is a reference (@Microsoft...)",
  ],
  [
    "a reference in place of the key",
    "AccountName=a;AccountKey=@Microsoft.KeyVault(SecretUri=SECRET)",
    "is a reference (@Microsoft...)",
  ],
  ["typographic quotation marks", "\u201cAccountName=a;AccountKey=SECRET==\u201d", "stands in quotation marks"],
  ["a part that is there twice", "AccountName=a;AccountKey=SECRET=;AccountKey=secret==", "says one of its"],
  ["a quoted key", 'AccountName=a;AccountKey="SECRET=="', "stands in quotation marks"],
  ["a key that was cut off", "AccountName=a;AccountKey=SECRETS", "has an AccountKey that is not Base64"],
  [
    "a signature without a signature",
    `${endpoints};SharedAccessSignature=sv=2020-08-04&se=SECRET`,
    "has a SharedAccessSignature without 'sig='",
  ],
  [
    "a signature for blobs alone",
    `${endpoints};SharedAccessSignature=sv=1&ss=b&srt=sco&sig=SECRET`,
    "has a signature that does not open the queues ('ss')",
  ],
  [
    "a signature for blobs and queues",
    "AccountName=a;SharedAccessSignature=sv=1&ss=bqf&sig=SECRET",
    "has a signature that does not open the tables",
  ],
  [
    "the endpoint of another service",
    `AccountName=a;${key};QueueEndpoint=https://SECRET.blob.core.windows.net`,
    "has a QueueEndpoint that leads to another service of the account ('.blob.')",
  ],
  [
    "the emulator beside endpoints",
    "UseDevelopmentStorage=true;BlobEndpoint=http://SECRET",
    "has UseDevelopmentStorage=true beside BlobEndpoint",
  ],
  [
    "an emulator proxy with a port and a slash",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://SECRET:10000/",
    "has a DevelopmentStorageProxyUri with a port or path",
  ],
  [
    "an emulator proxy with the port of its protocol",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://SECRET:80",
    "has a DevelopmentStorageProxyUri with a port or path",
  ],
  [
    "an emulator proxy with a query",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite?SECRET",
    "has a DevelopmentStorageProxyUri with a port or path",
  ],
  [
    "an emulator proxy with a password",
    "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://me:SECRET@azurite",
    "has a DevelopmentStorageProxyUri with a user name or password",
  ],
  ["the emulator switched off", "UseDevelopmentStorage=false;AccountKey=SECRET==", "has no AccountName"],
  [
    "a user name alone in a URL",
    `AccountName=a;${key};TableEndpoint=https://SECRET@t`,
    "has a TableEndpoint with a user",
  ],
  ["a relative endpoint", `AccountName=a;${key};TableEndpoint=//SECRET`, "has a TableEndpoint that is not"],
  [
    "Cosmos DB by another name",
    `AccountName=a;${key};TableEndpoint=https://SECRET.table.cosmosdb.azure.com`,
    "has a TableEndpoint of Cosmos DB",
  ],
  ["an account name with a dot", `AccountName=SECRET.blob;${key}`, "has an AccountName that is none"],
  [
    "http to a DNS zone",
    `AccountName=a;${key};BlobEndpoint=http://a.z1.blob.storage.azure.net`,
    "reaches a storage account",
  ],
  ["an empty account name", `AccountName=;${key}`, "has no AccountName"],
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
    "has a QueueEndpoint with a '#' in it",
  ],
  ["a query in a URL", `AccountName=a;${key};QueueEndpoint=https://q?SECRET`, "has a QueueEndpoint with a '?' in it"],
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
