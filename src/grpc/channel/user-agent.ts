import { readFileSync } from "node:fs";
import { productPrefix } from "../service/product.ts";

/** What a sidecar or scheduler is told about who calls: `durable-functions-ts/0.1.0 (Worker)`. */
export function formatUserAgent(role: "Worker" | "Client"): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return `${productPrefix}${(JSON.parse(manifest) as { readonly version: string }).version} (${role})`;
}
