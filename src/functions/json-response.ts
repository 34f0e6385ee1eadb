import type { HttpResponse } from "@azure/functions";
import { az } from "./azure-functions.ts";

/** The answer of an HTTP function; `undefined` is sent as `null`. */
export function jsonResponse(status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse {
  const body = JSON.stringify(value ?? null);
  return new az.HttpResponse({ status, body, headers: { "content-type": "application/json", ...headers } });
}
