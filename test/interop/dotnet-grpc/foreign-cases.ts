import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { OurSdk } from "./our-sdk.ts";

/**
 * What our client and worker do at a server that is not ours, besides what every SDK does.
 * @param sdk its worker has been started
 */
export function foreignCases(sdk: () => OurSdk): void {
  it("instances are queried by prefix and status, page by page", async () => {
    const prefix = `query-${randomUUID()}-`;
    for (let i = 0; i < 5; i++) await sdk().run(i < 3 ? "Empty" : "FailItself", "x", { instanceId: prefix + i });
    const ids = async (filter: object) => {
      const found: string[] = [];
      const instances = sdk().client.getAllInstances({ instanceIdPrefix: prefix, ...filter });
      for await (const { instanceId } of instances) found.push(instanceId.slice(-1));
      return found.sort();
    };
    expect(await ids({ pageSize: 2 })).toEqual(["0", "1", "2", "3", "4"]);
    expect(await ids({ runtimeStatus: ["Failed"] })).toEqual(["3", "4"]);
    expect(await ids({ createdTo: new Date(0) })).toEqual([]);
  });

  it("an instance that has ended starts again under a new id", async () => {
    const first = await sdk().start("CallEcho", "again");
    await sdk().end(first);
    const second = await sdk().client.restartOrchestration(first, { restartWithNewInstanceId: true });
    expect(second).not.toBe(first);
    expect((await sdk().end(second)).output).toBe("again");
  });

  it("a child that nobody waits for may be answered all the same", async () => {
    const child = `forgotten-${randomUUID()}`;
    const instanceId = await sdk().startRunning("Forget", child);
    expect((await sdk().end(child)).output).toBe("forgotten");
    await sdk().raise(instanceId, "Go");
    expect((await sdk().end(instanceId)).output).toBe("and on");
  });

  it("what the server cannot do is told as such", async () => {
    const patched = await sdk().run("Patched");
    expect(patched).toMatchObject({ status: "Failed", failure: { type: "NotSupported" } });
    const { client } = sdk();
    await expect(client.rewindInstance("x")).rejects.toMatchObject({ code: "NotSupported" });
    await expect(client.getEntity("@counter@x")).rejects.toMatchObject({ code: "NotSupported" });
    await expect(client.signalEntity("@counter@x", "add")).rejects.toMatchObject({ code: "NotSupported" });
  });
}
