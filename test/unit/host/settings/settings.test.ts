import { describe, expect, it } from "vitest";
import { resolveSettingReferences } from "../../../../src/host/settings/app-settings.ts";
import { applyLocalSettings, parseLocalSettings } from "../../../../src/host/settings/local-settings.ts";
import { findStorageAccount } from "../../../../src/host/settings/storage-connection.ts";

describe("local.settings.json", () => {
  it("gives values, connection strings and host options", () => {
    const settings = parseLocalSettings(`{
      // comment
      "Values": { "A": "1", "N": 2, "B": true, "bad": {} },
      "ConnectionStrings": { "Sql": "Server=x" },
      "Host": { "LocalHttpPort": 7072, "CORS": "*", "CORSCredentials": true }
    }`);

    expect(Object.fromEntries(settings.values)).toEqual({
      A: "1",
      N: "2",
      B: "true",
      "ConnectionStrings:Sql": "Server=x",
    });
    expect(settings).toMatchObject({ port: 7072, address: undefined, cors: "*", corsCredentials: true });
    expect(settings.warnings).toEqual([
      "local.settings.json: the value 'bad' is not text and is ignored; write its members as 'bad__member'",
    ]);
  });

  it("is refused when it is not JSON, and when it is encrypted", () => {
    expect(() => parseLocalSettings('{ "Values": {')).toThrow(
      "local.settings.json is not valid JSON: line 1: close brace expected",
    );
    expect(() => parseLocalSettings('{ "IsEncrypted": true }')).toThrow("encrypted");
  });

  it("never replaces a variable that is set and not empty", () => {
    const env: Record<string, string | undefined> = { SAME: "x", OTHER: "mine", EMPTY: "" };

    const skipped = applyLocalSettings(
      parseLocalSettings('{ "Values": { "SAME": "x", "OTHER": "file", "EMPTY": "file", "NEW": "file" } }'),
      env,
    );

    expect(env).toEqual({ SAME: "x", OTHER: "mine", EMPTY: "file", NEW: "file" });
    expect(skipped).toEqual(["OTHER"]);
  });
});

describe("a storage connection", () => {
  it.each([
    ["AzureWebJobsStorage", { AzureWebJobsStorage: "a" }],
    ["Storage", { AzureWebJobsStorage: "a" }],
    ["", { AzureWebJobsStorage: "a" }],
    ["Mine", { Mine: "a" }],
    ["Mine", { AzureWebJobsMine: "a", Mine: "b" }],
    ["Mine", { "ConnectionStrings:AzureWebJobsMine": "a", AzureWebJobsMine: "b" }],
    ["Mine", { ConnectionStrings__mine: "a" }],
    ["%WHICH%", { WHICH: "Mine", Mine: "a" }],
  ])("named '%s' is found in %o", (name, env) => {
    expect(findStorageAccount(name, env as Record<string, string>)).toMatchObject({ connectionString: "a" });
  });

  it("is none when nothing names it", () => {
    expect(findStorageAccount("AzureWebJobsStorage", { AzureWebJobsStorage: "" })).toBeUndefined();
  });

  it.each([
    ["AzureWebJobsStorage", "AzureWebJobsStorage__accountName", "AzureWebJobsStorage", "accountName"],
    ["Storage", "azurewebjobsstorage:QUEUEserviceURI", "AzureWebJobsStorage", "queueServiceUri"],
    ["Mine", "mine__tenantId", "Mine", "tenantId"],
    ["Mine", "AzureWebJobsMine__clientSecret", "AzureWebJobsMine", "clientSecret"],
    ["%WHICH%", "Mine:managedIdentityResourceId", "Mine", "managedIdentityResourceId"],
  ])("named '%s' is an identity where %s is set", (name, setting, section, member) => {
    expect(findStorageAccount(name, { WHICH: "Mine", [setting]: "v" })).toEqual({
      kind: "identity",
      setting: section,
      identity: { [member]: "v" },
    });
  });

  it("is that of the first name that has any settings, as for the Functions host", () => {
    const env = { Mine: "text", AzureWebJobsMine__accountName: "acc", ConnectionStrings__Other__accountName: "acc" };

    expect(findStorageAccount("Mine", env)).toMatchObject({ kind: "identity", setting: "AzureWebJobsMine" });
    expect(findStorageAccount("Other", env)).toMatchObject({ kind: "identity", identity: { accountName: "acc" } });
  });

  it("may have settings of services that a task hub does not use, and no misspelt ones", () => {
    const env = { Mine__accountName: "acc", Mine__fileServiceUri: "https://f", Mine__serviceUri: "https://b" };

    expect(findStorageAccount("Mine", env)).toMatchObject({ identity: { accountName: "acc" } });
    expect(() => findStorageAccount("Mine", { ...env, Mine__clientld: "c" })).toThrow("did you mean 'clientId'?");
    expect(() => findStorageAccount("Mine", { ...env, Mine__clientCertificate: "c" })).toThrow("not supported here");
  });

  it("is the text where there are both", () => {
    expect(findStorageAccount("Mine", { Mine: "text", Mine__accountName: "acc" })).toMatchObject({
      kind: "connectionString",
    });
  });

  it.each([
    ["AzureWebJobsStorage__acountName", "InvalidOption", "did you mean 'accountName'?"],
    ["AzureWebJobsStorage__connectionString", "InvalidOption", "set 'AzureWebJobsStorage' itself"],
    ["AzureWebJobsStorage__serviceUri", "InvalidOption", "a task hub needs all three services"],
    ["AzureWebJobsStorage:clientCertificate", "NotSupported", "certificates from a store of Windows"],
    ["AzureWebJobsStorage__serviceConnectionId", "NotSupported", "Azure Pipelines"],
  ])("is not overlooked when only %s is set", (setting, code, message) => {
    const find = () => findStorageAccount("AzureWebJobsStorage", { [setting]: "SECRET" });

    expect(find).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
    expect(find).toThrow(expect.not.objectContaining({ message: expect.stringContaining("SECRET") }));
  });
});

it("setting references resolve wherever they stand", () => {
  expect(resolveSettingReferences("a-%X%-%y%", { x: "1", Y: "2" }, "route")).toBe("a-1-2");
});

it.each(["NODE_OPTIONS", "node_extra_ca_certs", "UV_THREADPOOL_SIZE", "languageWorkers__node__arguments"])(
  "says that Node has read %s already",
  (name) => {
    const { values, warnings } = parseLocalSettings(JSON.stringify({ Values: { [name]: "x", NODE_ENV: "test" } }));

    expect(values.get(name)).toBe("x");
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`'${name}' is read when Node starts.*durable start`))]);
  },
);
