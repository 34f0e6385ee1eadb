import { describe, expect, it } from "vitest";
import { resolveSettingReferences } from "../../../../src/host/settings/app-settings.ts";
import { applyLocalSettings, parseLocalSettings } from "../../../../src/host/settings/local-settings.ts";
import {
  describeStorage,
  resolveStorageConnection,
  storageEndpoints,
} from "../../../../src/host/settings/storage-connection.ts";

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
    expect(settings.warnings).toEqual(["local.settings.json: the value 'bad' is not text and is ignored"]);
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
    expect(resolveStorageConnection(name, env as Record<string, string>)).toEqual({
      kind: "connectionString",
      connectionString: "a",
    });
  });

  it("is none when nothing names it, and not supported yet when set by identity", () => {
    expect(resolveStorageConnection("AzureWebJobsStorage", { AzureWebJobsStorage: "" })).toEqual({ kind: "none" });
    expect(() => resolveStorageConnection("AzureWebJobsStorage", { AzureWebJobsStorage__accountName: "x" })).toThrow(
      "'AzureWebJobsStorage__accountName'), which is not supported yet",
    );
  });

  it("has endpoints and a description without secrets", () => {
    const text = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0==;EndpointSuffix=core.windows.net";
    const emulator =
      "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=k;QueueEndpoint=http://127.0.0.1:1/a;BlobEndpoint=http://127.0.0.1:2/a;TableEndpoint=http://127.0.0.1:3/a";

    expect(storageEndpoints(text).map(({ url }) => url.href)).toEqual([
      "https://acc.blob.core.windows.net/",
      "https://acc.queue.core.windows.net/",
      "https://acc.table.core.windows.net/",
    ]);
    expect(storageEndpoints("UseDevelopmentStorage=true").map(({ url }) => url.port)).toEqual([
      "10000",
      "10001",
      "10002",
    ]);
    expect(describeStorage(text)).toBe("acc.queue.core.windows.net");
    expect(describeStorage(emulator)).toBe("127.0.0.1:1/a");
    expect(() => storageEndpoints("AccountKey=secret")).toThrow(/^(?!.*secret).*names no blob endpoint/);
  });
});

it("setting references resolve wherever they stand", () => {
  expect(resolveSettingReferences("a-%X%-%y%", { x: "1", Y: "2" }, "route")).toBe("a-1-2");
});
