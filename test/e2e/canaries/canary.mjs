import { createHash } from "node:crypto";

/**
 * A value that stands nowhere by itself: whoever finds it knows that the secret or payload of this name has got there.
 *
 * @param {string} name
 * @returns {string} letters and digits
 */
export function canary(name) {
  if (name !== ofTheUser && !canaryNames.includes(name)) throw new Error(`no canary is called '${name}'`);
  return `Cnry${createHash("sha256").update(name).digest("hex").slice(0, 14)}`;
}

/**
 * A canary that is a key of so many bytes in Base64.
 *
 * @param {string} name
 * @param {number} bytes
 * @returns {string}
 */
export function canaryKey(name, bytes) {
  const text = canary(name).repeat(Math.ceil(bytes / 18));
  return Buffer.from(text.slice(0, bytes), "latin1").toString("base64");
}

/** What user code logs by itself: no secret of ours. */
const ofTheUser = "line of the user";

/** Every secret and payload that is planted, and by whom. */
export const canaryNames = [
  // Held or thrown by the app.
  "encryption key",
  "token provider secret",
  "activity result",
  "bearer in a cause",
  "account key in an error",
  "property of an error",
  "password in a URL",
  "sig in an error",
  "functions key in an error",
  "code in an error",
  "cookie in an error",
  "basic in an error",
  "api key in an error",
  "parsed payload",
  "JWT in an error",
  "PEM in an error",
  "password in an error",
  "entity result",
  "SAS in an entity's error",
  "child output",
  "custom status",
  "activity input",
  "large payload",
  "child input",
  "callHttp bearer",
  "callHttp functions key",
  "callHttp cookie",
  "callHttp body",
  "callHttp sig",
  "callHttp code",
  "entity state",
  "operation input",
  "output",
  "access key in an error",
  "callHttp password",
  "callHttp path",
  "payload in place of options",
  "payload beside a map",
  "encrypted status",
  "code in an HTTP function",
  "connection string in place of options",
  "secret in a name",
  "unhandled rejection",
  "uncaught exception",
  // Given to the host and its commands.
  "local setting",
  "local setting that is no text",
  "local setting that is skipped",
  "vault reference",
  "setting of the wrong kind",
  "input",
  "input of one that fails",
  "authorization header",
  "functions key header",
  "cookie header",
  "trace state",
  "code of a request",
  "body of a request",
  "sig of a request",
  "wrong query parameter",
  "continuation token",
  "body that is no JSON",
  "body that breaks off",
  "secret in a reason",
  "unencrypted event",
  "event",
  "unreadable message",
  "message of no type",
  "member of a message",
  "environment setting",
  "account key",
  "account SAS",
  "key of an account that is away",
  "text that is no connection string",
  "key that is not Base64",
  "password in an endpoint",
  "connection string as an argument",
  "input that is no JSON",
  "blob SAS",
  "queue SAS",
  "table SAS",
  // Given to libraries, gRPC and a Function App.
  "account key of a library",
  "SAS of a library",
  "connection string as options",
  "connection string in a list",
  "encryption key that is too short",
  "input of a library",
  "event to nobody",
  "token of a client",
  "token of the sidecar",
  "gRPC metadata",
  "shared access key in an error",
  "gRPC custom status",
  "gRPC input",
  "token of a stranger",
  "secret in a token's error",
  "header",
  "gRPC bytes",
  "gRPC continuation token",
  "key of a scheduler",
  "password of a scheduler",
  "kind of a scheduler",
  "scheduler text",
  "link key",
  "master key in an error",
  "input in a Function App",
  "forged signature",
  "code of a link",
  "key of a management request",
  "top of a list",
  "account key of a Function App",
];
