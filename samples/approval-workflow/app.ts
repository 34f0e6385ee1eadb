// Waits for somebody to decide, and does one thing or the other.
//
//   curl -X POST localhost:7071/api/orchestrators/approvalWorkflow
//   curl -X POST localhost:7071/api/approve/<id> -d '{"approver": "Ada"}'
//   curl -X POST localhost:7071/api/reject/<id> -d '{"approver": "Ada"}'

import { DFApp, type DurableClient, isDurableError } from "durable-functions-ts";

interface Approval {
  readonly approved: boolean;
  readonly approver: string;
}

const app = new DFApp();

const processApproved = app.activity("processApproved", ({ approver }: Approval) => `approved by ${approver}`);
const processRejected = app.activity("processRejected", ({ approver }: Approval) => `rejected by ${approver}`);

app.orchestration("approvalWorkflow", function* (context) {
  const approval = yield* context.waitForExternalEvent<Approval>("ApprovalReceived");
  return approval.approved
    ? yield* context.callActivity(processApproved, approval)
    : yield* context.callActivity(processRejected, approval);
});

app.http("approve", {
  route: "approve/{instanceId}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { approver } = (await request.json()) as { approver: string };
    return raiseApproval(client, request.params.instanceId, { approved: true, approver });
  },
});

app.http("reject", {
  route: "reject/{instanceId}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { approver } = (await request.json()) as { approver: string };
    return raiseApproval(client, request.params.instanceId, { approved: false, approver });
  },
});

async function raiseApproval(client: DurableClient, instanceId: string, approval: Approval) {
  try {
    await client.raiseEvent(instanceId, "ApprovalReceived", approval);
    return { status: 202, body: "Event raised" };
  } catch (error) {
    if (isDurableError(error, "InstanceNotFound")) return { status: 404, body: error.message };
    throw error;
  }
}
