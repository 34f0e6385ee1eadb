import { DurableError } from "../../core/errors.ts";
import type { Environment } from "./host-json.ts";

/** An app setting; names ignore case, and `:` equals `__`. */
export function findSetting(env: Environment, name: string): string | undefined {
  const wanted = normalize(name);
  const exact = env[name];
  if (exact !== undefined && exact !== "") return exact;
  const found = Object.keys(env).find((key) => normalize(key) === wanted && env[key] !== undefined && env[key] !== "");
  return found === undefined ? undefined : env[found];
}

/** Names of the settings of a section, as they are written: `Storage__accountName` stands below `Storage`. */
export function namesBelow(env: Environment, section: string): readonly string[] {
  const prefix = `${normalize(section)}:`;
  return Object.keys(env).filter((name) => normalize(name).startsWith(prefix) && env[name]);
}

/**
 * Replaces `%NAME%` by app settings.
 *
 * @param what where the text stands, for the error
 * @throws DurableError `InvalidOption` for an unknown name or a lone `%`
 */
export function resolveSettingReferences(text: string, env: Environment, what: string): string {
  const pieces = text.split("%");
  if (pieces.length % 2 === 0) {
    throw new DurableError("InvalidOption", `${what}: '${text}' has a '%' without its partner`);
  }
  return pieces
    .map((piece, index) => {
      if (index % 2 === 0) return piece;
      const value = findSetting(env, piece);
      if (value === undefined) {
        throw new DurableError("InvalidOption", `${what}: '%${piece}%' does not resolve to a value`);
      }
      return value;
    })
    .join("");
}

function normalize(name: string): string {
  return name.toLowerCase().replaceAll("__", ":");
}
