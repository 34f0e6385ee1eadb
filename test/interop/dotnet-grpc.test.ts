import { afterAll, beforeAll, describe, it } from "vitest";
import { DotnetSdk } from "./dotnet-grpc/dotnet-sdk.ts";
import { DotnetSidecar } from "./dotnet-grpc/dotnet-sidecar.ts";
import { orchestrationCases } from "./dotnet-grpc/orchestration-cases.ts";
import { buildPeer } from "./dotnet-peer.ts";

const program = await buildPeer("dotnet-grpc");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

// The genuine SDK, Microsoft.DurableTask.Worker.Grpc and .Client.Grpc, and the genuine sidecar of their test host.
describe.skipIf(path === undefined)(`the .NET SDK and sidecar${because}`, () => {
  describe("the .NET SDK on the .NET sidecar shows what the cases may expect", () => {
    let sidecar: DotnetSidecar;
    let sdk: DotnetSdk;

    beforeAll(async () => {
      sidecar = await DotnetSidecar.start(path!);
      sdk = new DotnetSdk(path!, sidecar.address);
      await sdk.startWorker({ chunkBytes: 1024 * 1024 });
    });

    afterAll(async () => {
      await sdk.kill();
      await sidecar.stop();
    });

    orchestrationCases(() => sdk, it.sequential);
  });
});
