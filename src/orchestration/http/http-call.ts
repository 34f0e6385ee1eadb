import type { HttpResponseMessage } from "../../core/durable-http.ts";
import { jsonDataConverter } from "../../core/payloads/data-converter.ts";
import { httpPollOrchestratorName } from "../../core/reserved-names.ts";
import type { DurableTask } from "../durable-task.ts";
import type { ExecutionScope } from "../replay/execution-scope.ts";
import { TaskFailedError } from "../task-failed-error.ts";
import { readHttpCall } from "./durable-http-request.ts";
import { DurableHttpResponse } from "./durable-http-response.ts";

/** Makes an HTTP call through the built-in orchestration. Its messages are plain JSON, whatever the app's converter is. */
export function callHttp(scope: ExecutionScope, given: readonly unknown[]): DurableTask<DurableHttpResponse> {
  const call = readHttpCall(given);
  const task = scope.createTask<DurableHttpResponse>();
  // Whatever is called after continue-as-new belongs to no scope.
  if (scope.isEnding) return task;
  const { id } = scope.addAction((id) => ({
    kind: "CreateSubOrchestration",
    id,
    name: httpPollOrchestratorName,
    version: undefined,
    instanceId: `${scope.executionId}:${id}`,
    input: jsonDataConverter.serialize(call, "the request of callHttp"),
    tags: undefined,
    fireAndForget: false,
  }));
  const what = `${call.request.method} ${call.request.trustedOrigin}`;
  scope.expectAnswer(id, {
    complete: (result) => {
      const answer = jsonDataConverter.deserialize(result, what) as HttpResponseMessage;
      const { statusCode, content, headers, contentEncoding } = answer;
      task.complete(new DurableHttpResponse(statusCode, content, headers, contentEncoding));
    },
    fail: (details) => task.fail(new TaskFailedError("HTTP call", what, id, details)),
  });
  return scope.watchCall(task, what);
}
