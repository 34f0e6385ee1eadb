import { expect, it } from "vitest";
import type { DotnetSdk } from "./dotnet-sdk.ts";
import { status } from "./orchestration-cases.ts";
import { eventually } from "./sdk-under-test.ts";

/**
 * How a worker of the .NET SDK picks what it runs.
 * @param sdk its worker is started by each case
 */
export function versionCases(sdk: () => DotnetSdk): void {
  const start = (version?: string) => sdk().start("Version", undefined, version === undefined ? {} : { version });

  it("fails what is of another version, if it is told to", async () => {
    await sdk().startWorker({ versioning: { version: "1.0", match: "Strict", failure: "Fail" } });
    expect(await sdk().output("Version", undefined, { version: "1.0" })).toBe("1.0");
    for (const version of ["2.0", undefined]) {
      expect(await sdk().end(await start(version))).toMatchObject({
        status: "Failed",
        failure: { type: "VersionMismatch" },
      });
    }
  });

  it("leaves what it rejects to a worker of that version", async () => {
    await sdk().startWorker({ versioning: { version: "1.0", match: "Strict", failure: "Reject" } });
    const later = await start("2.0");
    expect(await sdk().output("Version", undefined, { version: "1.0" })).toBe("1.0");
    expect(["Pending", "Running"]).toContain(await status(sdk(), later));
    await sdk().startWorker({ versioning: { version: "2.0", match: "Strict", failure: "Reject" } });
    expect((await sdk().end(later)).output).toBe("2.0");
  });

  it("runs older versions, and not newer ones", async () => {
    await sdk().startWorker({ versioning: { version: "2.0", match: "CurrentOrOlder", failure: "Fail" } });
    expect(await sdk().output("Version", undefined, { version: "1.9" })).toBe("1.9");
    expect(await sdk().output("Version")).toBe("");
    expect((await sdk().end(await start("2.1"))).failure?.type).toBe("VersionMismatch");
  });

  it("gives its default version to children", async () => {
    await sdk().startWorker({ versioning: { defaultVersion: "5.1", match: "None", failure: "Reject" } });
    expect(await sdk().output("VersionOfChild")).toBe("5.1");
  });

  it("is sent what its filters name, and the rest waits", async () => {
    await sdk().startWorker({ filters: true });
    const unknown = await sdk().start("OfAnotherWorker");
    expect(await sdk().output("Sequence")).toHaveLength(3);
    expect(await sdk().output("CallEntity", { entityId: "@counter@filtered", name: "Add", input: 1 })).toBe(1);
    expect(await status(sdk(), unknown)).toBe("Pending");
    await sdk().startWorker();
    expect((await sdk().end(unknown)).failure?.type).toBe("OrchestratorTaskNotFound");
  });

  it("goes on where its predecessor ended", async () => {
    await sdk().startWorker();
    const waiting = await sdk().startRunning("WaitForGo", 60_000);
    await sdk().output("CallEntity", { entityId: "@counter@n", name: "Add", input: 1 });
    const locks = await sdk().startRunning("Transfer", { from: "@counter@m", to: "@counter@n", amount: 2, hold: true });
    await eventually(async () => (await sdk().entity("@counter@n"))?.lockedBy, locks);
    await sdk().stopWorker();
    await sdk().raise(waiting, "Go", "after all");
    await sdk().raise(locks, "Go");
    const pending = await sdk().start("Sequence");
    expect(await status(sdk(), pending)).toBe("Pending");
    await sdk().startWorker();
    expect((await sdk().end(waiting)).output).toBe("after all");
    expect((await sdk().end(locks)).output).toEqual([0, 3]);
    expect((await sdk().end(pending)).status).toBe("Completed");
  });
}
