import type { HttpCallMessage, HttpRequestMessage, HttpResponseMessage } from "../../core/durable-http.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import { httpActivityName, httpPollOrchestratorName } from "../../core/reserved-names.ts";
import type { DurableTask } from "../../orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import { TaskFailedError } from "../../orchestration/task-failed-error.ts";
import { describeForbiddenHop, withoutCredentials } from "./egress-policy.ts";
import { withoutBodyHeaders } from "./http-activity.ts";
import { HttpFailure, nameRequest } from "./http-failure.ts";
import { type PollWait, readRetryAfterMs } from "./retry-after.ts";

/** After this many polls the poller starts over, so that its history stays short. */
const pollsPerExecution = 50;

type Poller = (
  context: OrchestrationContext,
  call: HttpCallMessage,
) => Generator<DurableTask<unknown>, HttpResponseMessage | undefined, unknown>;

/**
 * The orchestration behind `context.callHttp`: sends the request and, while it is answered with 202 and a Location, asks
 * there again after a wait.
 */
export function createHttpPoller(wait: PollWait): Poller {
  return function* poll(context, call) {
    if (context.parentInstanceId === undefined) {
      const message = `'${httpPollOrchestratorName}' runs for context.callHttp only; it cannot be started by itself`;
      throw new HttpFailure("HttpRequestRefused", message, {});
    }
    let { request } = call;
    const isFirst = call.pollingSince === undefined;
    let response: HttpResponseMessage | undefined = isFirst ? yield* send(context, call, request) : undefined;
    const pollingSince = call.pollingSince ?? context.currentUtcDateTime.getTime();
    for (let polls = 0; ; polls++) {
      if (response !== undefined) {
        if (!call.enablePolling || !isPending(response)) return response;
        const now = context.currentUtcDateTime;
        const delayMs = readRetryAfterMs(response.headers["retry-after"], now, wait);
        if (now.getTime() + delayMs > pollingSince + call.pollingTimeoutMs) throw tooLong(call);
        request = nextPoll(request, response);
        yield* context.createTimer(delayMs);
      }
      if (polls >= pollsPerExecution) {
        context.continueAsNew({ ...call, request, pollingSince });
        return undefined;
      }
      response = yield* send(context, call, request);
    }
  };
}

function* send(
  context: OrchestrationContext,
  call: HttpCallMessage,
  request: HttpRequestMessage,
): Generator<DurableTask<HttpResponseMessage>, HttpResponseMessage, unknown> {
  const { retry } = call;
  try {
    return yield* context.callActivity<HttpResponseMessage>(httpActivityName, request, {
      retry: retry && {
        firstInterval: retry.firstIntervalMs,
        maxAttempts: retry.maxAttempts,
        backoffCoefficient: retry.backoffCoefficient,
        maxInterval: retry.maxIntervalMs,
        retryTimeout: retry.retryTimeoutMs,
        jitter: retry.jitter,
      },
    });
  } catch (error) {
    // The caller is to see what went wrong, not which of our parts it went wrong in.
    throw error instanceof TaskFailedError ? revive(error.failureDetails) : error;
  }
}

function isPending(response: HttpResponseMessage): boolean {
  return response.statusCode === 202 && response.headers["location"] !== undefined;
}

/** A GET without body and without the function key, which belongs to the first request. */
function nextPoll(request: HttpRequestMessage, response: HttpResponseMessage): HttpRequestMessage {
  const from = new URL(response.url);
  const location = response.headers["location"] ?? "";
  const what = nameRequest(request.method, from);
  if (!URL.canParse(location, from.href)) throw refusal(what, "its answer's Location is no URL");
  const url = new URL(location, from);
  const problem = describeForbiddenHop(from, url);
  if (problem !== undefined) throw refusal(what, `its answer's Location must not be followed: ${problem}`);
  const { body: _, tokenSource, ...rest } = request;
  const isTrusted = !response.hasLeftOrigin && url.origin === request.trustedOrigin;
  const headers = withoutBodyHeaders(
    isTrusted ? withoutFunctionKey(request.headers) : withoutCredentials(request.headers),
  );
  const next = { ...rest, method: "GET", url: url.href, headers };
  if (isTrusted) return { ...next, tokenSource };
  // No origin is trusted any more: a way back to the first one was chosen by another.
  return { ...next, trustedOrigin: "" };
}

function withoutFunctionKey(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "x-functions-key"));
}

function tooLong({ request, pollingTimeoutMs }: HttpCallMessage): HttpFailure {
  const what = nameRequest(request.method, new URL(request.url));
  const message = `${what} was still answered with 202 after ${pollingTimeoutMs} ms of polling`;
  return new HttpFailure("HttpPollingTimedOut", message, { statusCode: 202 });
}

function refusal(what: string, reason: string): HttpFailure {
  return new HttpFailure("HttpRequestRefused", `${what} was refused: ${reason}`, {});
}

function revive(details: FailureDetails): Error {
  const { errorType, errorMessage, isNonRetriable, properties } = details;
  const error = new Error(errorMessage);
  error.stack = `${errorType}: ${errorMessage}`;
  return Object.assign(error, { name: errorType, isNonRetriable }, properties);
}
