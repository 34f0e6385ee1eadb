import { expect, it } from "vitest";
import { parseSchedulerConnectionString } from "../../../../src/grpc/channel/scheduler-connection.ts";

it("reads all that a connection string can say, whatever the case of its keys", () => {
  const text =
    " endpoint=https://my.westus2.durabletask.io ; TASKHUB = hub;authentication=managedidentity;clientid=c;TenantID=t;" +
    "TokenFilePath=/var/token=1;AdditionallyAllowedTenants=a, b,;";

  expect(parseSchedulerConnectionString(text)).toEqual({
    endpoint: "https://my.westus2.durabletask.io",
    taskHub: "hub",
    authentication: "ManagedIdentity",
    clientId: "c",
    tenantId: "t",
    tokenFilePath: "/var/token=1",
    additionallyAllowedTenants: ["a", "b"],
  });
});

it("reads that of the emulator, and speaks TLS to an endpoint without a scheme, but for one of this machine", () => {
  expect(parseSchedulerConnectionString("Endpoint=http://localhost:8080;TaskHub=default;Authentication=None")).toEqual({
    endpoint: "http://localhost:8080",
    taskHub: "default",
    authentication: "None",
    clientId: undefined,
    tenantId: undefined,
    tokenFilePath: undefined,
    additionallyAllowedTenants: undefined,
  });
  const bare = parseSchedulerConnectionString("Endpoint=localhost:8080;TaskHub=h;Authentication=DefaultAzure");
  expect(bare.endpoint).toBe("http://localhost:8080");
  const far = parseSchedulerConnectionString("Endpoint=a.westus2.durabletask.io;TaskHub=h;Authentication=None");
  expect(far.endpoint).toBe("https://a.westus2.durabletask.io");
});

it.each([
  ["", "must be a text"],
  [undefined, "must be a text"],
  ["nonsense", "Name=Value"],
  ["=x", "Name=Value"],
  ["TaskHub=h;Authentication=None", "no Endpoint"],
  ["Endpoint=;TaskHub=h;Authentication=None", "no Endpoint"],
  ["Endpoint=a;Authentication=None", "no TaskHub"],
  ["Endpoint=a;TaskHub=h", "no Authentication"],
  ["Endpoint=a;TaskHub=h;Authentication=Password", "DefaultAzure, ManagedIdentity"],
  ["Endpoint=a;TaskHub=h;Authentication=None;Colour=red", "'Colour'"],
  ["Endpoint=a;TaskHub=h;taskhub=h;Authentication=None", "TaskHub twice"],
  ["Endpoint=http://a/b;TaskHub=h;Authentication=None", "no usable Endpoint"],
])("refuses %j and says why", (text, why) => {
  expect(() => parseSchedulerConnectionString(text, "DTS_CONNECTION")).toThrow(
    expect.objectContaining({ code: "InvalidOption", message: expect.stringMatching(`^DTS_CONNECTION .*${why}`) }),
  );
});

it("repeats no value that could be a secret", () => {
  for (const text of [
    "hunter2",
    "Endpoint=a;TaskHub=h;Authentication=hunter2",
    "Endpoint=http://u:hunter2@a;TaskHub=h",
  ]) {
    expect(() => parseSchedulerConnectionString(text)).toThrow(/^(?!.*hunter2)/);
  }
});
