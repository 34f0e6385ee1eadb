import { DurableError } from "../../core/errors.ts";
import { findSetting } from "./app-settings.ts";
import { DurableTaskSection } from "./durable-task-section.ts";
import type { Environment, JsonObject } from "./host-json.ts";

/** Under which names requests are served, and which pages may change something. */
export interface AllowedCallers {
  /** Host names without ports. */
  readonly hosts: readonly string[];
  /** Such as `https://shop.example`. */
  readonly origins: readonly string[];
}

export const allowedHostsSetting = "DURABLE_ALLOWED_HOSTS";

/**
 * One list for all doors: hosts by an option, else the setting, else `httpSettings.allowedHosts` of host.json; origins by
 * `httpSettings.allowedOrigins`.
 *
 * @param option separated by commas
 * @throws DurableError `InvalidOption` for a host with a port or a scheme, and an origin with a path
 */
export function readAllowedCallers(hostJson: JsonObject, env: Environment, option?: string): AllowedCallers {
  const section = new DurableTaskSection(hostJson, env);
  const setting = findSetting(env, allowedHostsSetting);
  const hosts =
    option !== undefined
      ? splitList(option).map((name) => readHost(name, "--allow-host"))
      : setting !== undefined
        ? splitList(setting).map((name) => readHost(name, allowedHostsSetting))
        : section
            .list("httpSettings.allowedHosts")
            .map((name) => readHost(name, section.path("httpSettings.allowedHosts")));
  const origins = section
    .list("httpSettings.allowedOrigins")
    .map((origin) => readOrigin(origin, section.path("httpSettings.allowedOrigins")));
  return { hosts, origins };
}

function splitList(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}

function readHost(name: string, source: string): string {
  const url = `http://${name}`;
  if (URL.canParse(url) && new URL(url).hostname === name.toLowerCase()) return name.toLowerCase();
  throw new DurableError("InvalidOption", `${source} takes host names without scheme and port, but got '${name}'`);
}

function readOrigin(text: string, source: string): string {
  const origin = text.replace(/\/$/, "").toLowerCase();
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw new DurableError("InvalidOption", `${source} takes origins such as 'https://shop.example', but got '${text}'`);
}
