import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DurableError } from "../../core/errors.ts";
import type { JsonObject } from "./host-json.ts";
import { memberOf, parseJsonWithComments, sectionOf } from "./host-json.ts";

/** What `local.settings.json` asks for. */
export interface LocalSettings {
  /** Environment variables to set: `Values`, and `ConnectionStrings` under their configuration keys. */
  readonly values: ReadonlyMap<string, string>;
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly cors: string | undefined;
  readonly corsCredentials: boolean;
  readonly warnings: readonly string[];
}

/** Reads the file of an app folder; a missing one is empty. @throws DurableError `HostStartFailed` when encrypted */
export async function readLocalSettings(appFolder: string): Promise<LocalSettings> {
  const text = await readFile(join(appFolder, "local.settings.json"), "utf8").catch(() => "{}");
  return parseLocalSettings(text);
}

/**
 * A missing `IsEncrypted` means plain text.
 *
 * @throws DurableError `HostStartFailed` for text that is not JSON (ignoring it, as Core Tools do, could move the work to
 * another storage account) and for `"IsEncrypted": true`
 */
export function parseLocalSettings(text: string): LocalSettings {
  const warnings: string[] = [];
  const file: JsonObject = parseJsonWithComments(text, "local.settings.json");
  if (memberOf(file, "IsEncrypted") === true) {
    throw new DurableError(
      "HostStartFailed",
      "local.settings.json is encrypted, which only Azure Functions Core Tools can read; run `func settings decrypt` first",
    );
  }
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(sectionOf(file, "Values"))) {
    const setting = settingText(value);
    if (setting === undefined) {
      const hint = typeof value === "object" && value !== null ? `; write its members as '${name}__member'` : "";
      warnings.push(`local.settings.json: the value '${name}' is not text and is ignored${hint}`);
    } else values.set(name, setting);
    if (setting !== undefined && isReadAtStart(name)) {
      warnings.push(
        `local.settings.json: '${name}' is read when Node starts, and this process has started: set it in the environment of 'durable start' instead`,
      );
    }
    if (setting?.startsWith("@Microsoft.KeyVault(")) {
      warnings.push(`local.settings.json: '${name}' is a Key Vault reference, which is not resolved locally`);
    }
  }
  for (const [name, value] of Object.entries(sectionOf(file, "ConnectionStrings"))) {
    const setting = settingText(value) ?? settingText(sectionOf({ value }, "value")["ConnectionString"]);
    if (setting !== undefined) values.set(`ConnectionStrings:${name}`, setting);
  }
  const host = sectionOf(file, "Host");
  const port = Number(memberOf(host, "LocalHttpPort") ?? Number.NaN);
  return {
    values,
    port: Number.isInteger(port) ? port : undefined,
    address: textOrNothing(memberOf(host, "LocalHttpAddress")),
    cors: textOrNothing(memberOf(host, "CORS")),
    corsCredentials: String(memberOf(host, "CORSCredentials") ?? "").toLowerCase() === "true",
    warnings,
  };
}

/**
 * Puts the settings into `env`, where a variable that is set and not empty wins. Resolves to the names that were
 * skipped for that reason although the file says otherwise.
 */
export function applyLocalSettings(settings: LocalSettings, env: Record<string, string | undefined>): string[] {
  const skipped: string[] = [];
  for (const [name, value] of settings.values) {
    const present = env[name];
    if (present === undefined || present === "") env[name] = value;
    else if (present !== value) skipped.push(name);
  }
  return skipped;
}

/** The variables that Core Tools sets for every app; they replace what the environment says. */
export function hostEnvironment(appFolder: string, port: number): ReadonlyMap<string, string> {
  return new Map([
    ["WEBSITE_HOSTNAME", `localhost:${port}`],
    ["AzureWebJobsScriptRoot", appFolder],
    ["AZURE_FUNCTIONS_ENVIRONMENT", "Development"],
    ["FUNCTIONS_CORETOOLS_ENVIRONMENT", "true"],
  ]);
}

function settingText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What Node reads before any code of ours runs. Core Tools hand it to a worker process; here host and app are one. */
function isReadAtStart(name: string): boolean {
  return /^(?:NODE_OPTIONS|NODE_PATH|NODE_EXTRA_CA_CERTS|NODE_ICU_DATA|NODE_V8_COVERAGE|NODE_COMPILE_CACHE|UV_THREADPOOL_SIZE|languageWorkers(?::|__)node(?::|__)arguments)$/i.test(
    name,
  );
}
