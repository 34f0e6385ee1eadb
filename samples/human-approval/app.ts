// A person decides, or the time runs out. The wait may take weeks: nothing runs meanwhile, and restarts do not matter.
//
//   curl -X POST localhost:7071/api/approvals -d '{"what": "a new bicycle", "timeoutSeconds": 120}'
//   curl -X POST localhost:7071/api/approvals/<id> -d '{"approved": true, "by": "Ada"}'

import { DFApp, isDurableError } from "durable-functions-ts";

interface ApprovalRequest {
  readonly what: string;
  /** @defaultValue a day */
  readonly timeoutSeconds?: number;
}

interface Decision {
  readonly approved: boolean;
  readonly by: string;
}

const app = new DFApp();

const escalate = app.activity("escalate", ({ what }: ApprovalRequest) => `nobody decided on ${what}, asking the boss`);

const humanApproval = app.orchestration("humanApproval", function* (context, request: ApprovalRequest) {
  const decision = context.waitForExternalEvent<Decision>("Approval");
  const timeout = context.createTimer({ seconds: request.timeoutSeconds ?? 24 * 60 * 60 });
  context.setCustomStatus(`waiting for a decision on ${request.what}`);

  const winner = yield* context.any([decision, timeout]);
  if (winner === timeout) return yield* context.callActivity(escalate, request);

  // Otherwise the instance would stay until the timer fires.
  timeout.cancel();
  const { approved, by } = decision.result;
  return `${by} ${approved ? "approved" : "rejected"} ${request.what}`;
});

app.http("requestApproval", {
  route: "approvals",
  methods: ["POST"],
  handler: async (request, client) => {
    const input = (await request.json()) as ApprovalRequest;
    return client.createCheckStatusResponse(request, await client.startNew(humanApproval, { input }));
  },
});

app.http("decide", {
  route: "approvals/{instanceId}",
  methods: ["POST"],
  handler: async (request, client) => {
    try {
      await client.raiseEvent(request.params.instanceId, "Approval", await request.json());
      return { status: 202 };
    } catch (error) {
      if (isDurableError(error, "InstanceNotFound")) return { status: 404, body: error.message };
      throw error;
    }
  },
});
