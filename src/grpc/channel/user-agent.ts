import { readFileSync } from "node:fs";

/** What a sidecar or scheduler is told about who calls: `durable-functions-ts/0.1.0 (Worker)`. */
export function formatUserAgent(role: "Worker" | "Client"): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return `durable-functions-ts/${(JSON.parse(manifest) as { readonly version: string }).version} (${role})`;
}
