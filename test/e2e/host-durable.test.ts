import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readStoreRecord } from "../../src/hosting/azurite/store-record.ts";
import { type LocalHostProcess, runDurable, startLocalHost } from "../support/local-host.ts";

let folder: string;

const appSource = `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DFApp } from "${pathToFileURL(resolve("dist/index.js")).href}";

const app = new DFApp();
app.activity("step", async (n) => {
  appendFileSync("steps.txt", \`begin \${n}\\n\`);
  await sleep(300);
  appendFileSync("steps.txt", \`end \${n}\\n\`);
  return n;
});
app.orchestration("steps", function* (context, count) {
  const done = [];
  for (let n = 0; n < count; n++) done.push(yield context.callActivity("step", n));
  return done;
});
app.orchestration("outsideTurn", function* (context) {
  setTimeout(() => context.callActivity("step", 7), 200);
  yield context.waitForExternalEvent("never");
});
const other = new DFApp();
other.orchestration("ofAnotherApp", function* () {
  return "merged";
});
other.http("start", {
  route: "orchestrators/{name}",
  methods: ["POST"],
  handler: async (request, client) => {
    const id = await client.startNew(request.params.name, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-app-"));
  writeFileSync(
    join(folder, "host.json"),
    '{ "version": "2.0", "extensions": { "durableTask": { "hubName": "E2e" } } }',
  );
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), appSource);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function startInstance(host: LocalHostProcess, name: string, input: unknown): Promise<string> {
  const answer = await fetch(`${host.url}/api/orchestrators/${name}`, { method: "POST", body: JSON.stringify(input) });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { id: string }).id;
}

async function status(host: LocalHostProcess, id: string) {
  const answer = await fetch(`${host.url}/runtime/webhooks/durabletask/instances/${id}`);
  return (await answer.json()) as { runtimeStatus: string; output: unknown };
}

const stepsText = () => (existsSync(join(folder, "steps.txt")) ? readFileSync(join(folder, "steps.txt"), "utf8") : "");

describe("an app with durable functions", () => {
  it("outlives an orchestrator that goes on in a callback, and fails its instance", async () => {
    await using host = await startLocalHost({ appFolder: folder });

    const id = await startInstance(host, "outsideTurn", null);

    await expect
      .poll(() => status(host, id))
      .toMatchObject({
        runtimeStatus: "Failed",
        output: expect.stringContaining("callActivity was called while the orchestrator was not being replayed"),
      });
    expect(await host.stop()).toBe(0);
    expect(stepsText()).toBe("");
  });

  it("runs the orchestrations of all its DFApps on the local store", async () => {
    await using host = await startLocalHost({ appFolder: folder });

    const ids = [await startInstance(host, "steps", 2), await startInstance(host, "ofAnotherApp", null)];

    await expect.poll(() => status(host, ids[0]!)).toMatchObject({ output: [0, 1] });
    await expect.poll(() => status(host, ids[1]!)).toMatchObject({ output: "merged" });
    expect(host.output()).toContain("steps: orchestration");
    expect(host.output()).toContain("step: activity");
    expect(host.output()).toMatch(
      /Try: curl -i -X POST http:\/\/localhost:\d+\/api\/orchestrators\/steps -H .* -d .*\n/,
    );
    expect(host.output()).not.toContain("AccountKey");
  });

  it("reads the body of a management request once, under one limit, and none that it does not need", async () => {
    await using host = await startLocalHost({
      appFolder: folder,
      env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "2000000" },
    });
    const hook = `${host.url}/runtime/webhooks/durabletask`;
    const send = (path: string, body: string, headers: Record<string, string> = {}) =>
      fetch(`${hook}/${path}`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });

    const fits = await send("orchestrators/ofAnotherApp/a", JSON.stringify("x".repeat(1_900_000)));
    const tooLarge = await send("orchestrators/ofAnotherApp/b", JSON.stringify("x".repeat(2_000_000)));
    const foreign = await send("orchestrators/ofAnotherApp/c", JSON.stringify("x".repeat(1_900_000)), {
      origin: "http://elsewhere.test",
    });
    const chunked = await fetch(`${hook}/orchestrators/ofAnotherApp/d`, {
      method: "POST",
      body: new Blob(["[1]"]).stream(),
      headers: { "content-type": "application/json" },
      duplex: "half",
    } as RequestInit);

    expect([fits.status, tooLarge.status, foreign.status, chunked.status]).toEqual([202, 413, 403, 202]);
    expect(await tooLarge.json()).toEqual({
      Message:
        "The request body may have at most 2000000 bytes; the setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT takes another limit, in bytes",
    });
    const { input } = (await (await fetch(`${hook}/instances/d`)).json()) as { input: unknown };
    expect(input).toEqual([1]);
    expect((await send("instances/a/terminate?reason=x", "{}")).status).toBeOneOf([202, 410]);
    expect((await fetch(`${hook}/instances`)).status).toBe(200);
    expect(await host.stop()).toBe(0);
  });

  it("goes on where it was when the host is killed and started again at once, and repeats no finished step", async () => {
    const first = await startLocalHost({ appFolder: folder });
    const id = await startInstance(first, "steps", 6);
    await expect.poll(stepsText, { interval: 10 }).toContain("begin 2");
    await first.kill("SIGKILL");

    await using second = await startLocalHost({ appFolder: folder });

    await expect
      .poll(() => status(second, id))
      .toMatchObject({ runtimeStatus: "Completed", output: [0, 1, 2, 3, 4, 5] });
    expect(stepsText().match(/end 0/g)).toHaveLength(1);
  });

  it("still knows an instance whose start was acknowledged just before the host was killed", async () => {
    for (let round = 0; round < 2; round++) {
      const host = await startLocalHost({ appFolder: folder });
      const id = await startInstance(host, "ofAnotherApp", round);
      await host.kill("SIGKILL");

      await using again = await startLocalHost({ appFolder: folder });
      await expect.poll(() => status(again, id)).toMatchObject({ output: "merged" });
    }
  });

  it("stops gracefully with exit code 0 and leaves no storage process behind", async () => {
    const host = await startLocalHost({ appFolder: folder });
    await startInstance(host, "steps", 20);

    expect(await host.stop()).toBe(0);
    expect(readStoreRecord(join(folder, ".durable", "azurite"))).toBeUndefined();
  });

  it("ends with one clear line when its storage process dies", async () => {
    const host = await startLocalHost({ appFolder: folder });

    process.kill(readStoreRecord(join(folder, ".durable", "azurite"))!.pid, "SIGKILL");

    await expect.poll(() => host.output()).toContain("(Azurite) ended unexpectedly (SIGKILL).");
    expect(await host.stop()).toBe(1);
  });
});

describe("a start with a storage account that cannot be used says so in one line", () => {
  const start = (env: Record<string, string>) => runDurable(["start", "-p", "0", "--script-root", folder], { env });

  it("when nothing listens there", async () => {
    const account =
      "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;QueueEndpoint=http://127.0.0.1:9/a;BlobEndpoint=http://127.0.0.1:9/a;TableEndpoint=http://127.0.0.1:9/a";
    const { code, stderr, stdout } = await start({ AzureWebJobsStorage: account });

    expect(stderr).toMatch(
      /^The blob service of the storage account cannot be reached at 127\.0\.0\.1:9 \(ECONNREFUSED\).*\n$/,
    );
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain("c2VjcmV0");
  });

  it.each([
    ["garbage", "is not a connection string"],
    [";", "is not a connection string"],
    ["SharedAccessSignature=sv=1&sig=c2VjcmV0", "has neither AccountName nor QueueEndpoint"],
    ["'UseDevelopmentStorage=true'", "stands in quotation marks"],
  ])("when its text is %s", async (text, problem) => {
    const { code, stderr, stdout } = await start({ AzureWebJobsStorage: text });

    expect(stderr).toMatch(new RegExp(`^AzureWebJobsStorage ${problem}.*\n$`));
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain("c2VjcmV0");
  });

  it("when it is set by an identity that lacks something", async () => {
    const { code, stderr, stdout } = await start({
      AzureWebJobsStorage__accountName: "acc",
      AzureWebJobsStorage__clientSecret: "c2VjcmV0",
    });

    expect(stderr).toMatch(/^the connection 'AzureWebJobsStorage' .* lacks AzureWebJobsStorage__tenantId\n$/);
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain("c2VjcmV0");
  });

  it("when its name is not a setting, or a durable setting is out of range", async () => {
    const durable = "AzureFunctionsJobHost__extensions__durableTask";

    expect(await start({ [`${durable}__storageProvider__connectionName`]: "Missing" })).toMatchObject({
      code: 1,
      stderr:
        "Storage account connection string 'Missing' does not exist. Make sure that it is a defined App Setting.\n",
    });
    expect(await start({ [`${durable}__storageProvider__partitionCount`]: "99" })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^host\.json: extensions\.durableTask\.storageProvider\.partitionCount must be.*\n$/,
      ),
    });
  });
});
