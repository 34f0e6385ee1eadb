import { jsonAnswer } from "./answers.ts";
import type { ManagementCall } from "./management-call.ts";

const continuationHeader = "x-ms-continuation-token";
const maxPageSize = 1000;

/** Which page of a list a request asks for: `top` (or `pageSize`) items, after the page of the token. */
export function readPaging({ query, request }: ManagementCall): {
  readonly pageSize: number;
  readonly continuationToken: string | undefined;
} {
  const size = query.text("top") === undefined ? "pageSize" : "top";
  return {
    pageSize: query.integer(size, { min: 1, max: maxPageSize, absent: 100 }),
    continuationToken: request.headers.get(continuationHeader) || undefined,
  };
}

/** @param items JSON texts */
export function answerPage(items: readonly string[], continuationToken: string | undefined): Response {
  const headers = continuationToken === undefined ? {} : { [continuationHeader]: continuationToken };
  return jsonAnswer(200, `[${items.join(",")}]`, headers);
}
