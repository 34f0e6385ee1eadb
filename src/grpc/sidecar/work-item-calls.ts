import type { UnaryCalls } from "./unary-calls.ts";
import type { WorkDispatcher } from "./work-dispatcher.ts";

type WorkItemMethods =
  | "completeOrchestratorTask"
  | "completeActivityTask"
  | "completeEntityTask"
  | "abandonTaskOrchestratorWorkItem"
  | "abandonTaskActivityWorkItem"
  | "abandonTaskEntityWorkItem";

/** What workers say of the work that they were sent. */
export function workItemCalls(dispatcher: WorkDispatcher): UnaryCalls<WorkItemMethods> {
  return {
    async completeOrchestratorTask(answer) {
      const { instanceId, completionToken: token } = answer;
      dispatcher.complete({ kind: "orchestration", token, instanceId }, answer);
      return {};
    },
    async completeActivityTask(answer) {
      const { instanceId, taskId, completionToken: token } = answer;
      dispatcher.complete({ kind: "activity", token, instanceId, taskId }, answer);
      return {};
    },
    async completeEntityTask(answer) {
      // Without a token there is nothing that tells whose answer it is.
      dispatcher.complete({ kind: "entity", token: answer.completionToken, instanceId: "" }, answer);
      return {};
    },
    async abandonTaskOrchestratorWorkItem({ completionToken: token }) {
      dispatcher.abandon({ kind: "orchestration", token, instanceId: "" });
      return {};
    },
    async abandonTaskActivityWorkItem({ completionToken: token }) {
      dispatcher.abandon({ kind: "activity", token, instanceId: "" });
      return {};
    },
    async abandonTaskEntityWorkItem({ completionToken: token }) {
      dispatcher.abandon({ kind: "entity", token, instanceId: "" });
      return {};
    },
  };
}
