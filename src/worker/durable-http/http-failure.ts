/**
 * Why a durable HTTP call failed: its name becomes the error type in history. Never holds headers, bodies or the path
 * and query of a URL, which may carry secrets.
 */
export class HttpFailure extends Error {
  readonly isNonRetriable: boolean;
  /** Status of the answer, if there was one. */
  readonly statusCode?: number;

  constructor(
    name: HttpFailureName,
    message: string,
    details: { readonly statusCode?: number; readonly retry?: boolean },
  ) {
    super(message);
    this.name = name;
    this.isNonRetriable = !(details.retry ?? false);
    if (details.statusCode !== undefined) this.statusCode = details.statusCode;
    // A stack shows the engine and is of no use to who reads the history.
    this.stack = `${name}: ${message}`;
  }
}

/**
 * - `HttpRequestRefused`: it must not be sent: scheme, downgrade, too many redirects, metadata address, allow rule.
 * - `HttpRequestFailed`: it was sent, and there was no answer, or one that counts as a failure.
 * - `HttpResponseTooLarge`: the answer has more bytes than allowed.
 * - `HttpPollingTimedOut`: the other side has not finished in time.
 * - `TaskTimeout`: one request took too long.
 */
export type HttpFailureName =
  | "HttpRequestRefused"
  | "HttpRequestFailed"
  | "HttpResponseTooLarge"
  | "HttpPollingTimedOut"
  | "TaskTimeout";

/** How a request is named in messages: its method and origin. */
export function nameRequest(method: string, url: URL): string {
  return `${method} ${url.origin === "null" ? url.protocol : url.origin}`;
}
