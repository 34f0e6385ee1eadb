import { foreignToken, type PagedConditions, type PagePlace, parsePageToken } from "../../../engine/instance-page.ts";

/**
 * Where a page begins: a partition key, or what the SDK has said.
 *
 * @throws DurableError `InvalidOption` for what no query of this hub, with these conditions, has returned, before the storage sees any of it
 */
export function readPlace(taskHub: string, token: string | undefined, conditions: PagedConditions = {}): PagePlace {
  const place = parsePageToken(taskHub, token, conditions);
  const { after, next } = place;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that keys must not hold
  const isKey = after === undefined || (after.length <= 512 && !/[/\\#?\u0000-\u001f\u007f-\u009f]/.test(after));
  if (isKey && (next === undefined || isServiceToken(next))) return place;
  throw foreignToken("is not one that a query has returned");
}

/** The SDK's token is Base64 of a JSON object: the keys of the next row, as the service names them in headers. */
function isServiceToken(text: string): boolean {
  try {
    const keys: unknown = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    if (typeof keys !== "object" || keys === null || Array.isArray(keys)) return false;
    const entries = Object.entries(keys);
    return entries.length > 0 && entries.every(([name, key]) => keyNames.has(name) && isHeaderText(key));
  } catch {
    return false;
  }
}

const keyNames = new Set(["nextPartitionKey", "nextRowKey"]);

function isHeaderText(key: unknown): boolean {
  return typeof key === "string" && /^[\x20-\x7e]*$/.test(key);
}
