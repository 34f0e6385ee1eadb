import { isError, messageOf } from "./errors.ts";
import { redactSecrets } from "./redact-secrets.ts";

/**
 * A foreign error to hand on as a cause: its name, its words without secrets, where it was thrown, and its codes. Errors
 * of HTTP libraries hold the request besides, with its headers, its signature and the payload that it sent, and whoever
 * looks at an error, as monitoring does, sees that.
 */
export function bareError(thrown: unknown): Error {
  const bare = new Error(redactSecrets(messageOf(thrown)));
  if (!isError(thrown)) return bare;
  const { code, statusCode } = thrown as { readonly code?: unknown; readonly statusCode?: unknown };
  const stack = typeof thrown.stack === "string" ? redactSecrets(thrown.stack) : undefined;
  Object.defineProperty(bare, "name", { value: String(thrown.name), configurable: true });
  Object.defineProperty(bare, "stack", { value: stack, configurable: true, writable: true });
  return Object.assign(bare, isCode(code) ? { code } : {}, isCode(statusCode) ? { statusCode } : {});
}

function isCode(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
