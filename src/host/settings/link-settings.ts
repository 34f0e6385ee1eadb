import { DurableError } from "../../core/errors.ts";
import { parseTimeSpan } from "../../core/time-span.ts";
import { findSetting } from "./app-settings.ts";
import type { Environment } from "./host-json.ts";

/** How links to instances are signed. */
export interface LinkSettings {
  /** @defaultValue a key that the host has anyway */
  readonly linkKey: string | undefined;
  /** How long a link opens its instance, in milliseconds. */
  readonly lifetimeMs: number;
}

export const linkSettingNames = { linkKey: "DURABLE_LINK_KEY", linkLifetime: "DURABLE_LINK_LIFETIME" } as const;

const weekMs = 7 * 24 * 60 * 60_000;
const leastLinkKeyLength = 32;

/** @throws DurableError `InvalidOption` with the name of a setting that is wrong */
export function readLinkSettings(env: Environment): LinkSettings {
  return { linkKey: readLinkKey(env), lifetimeMs: readLifetime(env) };
}

function readLinkKey(env: Environment): string | undefined {
  const { linkKey: name } = linkSettingNames;
  const key = findSetting(env, name);
  if (key === undefined || (key.length >= leastLinkKeyLength && !/^@Microsoft\.\w+\(/i.test(key))) return key;
  throw new DurableError("InvalidOption", `${name} must be a secret of ${leastLinkKeyLength} characters or more`);
}

function readLifetime(env: Environment): number {
  const { linkLifetime: name } = linkSettingNames;
  const written = findSetting(env, name)?.trim();
  if (written === undefined) return weekMs;
  const ms = parseTimeSpan(written, name);
  if (ms >= 1000 && ms <= 3650 * 24 * 60 * 60_000) return ms;
  throw new DurableError("InvalidOption", `${name} must be from one second to ten years, but is '${written}'`);
}
