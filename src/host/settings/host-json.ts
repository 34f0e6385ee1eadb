import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ParseError } from "jsonc-parser";
import { parse, printParseErrorCode } from "jsonc-parser";
import { DurableError } from "../../core/errors.ts";

export type JsonObject = { readonly [key: string]: unknown };

/** Settings and environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const overridePrefix = /^AzureFunctionsJobHost(?:__|:)/i;

/**
 * Reads `host.json` of an app folder, with overrides from the environment applied.
 *
 * @throws DurableError `HostStartFailed` when it is missing, not JSON (comments are allowed) or not version 2.0.
 */
export async function readHostJson(appFolder: string, env: Environment): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(join(appFolder, "host.json"), "utf8");
  } catch (cause) {
    throw new DurableError(
      "HostStartFailed",
      `Unable to find project root. Expecting to find host.json in ${appFolder}.`,
      { cause },
    );
  }
  return applyHostJsonOverrides(parseHostJson(text), env);
}

/** {@link readHostJson} of a folder that may do without the file: then it has only what the environment says. */
export async function readHostJsonIfAny(appFolder: string, env: Environment): Promise<JsonObject> {
  if (existsSync(join(appFolder, "host.json"))) return await readHostJson(appFolder, env);
  return applyHostJsonOverrides({ version: "2.0" }, env);
}

/** @throws DurableError `HostStartFailed` */
export function parseHostJson(text: string): JsonObject {
  const hostJson = parseJsonWithComments(text, "host.json");
  if (hostJson["version"] !== "2.0") {
    throw new DurableError(
      "HostStartFailed",
      `host.json: "version" must be "2.0", but is ${JSON.stringify(hostJson["version"]) ?? "missing"}`,
    );
  }
  return hostJson;
}

/** The parser's code as words: `CloseBraceExpected` becomes "close brace expected". */
function describeParseError({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

/** An object from JSON with comments and trailing commas. @throws DurableError `HostStartFailed` */
export function parseJsonWithComments(text: string, fileName: string): JsonObject {
  const errors: ParseError[] = [];
  const value: unknown = parse(text.replace(/^\uFEFF/, ""), errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split(/\r?\n/).length;
    throw new DurableError(
      "HostStartFailed",
      `${fileName} is not valid JSON: line ${line}: ${describeParseError(first)}`,
    );
  }
  if (!isObject(value)) throw new DurableError("HostStartFailed", `${fileName} must hold a JSON object`);
  return value;
}

/** Environment variables `AzureFunctionsJobHost__a__b` replace `a.b`; names ignore case, values stay text. */
export function applyHostJsonOverrides(hostJson: JsonObject, env: Environment): JsonObject {
  let result = hostJson;
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !overridePrefix.test(name)) continue;
    const path = name.replace(overridePrefix, "").split(/__|:/);
    if (path.every((key) => key !== "" && key !== "__proto__")) result = withValue(result, path, value);
  }
  return result;
}

function withValue(object: JsonObject, [first, ...rest]: readonly string[], value: string): JsonObject {
  const key = Object.keys(object).find((name) => name.toLowerCase() === first!.toLowerCase()) ?? first!;
  if (rest.length === 0) return { ...object, [key]: value };
  const inner = object[key];
  return { ...object, [key]: withValue(isObject(inner) ? inner : {}, rest, value) };
}

/** The object at a path of keys that ignore case; `{}` when there is none. */
export function sectionOf(object: JsonObject, ...path: readonly string[]): JsonObject {
  let section: unknown = object;
  for (const key of path) section = isObject(section) ? memberOf(section, key) : undefined;
  return isObject(section) ? section : {};
}

/** The value of a key that ignores case; an exact match wins. */
export function memberOf(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  const found = Object.keys(object).find((name) => name.toLowerCase() === key.toLowerCase());
  return found === undefined ? undefined : object[found];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
