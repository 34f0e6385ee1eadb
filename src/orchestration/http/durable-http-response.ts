import type { HttpResponseMessage } from "../../core/durable-http.ts";
import { jsonDataConverter } from "../../core/payloads/data-converter.ts";
import { httpPollOrchestratorName } from "../../core/reserved-names.ts";
import type { DurableTask } from "../durable-task.ts";
import type { OrchestrationExecution } from "../replay/orchestration-execution.ts";
import { TaskFailedError } from "../task-failed-error.ts";
import { type DurableHttpRequest, resolveHttpCall } from "./durable-http-request.ts";

/** The answer to a durable HTTP call. */
export class DurableHttpResponse {
  readonly statusCode: number;
  /** Names in lower case; repeated headers are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;

  constructor(statusCode: number, content = "", headers: Readonly<Record<string, string>> = {}) {
    this.statusCode = statusCode;
    this.content = content;
    this.headers = headers;
  }

  /** The header of that name, whatever its case. */
  getHeader(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return Object.entries(this.headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
  }
}

/** Makes an HTTP call through the built-in orchestration. Its messages are plain JSON, whatever the app's converter is. */
export function callHttp(
  execution: OrchestrationExecution,
  request: DurableHttpRequest,
): DurableTask<DurableHttpResponse> {
  const call = resolveHttpCall(request);
  const task = execution.turns.createTask<DurableHttpResponse>();
  // Whatever is called after continue-as-new belongs to no execution.
  if (execution.isEnding) return task;
  const { id } = execution.ledger.add((id) => ({
    kind: "CreateSubOrchestration",
    id,
    name: httpPollOrchestratorName,
    version: undefined,
    instanceId: `${execution.executionId}:${id}`,
    input: jsonDataConverter.serialize(call, "the request of callHttp"),
    tags: undefined,
    fireAndForget: false,
  }));
  const what = `${call.request.method} ${call.request.trustedOrigin}`;
  execution.openTasks.add(id, {
    complete: (result) => {
      const { statusCode, content, headers } = jsonDataConverter.deserialize(result, what) as HttpResponseMessage;
      task.complete(new DurableHttpResponse(statusCode, content, headers));
    },
    fail: (details) => task.fail(new TaskFailedError("HTTP call", what, id, details)),
  });
  return task;
}
