import { type PathItem, problem } from "./operation.ts";

/** Names of the ways to show a key. */
const inHeader = "functionsKey";
const inQuery = "functionsKeyInQuery";

/** What a key has to open: functions of a level, or the management API. */
type KeyRole = "function" | "admin" | "system";

/** @param needsKeys whether the server that is described asks for keys itself */
export function createSecuritySchemes(needsKeys: boolean): PathItem {
  const description = needsKeys
    ? "`master`; for functions of the level `function` also `default`, for the management API also `durabletask_extension`"
    : "Of a function or its host; of the host alone where `admin` is asked. The local host on the loopback address asks for none";
  return {
    [inHeader]: { type: "apiKey", in: "header", name: "x-functions-key", description },
    [inQuery]: { type: "apiKey", in: "query", name: "code", description: "The same as `x-functions-key`" },
  };
}

/** The member `security` of an operation: a key is shown in one of the two ways. */
export function shownKey(role: KeyRole): readonly PathItem[] {
  return [{ [inHeader]: [role] }, { [inQuery]: [role] }];
}

/** What an operation of the management API has besides, where keys are needed. */
export function asksForKey({ responses }: PathItem): PathItem {
  const refused = problem("No key that opens it was shown, which is answered without a body; or a link that does not");
  return { security: shownKey("system"), responses: { 401: refused, ...(responses as object) } };
}
