import { type DurableErrorCode, isDurableError, messageOf } from "../core/errors.ts";
import { redactSecrets } from "../core/redact-secrets.ts";

/** Ends the handling of a request with an answer to its sender. Meets only those who answer requests. */
export class RequestRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Of answers that are for their caller alone: not for caches and referrers, not for guesses at their type, not for frames
 * and images in other pages.
 */
export const privateHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The caller has shown no key that opens the door; the message says how to show one. */
export class KeyNeeded extends RequestRefused {
  constructor(cure: string) {
    super(401, cure);
  }
}

/**
 * The refusal as the Functions host gives it: 401 without a body. What to do stands in the header, and in the body for a
 * browser, which shows no headers.
 *
 * @param accept the header of that name
 */
export function describeKeyNeeded(
  { message }: KeyNeeded,
  accept: string | null | undefined,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const forPeople = accept?.toLowerCase().includes("text/html") === true;
  return {
    headers: {
      "www-authenticate": `Bearer error="invalid_token", error_description="${message}"`,
      ...privateHeaders,
      ...(forPeople && { "content-type": "text/plain; charset=utf-8" }),
    },
    body: forPeople ? `${message}\n` : "",
  };
}

export function emptyAnswer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

/** @param json JSON text, sent as it is: payloads keep their digits and their order. */
export function jsonAnswer(status: number, json: string, headers: Record<string, string> = {}): Response {
  return new Response(json, { status, headers: { "content-type": "application/json; charset=utf-8", ...headers } });
}

export function textAnswer(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

function messageAnswer(status: number, message: string, headers: Record<string, string> = {}): Response {
  return jsonAnswer(status, formatProblem(message), headers);
}

/** The body that says what was wrong with a request, without the secrets that it quotes. */
export function formatProblem(message: string): string {
  return JSON.stringify({ Message: redactSecrets(message) });
}

const statusOfCode = new Map<DurableErrorCode, number>([
  ["InvalidOption", 400],
  ["InvalidInstanceId", 400],
  ["InvalidPayload", 400],
  ["OrchestratorNotRegistered", 400],
  ["EntityNotRegistered", 400],
  ["InvalidEntityId", 400],
  ["InstanceNotFound", 404],
  ["InstanceNotActive", 410],
  ["InstanceAlreadyExists", 409],
  ["TaskHubInUse", 409],
  ["TaskHubNotFound", 404],
  // Of a management request: the history changed while it was being rewound.
  ["WorkItemLockLost", 409],
  ["NotSupported", 501],
  ["StorageUnavailable", 503],
  ["StorageBeingDeleted", 503],
  ["ServiceUnavailable", 503],
  ["Aborted", 503],
]);

/**
 * The answer to a request that could not be done. It says what was wrong with the request; our own troubles are for the
 * log (`isOurs`).
 */
export function answerError(
  error: unknown,
  accept: string | null,
): { readonly answer: Response; readonly isOurs: boolean } {
  if (error instanceof KeyNeeded) {
    const { headers, body } = describeKeyNeeded(error, accept);
    return { answer: new Response(body === "" ? null : body, { status: error.status, headers }), isOurs: false };
  }
  if (error instanceof RequestRefused) {
    return { answer: messageAnswer(error.status, error.message), isOurs: false };
  }
  const status = isDurableError(error) ? (statusOfCode.get(error.code) ?? 500) : 500;
  // The genuine extension leaves these two without a body.
  if (status === 404 || status === 410) return { answer: emptyAnswer(status), isOurs: false };
  if (status === 500) {
    return { answer: messageAnswer(500, "Something went wrong while processing your request"), isOurs: true };
  }
  if (status === 503) {
    return {
      answer: messageAnswer(503, "The task hub cannot be reached at present", { "retry-after": "5" }),
      isOurs: true,
    };
  }
  return { answer: messageAnswer(status, messageOf(error)), isOurs: false };
}
