import { findSetting } from "../settings/app-settings.ts";
import type { Environment } from "../settings/host-json.ts";

const longest = 32;

/**
 * What a host calls itself in storage: hosts of one id share the timers of their functions. As the Functions host has
 * it, that is a setting, else made of the machine and the folder of the app.
 */
export function hostIdOf(env: Environment, machineName: string, appFolder: string): string {
  const given = findSetting(env, "AzureFunctionsWebHost__hostid");
  if (given !== undefined) return given.toLowerCase();
  const machine = [...machineName].filter((letter) => /[\p{L}\p{N}]/u.test(letter)).join("");
  return `${machine}-${Math.abs(hashOf(appFolder))}`.slice(0, longest).toLowerCase().replace(/-+$/, "");
}

/** Of 32 bits, with a sign. */
function hashOf(text: string): number {
  let hash = 23;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}
