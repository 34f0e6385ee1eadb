import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DFApp } from "../../src/functions/df-app.ts";
import { bodyBytes } from "../../src/host/app/typed-data.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { FunctionsWorkerDouble } from "../support/functions-host-double/functions-worker.ts";
import {
  type Certificate,
  createCertificate,
  type IdentityEndpoint,
  servicesOf,
  startIdentityEndpoint,
} from "../support/storage-identity.ts";

let certificate: Certificate;
let azurite: Azurite;
let identity: IdentityEndpoint;
let folder: string;

beforeAll(async () => {
  certificate = await createCertificate();
  [azurite, identity] = await Promise.all([startAzurite({ certificate }), startIdentityEndpoint()]);
  folder = await mkdtemp(join(tmpdir(), "functions-app-"));
  const durableTask = { hubName: "ByIdentity", partitonCount: 4 };
  await writeFile(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensions: { durableTask } }));
  // This file has a process of its own.
  Object.assign(process.env, identity.env, {
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    AzureWebJobsScriptRoot: folder,
    AzureWebJobsStorage__credential: "managedidentity",
  });
  delete process.env["AzureWebJobsStorage"];
  for (const [name, url] of Object.entries(servicesOf(azurite))) process.env[`AzureWebJobsStorage__${name}`] = url;
});

afterAll(async () => {
  await Promise.all([azurite.stop(), identity.stop(), certificate.remove()]);
  await rm(folder, { recursive: true, force: true });
});

it("a Function App works on an account that takes no keys, by its managed identity", async () => {
  const worker = await FunctionsWorkerDouble.load(() => {
    const app = new DFApp();
    const say = app.activity("say", (city: string) => `Hello ${city}!`);
    app.orchestration("hello", function* (context, city: string) {
      return yield* context.callActivity(say, city);
    });
    app.http("start", {
      handler: async (_, client) => {
        const id = await client.startNew("hello", { input: "Tokyo" });
        return { jsonBody: await client.waitForCompletion(id, { pollInterval: 50 }) };
      },
    });
  });
  try {
    const start = worker.core.functions.find(({ metadata }) => metadata.name === "start")!;
    const http = { method: "GET", url: "https://app.example.com/api/start", nullableHeaders: {}, nullableQuery: {} };
    const returned = await worker.call(start, { value: { http } });
    const status = JSON.parse(bodyBytes(returned!.http!.body).toString());

    expect(status).toMatchObject({ name: "hello", output: "Hello Tokyo!" });
    expect(identity.queries.length).toBeGreaterThan(0);
    const lines = worker.lines.join("\n");
    expect(lines).toMatch(/SettingIgnored: .*partitonCount is unknown.*did you mean 'storageProvider.partitionCount'/);
    expect(lines).toMatch(/LinksNotSigned: /);
    expect(lines).not.toMatch(/eyJ|header-of-the-identity/);
  } finally {
    await worker.terminate();
  }
});
