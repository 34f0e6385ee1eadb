import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DFApp } from "../../src/functions/df-app.ts";
import { bodyBytes } from "../../src/host/app/typed-data.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { FunctionsWorkerDouble } from "../support/functions-host-double/functions-worker.ts";

let azurite: Azurite;
let folder: string;

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "functions-app-"));
  await writeFile(join(folder, "host.json"), '{ "version": "2.0" /* no bundle */ }');
  process.env["AzureWebJobsScriptRoot"] = folder;
  process.env["AzureWebJobsStorage"] = azurite.connectionString;
});

afterAll(async () => {
  delete process.env["AzureWebJobsScriptRoot"];
  delete process.env["AzureWebJobsStorage"];
  await azurite.stop();
  await rm(folder, { recursive: true, force: true });
});

async function request(worker: FunctionsWorkerDouble, name: string, url: string) {
  const fn = worker.core.functions.find(({ metadata }) => metadata.name === name)!;
  const query = Object.fromEntries([...new URL(url).searchParams].map(([key, value]) => [key, { value }]));
  const http = { method: "GET", url, nullableHeaders: {}, nullableQuery: query };
  const returned = await worker.call(fn, { value: { http } });
  const { statusCode, body } = returned!.http!;
  const text = bodyBytes(body).toString();
  return { status: Number(statusCode ?? 200), body: text === "" ? undefined : JSON.parse(text) };
}

it("an app without the extension runs on its own engine, from the hook at its start to that at its end", async () => {
  const worker = await FunctionsWorkerDouble.load(() => {
    const app = new DFApp();
    const say = app.activity("say", (city: string) => `Hello ${city}!`);
    app.orchestration("hello", function* (context, city: string) {
      return yield* context.callActivity(say, city);
    });
    app.http("start", {
      handler: async (request, client) =>
        client.createCheckStatusResponse(request, await client.startNew("hello", { input: "Tokyo" })),
    });
  });
  try {
    const types = worker.core.functions.flatMap(({ metadata }) =>
      Object.values(metadata.bindings).map(({ type }) => type),
    );
    expect(types.filter((type) => /durable|orchestration|activity|entity/i.test(type))).toEqual([]);
    expect(worker.core.functions.map(({ metadata }) => metadata.name)).toEqual([
      "a_durabletask_management",
      "a_durabletask_links",
      "a_durabletask_heartbeat",
      "start",
    ]);

    const started = await request(worker, "start", "https://app.example.com/api/start");
    const link: string = started.body.statusQueryGetUri;
    await expect
      .poll(async () => (await request(worker, "a_durabletask_links", link)).body?.runtimeStatus)
      .toBe("Completed");
    const ended = await request(worker, "a_durabletask_links", link);
    const listed = await request(
      worker,
      "a_durabletask_management",
      "https://app.example.com/api/durabletask/instances",
    );
    const unsigned = link.split("?")[0]!;
    const refused = await request(worker, "a_durabletask_links", unsigned);

    expect(started.status).toBe(202);
    expect(ended.body).toMatchObject({ name: "hello", output: "Hello Tokyo!" });
    expect(listed.body).toEqual([expect.objectContaining({ name: "hello" })]);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(worker.lines.join("\n")).toMatch(/HostingChosen: .*engine of this package.*because host.json names no/);
  } finally {
    const before = performance.now();
    await worker.terminate();
    expect(performance.now() - before).toBeLessThan(5000);
  }
});
