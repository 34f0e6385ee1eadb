import { DurableError } from "../../../core/errors.ts";

/** The token of a page of rows as clients get it: safe in a URL or a header. */
export function encodeToken(token: string | undefined): string | undefined {
  return token === undefined ? undefined : Buffer.from(token, "utf8").toString("base64url");
}

/** @throws DurableError `InvalidOption` for what no query has returned */
export function decodeToken(token: string | undefined): string | undefined {
  if (token === undefined || token === "") return undefined;
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (/^[\x20-\x7e]+$/.test(text) && isTokenJson(text)) return text;
  throw new DurableError("InvalidOption", "continuationToken is not one that an instance query has returned");
}

/** The SDK's token is Base64 of a JSON object of texts: the keys of the next row. */
function isTokenJson(text: string): boolean {
  try {
    const keys: unknown = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    if (typeof keys !== "object" || keys === null || Array.isArray(keys)) return false;
    return Object.values(keys).every((key) => typeof key === "string");
  } catch {
    return false;
  }
}
