import { createHmac, createSecretKey } from "node:crypto";
import type { AccessCredential } from "../../../../core/access-credential.ts";
import type { StorageCredential, StorageService } from "../storage-connection.ts";
import { storageScope } from "../storage-tokens.ts";

export interface UnsignedRequest {
  readonly method: string;
  /** Encoded. */
  readonly path: string;
  /** Not encoded. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RequestSigner {
  /** What opens the account: a value of the header `authorization`, or more of the query. */
  sign(request: UnsignedRequest): Promise<Signature> | Signature;
  /**
   * Whether the service, which refused a request (401), says what kind of token it wants, and there is another one now.
   * Absent where nothing but a token would do.
   */
  answerChallenge?(challenge: string | undefined, refused: string | undefined): Promise<boolean>;
}

export interface Signature {
  readonly authorization?: string;
  /** Encoded, without a question mark. */
  readonly query?: string;
}

export function createSigner(credential: StorageCredential, service: StorageService): RequestSigner {
  switch (credential.kind) {
    case "accountKey": {
      const { accountName } = credential;
      const key = createSecretKey(Buffer.from(credential.accountKey, "base64"));
      const format = service === "table" ? formatLite : formatFull;
      const scheme = service === "table" ? "SharedKeyLite" : "SharedKey";
      return {
        sign: (request) => {
          const signature = createHmac("sha256", key).update(format(request, accountName), "utf8").digest("base64");
          return { authorization: `${scheme} ${accountName}:${signature}` };
        },
      };
    }
    case "sharedAccessSignature": {
      // Encodes what somebody has left as it is.
      const query = new URL(`http://host/?${credential.queries[service]}`).search.slice(1);
      return { sign: () => ({ query }) };
    }
    case "token":
      return createTokenSigner(credential.tokens);
  }
}

/** Of tables: only the date and what is asked for. */
function formatLite({ path, query, headers }: UnsignedRequest, accountName: string): string {
  const comp = query.find(([name]) => name === "comp");
  return `${headers["x-ms-date"]}\n/${accountName}${path}${comp === undefined ? "" : `?comp=${comp[1]}`}`;
}

const signedHeaders = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];

/** Of queues and blobs: everything but the body. */
function formatFull({ method, path, query, headers }: UnsignedRequest, accountName: string): string {
  const lines = [method];
  for (const name of signedHeaders) lines.push(name === "content-length" ? lengthOf(headers) : (headers[name] ?? ""));
  // The service sorts as a dictionary does, which for the names that are in use is the same.
  const own = Object.keys(headers).filter((name) => name.startsWith("x-ms-"));
  for (const name of own.sort()) lines.push(`${name}:${headers[name]!.trim()}`);
  lines.push(`/${accountName}${path}`);
  const sorted = query.map(([name, value]) => `${name.toLowerCase()}:${value}`).sort();
  return [...lines, ...sorted].join("\n");
}

function lengthOf({ "content-length": length = "" }: UnsignedRequest["headers"]): string {
  return length === "0" ? "" : length;
}

function createTokenSigner(tokens: AccessCredential): RequestSigner {
  const authorize = async (options?: Parameters<AccessCredential["getToken"]>[1]) =>
    `Bearer ${(await tokens.getToken(storageScope, options))?.token}`;
  return {
    sign: async () => ({ authorization: await authorize() }),
    async answerChallenge(challenge, refused) {
      const asked = challenge === undefined ? undefined : readChallenge(challenge);
      return asked !== undefined && (await authorize(asked)) !== refused;
    },
  };
}

/** The tenant that the service trusts, or the claims that it misses. */
export function readChallenge(challenge: string): { tenantId?: string; claims?: string } | undefined {
  if (!/^Bearer\s/i.test(challenge)) return undefined;
  const read = (name: string) => new RegExp(`\\b${name}="?([^",\\s]+)`, "i").exec(challenge)?.[1];
  const claims = read("claims");
  if (claims !== undefined) return { claims: Buffer.from(claims, "base64").toString("utf8") };
  const tenantId = /^https:\/\/[^/]+\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?:\/|$)/i.exec(
    read("authorization_uri") ?? read("authorization") ?? "",
  )?.[1];
  return tenantId === undefined ? undefined : { tenantId };
}
