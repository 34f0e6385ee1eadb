import { DurableError } from "../../core/errors.ts";
import { isSameSecret } from "../../core/same-secret.ts";
import { findSetting } from "../settings/app-settings.ts";
import type { Environment, JsonObject } from "../settings/host-json.ts";

/** Keys of a host, by the names of the Functions host. */
export type KeyName = "master" | "default" | "durabletask_extension";

/** The keys that there are. */
export type KeySet = Readonly<Partial<Record<KeyName, string>>>;

/** What a key opens: functions of the level `function`, the management API, `/admin` and functions of the level `admin`. */
export type Door = "function" | "system" | "admin";

/** Who may call an HTTP function. */
export type AuthLevel = "anonymous" | "function" | "admin";

export const keyNames: readonly KeyName[] = ["master", "default", "durabletask_extension"];

/** For people. */
export const keyUses: Readonly<Record<KeyName, string>> = {
  master: "everything: functions of each level, the management API, /admin",
  default: "functions of the level 'function'",
  durabletask_extension: "the management API: all instances of the task hub",
};

const keysOf: Readonly<Record<Door, readonly KeyName[]>> = {
  function: ["default", "master"],
  system: ["durabletask_extension", "master"],
  admin: ["master"],
};

const settingNames: Readonly<Record<KeyName, string>> = {
  master: "DURABLE_MASTER_KEY",
  default: "DURABLE_FUNCTION_KEY",
  durabletask_extension: "DURABLE_SYSTEM_KEY",
};

const leastKeyLength = 32;

/** Whether a key that was shown opens a door. Compares with each key that does, in constant time. */
export function opensDoor(keys: KeySet, door: Door, shown: string): boolean {
  const found = keysOf[door].map((name) => {
    const key = keys[name];
    return key !== undefined && isSameSecret(shown, key);
  });
  return found.includes(true);
}

/** What a caller shows: as the Functions host has it, the header goes before the query. */
export function findShownKey(header: string | null | undefined, query: URLSearchParams): string | undefined {
  const shown = header ?? [...query].find(([name]) => name.toLowerCase() === "code")?.[1];
  return shown === "" ? undefined : shown;
}

/**
 * The keys that settings name, for containers and file systems that cannot be written; `undefined` when none does. Keys
 * that have no setting do not exist then.
 *
 * @throws DurableError `InvalidOption` with the name of the setting
 */
export function readKeySettings(env: Environment): KeySet | undefined {
  const named = keyNames.flatMap((name) => {
    const key = findSetting(env, settingNames[name]);
    if (key === undefined) return [];
    const setting = settingNames[name];
    if (!isKey(key)) throw new DurableError("InvalidOption", `${setting} must be ${keyRule}`);
    return [[name, key] as const];
  });
  if (named.length === 0) return undefined;
  const keys: KeySet = Object.fromEntries(named);
  if (keys.master === undefined && keys.durabletask_extension === undefined) {
    const [master, system] = [settingNames.master, settingNames.durabletask_extension];
    const problem = `${settingNames.default} is set alone: set ${system} or ${master} too, which links are signed with`;
    throw new DurableError("InvalidOption", problem);
  }
  return keys;
}

/** The names of the settings that have given keys, for people. */
export function describeKeySettings(keys: KeySet): string {
  return keyNames.flatMap((name) => (keys[name] === undefined ? [] : [settingNames[name]])).join(", ");
}

/** Reads what {@link formatKeySet} has written. @returns what is wrong with it, as a part of a sentence, without values */
export function parseKeySet(text: string): { readonly keys: KeySet } | { readonly problem: string } {
  let file: unknown;
  try {
    file = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return { problem: "is not valid JSON" };
  }
  if (typeof file !== "object" || file === null) return { problem: "does not hold an object" };
  const read = file as JsonObject;
  for (const name of keyNames) {
    const key = read[name];
    if (key === undefined) return { problem: `has no key '${name}'` };
    if (typeof key !== "string" || !isKey(key)) return { problem: `has a key '${name}' that is not ${keyRule}` };
  }
  return { keys: Object.fromEntries(keyNames.map((name) => [name, read[name] as string])) };
}

export function formatKeySet(keys: KeySet): string {
  return `${JSON.stringify(keys, null, 2)}\n`;
}

/** @param makeKey a new key, which nobody can guess */
export function makeKeySet(makeKey: () => string): KeySet {
  return Object.fromEntries(keyNames.map((name) => [name, makeKey()]));
}

const keyRule = `a secret of ${leastKeyLength} characters or more, without spaces`;

function isKey(text: string): boolean {
  return text.length >= leastKeyLength && /^[\x21-\x7E]+$/.test(text) && !/^@Microsoft\.\w+\(/i.test(text);
}
