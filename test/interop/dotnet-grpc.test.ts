import { afterAll, beforeAll, describe, it } from "vitest";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";
import { DotnetSdk, type WorkerOptions } from "./dotnet-grpc/dotnet-sdk.ts";
import { DotnetSidecar } from "./dotnet-grpc/dotnet-sidecar.ts";
import { entityCases } from "./dotnet-grpc/entity-cases.ts";
import { foreignCases } from "./dotnet-grpc/foreign-cases.ts";
import { managementCases } from "./dotnet-grpc/management-cases.ts";
import { mixedCases } from "./dotnet-grpc/mixed-cases.ts";
import { orchestrationCases } from "./dotnet-grpc/orchestration-cases.ts";
import { OurSdk, ourFailures } from "./dotnet-grpc/our-sdk.ts";
import { restartCases } from "./dotnet-grpc/restart-cases.ts";
import { traceCases } from "./dotnet-grpc/trace-cases.ts";
import { versionCases } from "./dotnet-grpc/version-cases.ts";
import { buildDotnet } from "./dotnet-program.ts";

const program = await buildDotnet("dotnet-grpc");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

/** The smallest that the SDK takes. */
const chunkBytes = 1024 * 1024;

// The genuine SDK, Microsoft.DurableTask.Worker.Grpc and .Client.Grpc, and the genuine sidecar of their test host.
describe.skipIf(path === undefined)(`the gRPC protocol with .NET${because}`, () => {
  describe("the .NET SDK on the .NET sidecar, which shows what the cases may expect", () => {
    let sidecar: DotnetSidecar;
    let sdk: DotnetSdk;

    beforeAll(async () => {
      sidecar = await DotnetSidecar.start(path!);
      sdk = new DotnetSdk(path!, sidecar.address);
      await sdk.startWorker({ chunkBytes });
    });

    afterAll(async () => {
      await sdk.kill();
      await sidecar.stop();
    });

    orchestrationCases(() => sdk, it.sequential);
    traceCases(() => sdk, it.sequential);
  });

  describe("our worker and client on the .NET sidecar", () => {
    let sidecar: DotnetSidecar;
    let sdk: OurSdk;

    beforeAll(async () => {
      sidecar = await DotnetSidecar.start(path!);
      sdk = new OurSdk(sidecar.address);
      await sdk.startWorker();
    });

    afterAll(async () => {
      await sdk.stop();
      await sidecar.stop();
    });

    orchestrationCases(() => sdk, it.sequential);
    foreignCases(() => sdk);
  });

  describe.each(["events", "messages"] as const)(
    "the .NET SDK on our sidecar, its entities asked by %s",
    (entities) => {
      const ours = withSidecar({ chunkBytes, entities });
      orchestrationCases(ours.sdk, it.concurrent);
      managementCases(ours.sdk, it.concurrent);
      entityCases(ours.sdk, it.concurrent);
      traceCases(ours.sdk, it.concurrent);
    },
  );

  describe("the client of the .NET SDK and our worker on our sidecar", () => {
    let sidecar: RunningSidecar;
    let client: DotnetSdk;
    let ours: OurSdk;

    beforeAll(async () => {
      sidecar = await startSidecar({ stopGraceMs: 200 });
      client = new DotnetSdk(path!, `http://${sidecar.address}`, ourFailures);
      ours = new OurSdk(sidecar.address);
      await ours.startWorker();
    });

    afterAll(async () => {
      await client.kill();
      await ours.stop();
      await sidecar[Symbol.asyncDispose]();
    });

    orchestrationCases(() => client, it.concurrent);
  });

  describe("a worker of the .NET SDK on our sidecar", () => {
    versionCases(withSidecar().sdk);
  });

  describe("the .NET SDK and the JavaScript SDK on one of our sidecars", () => {
    const ours = withSidecar({ filters: true });
    mixedCases(ours.sdk, ours.address);
  });

  describe("servers that come late and come again", () => {
    restartCases(() => path!);
  });
});

/** A sidecar of ours on a hub in memory, for the tests of this block, and the .NET SDK on it. */
function withSidecar(worker?: WorkerOptions) {
  let sidecar: RunningSidecar;
  let sdk: DotnetSdk;

  beforeAll(async () => {
    sidecar = await startSidecar({ stopGraceMs: 200 });
    sdk = new DotnetSdk(path!, `http://${sidecar.address}`);
    if (worker !== undefined) await sdk.startWorker(worker);
  });

  afterAll(async () => {
    await sdk.kill();
    await sidecar[Symbol.asyncDispose]();
  });

  return { sdk: () => sdk, address: () => sidecar.address };
}
