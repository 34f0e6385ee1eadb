import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import type { ClientConnection } from "../../src/functions/embedded-host.ts";
import { connectToExtension } from "../../src/functions/extension/extension-connection.ts";
import { OrchestrationStatus } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { createStartChecks } from "../../src/management/start-checks.ts";
import { Refusal, type Script, type ScriptedServer, serve } from "./grpc-client-fixture.ts";

let server: ScriptedServer | undefined;
let connection: ClientConnection | undefined;

afterEach(async () => {
  await connection?.close?.();
  await server?.stop();
});

async function connectTo(script: Script, binding: object = {}) {
  server = await serve(script);
  const value = { taskHubName: "Hub", rpcBaseUrl: `http://${server.address}`, ...binding };
  const opened = connectToExtension(
    JSON.stringify(value),
    createStartChecks(() => []),
  );
  connection = opened;
  return { server, connection: opened, client: opened.client };
}

it("says which hub it means in the words of the extension", async () => {
  const { server: asked, client } = await connectTo(
    { getInstance: () => ({ exists: false }) },
    { connectionName: "AzureWebJobsOther" },
  );

  await client.getInstance("a");

  expect(asked.seen[0]?.headers).toMatchObject({
    taskhub: "Hub",
    "durable-taskhub": "Hub",
    "durable-connectionname": "AzureWebJobsOther",
  });
  expect(connection?.connectionName).toBe("Other");
});

it.each([
  ["it has ended", { exists: true, status: OrchestrationStatus.COMPLETED }, "InstanceNotActive"],
  ["it is not there", { exists: false, status: OrchestrationStatus.RUNNING }, "InstanceNotFound"],
  ["it runs", { exists: true, status: OrchestrationStatus.RUNNING }, "ServiceRejected"],
] as const)("looks at the instance when a call fails without a reason: %s", async (_, found, code) => {
  const refuse = () => {
    throw new Refusal(status.UNKNOWN, "Exception was thrown by handler.");
  };
  const { client } = await connectTo({
    raiseEvent: refuse,
    terminateInstance: refuse,
    suspendInstance: refuse,
    resumeInstance: refuse,
    getInstance: ({ instanceId }) => ({
      exists: found.exists,
      orchestrationState: { instanceId, orchestrationStatus: found.status },
    }),
  });

  const calls = [
    client.raiseEvent("a", "go", undefined),
    client.terminate("a", undefined),
    client.suspend("a", undefined),
    client.resume("a", undefined),
  ];

  for (const call of calls) await expect(call).rejects.toMatchObject({ code });
});

it("says what the extension has no call for", async () => {
  const { client } = await connectTo({
    listInstanceIds: () => {
      throw new Refusal(status.UNIMPLEMENTED, "no such method");
    },
  });

  const listed = client.listInstanceIds({});

  await expect(listed).rejects.toMatchObject({
    code: "NotSupported",
    message: expect.stringContaining("listInstanceIds"),
  });
});

it("says that there is no management API to link to", async () => {
  const { connection: opened } = await connectTo({});

  expect(() => opened.managementBaseUrl).toThrow(expect.objectContaining({ code: "NotSupported" }));
});
