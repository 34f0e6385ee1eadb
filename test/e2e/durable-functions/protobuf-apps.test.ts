import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../support/azurite.ts";
import { type RunningApp, runApp } from "./run-app.ts";

const library = resolve("node_modules/@microsoft/durabletask-js");

let azurite: Azurite;
let app: RunningApp;
beforeAll(async () => {
  azurite = await startAzurite();
  app = await runApp("protobuf.cjs", {
    azurite,
    env: { DURABLETASK_JS: library },
    packages: ["@microsoft/durabletask-js"],
  });
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await azurite.stop();
});

const run = async (name: string, input?: unknown) => app.ended(await app.start(name, input));
const call = async (path: string) => {
  const answer = await app.call(path);
  expect(answer.status, app.host.output()).toBe(200);
  return answer.json();
};

describe("an app whose functions speak protobuf, on the local host", () => {
  it("is served as a whole", () => {
    expect(app.host.output()).not.toContain("not served locally");
  });

  it("runs activities in sequence and shows its custom status", async () => {
    expect(await run("sequence", ["Tokyo", "Seattle"])).toMatchObject({
      runtimeStatus: "Completed",
      output: ["Hello Tokyo", "Hello Seattle"],
      customStatus: { greeted: 2 },
    });
  });

  it("runs children and timers, and sees how activities fail", async () => {
    const { output } = await run("parent");
    expect(output).toMatchObject({ child: ["Hello a", "Hello b"], failure: expect.stringContaining("out of range") });
  });

  it("fails with the type and message of what it throws", async () => {
    expect(await run("failing")).toMatchObject({ runtimeStatus: "Failed", output: "TypeError: no good" });
  });

  it("continues as new", async () => {
    expect(await run("eternal", 0)).toMatchObject({ runtimeStatus: "Completed", output: 3 });
  });

  it("calls and locks entities", async () => {
    expect(await run("transfer")).toMatchObject({ runtimeStatus: "Completed", output: [6, 4] });
  });

  it("gets a client on the gRPC service of the host, for all verbs", async () => {
    expect(await call("verbs")).toEqual({
      started: "approval",
      output: '{"approved":true}',
      history: true,
      terminated: '"enough"',
      purged: 1,
      gone: true,
    });
    expect(await call("count")).toBe(5);
  });

  it("is told where the gRPC service and the management API are", async () => {
    expect(await call("binding")).toMatchObject({
      rpcBaseUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      baseUrl: `${app.host.url}/runtime/webhooks/durabletask`,
    });
  });

  it("goes on after its process was killed", async () => {
    const id = await app.start("approval");
    await app.crash();
    await app.raise(id, "approved", "yes");
    expect(await app.ended(id)).toMatchObject({ runtimeStatus: "Completed", output: { approved: "yes" } });
  });
});
