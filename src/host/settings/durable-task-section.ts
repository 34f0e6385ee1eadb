import { DurableError } from "../../core/errors.ts";
import { findNearName } from "../../core/option-names.ts";
import { parseTimeSpan } from "../../core/time-span.ts";
import { findSetting } from "./app-settings.ts";
import { type Environment, type JsonObject, memberOf, sectionOf } from "./host-json.ts";
import type { KnownSetting, SettingRule } from "./known-setting.ts";
import { knownSettings } from "./known-settings.ts";

/** A setting that changes nothing, and what to say about it. */
export interface UnusedSetting {
  /** Its whole path. */
  readonly setting: string;
  readonly text: string;
}

type RuleOf<T extends SettingRule["type"]> = Extract<SettingRule, { readonly type: T }>;

const sectionPath = "extensions.durableTask";
const byName = new Map(knownSettings.map((known) => [known.name.toLowerCase(), known]));

/**
 * Reads `extensions.durableTask` of host.json by the table of known settings. Text counts as number or boolean too:
 * overrides from the environment are text. `null` means "not set", as the extension documents its defaults.
 *
 * Readers throw DurableError `InvalidOption` with the path of a value that is out of range.
 */
export class DurableTaskSection {
  readonly #hostJson: JsonObject;
  readonly #env: Environment;

  constructor(hostJson: JsonObject, env: Environment) {
    this.#hostJson = hostJson;
    this.#env = env;
  }

  /** Names a setting, for messages. */
  path(name: string): string {
    return `host.json: ${sectionPath}.${name}`;
  }

  /** As it is written. */
  value(name: string): unknown {
    const path = name.split(".");
    const section = sectionOf(this.#hostJson, "extensions", "durableTask", ...path.slice(0, -1));
    return memberOf(section, path.at(-1)!) ?? undefined;
  }

  text(name: string): string | undefined {
    ruleOf(name, "text");
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || value.trim() === "") throw this.refusal(name, "a non-empty text", value);
    return value;
  }

  /** @param fallback where the table only says what it is made of */
  integer(name: string, fallback?: number): number {
    const { least, most = Number.MAX_SAFE_INTEGER, ...rule } = ruleOf(name, "integer");
    const value = this.value(name);
    if (value === undefined) return fallback ?? numberOf(rule.fallback);
    const number = typeof value === "string" && /^[+-]?\d+$/.test(value.trim()) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw this.refusal(name, `a whole number ${range}`, value);
  }

  /** `undefined` for one that is not set and whose default is not wanted. */
  flag(name: string): boolean | undefined {
    ruleOf(name, "boolean");
    const value = this.value(name);
    if (value === undefined) return undefined;
    const text = String(value).trim().toLowerCase();
    if (text !== "true" && text !== "false") throw this.refusal(name, "true or false", value);
    return text === "true";
  }

  boolean(name: string): boolean {
    return this.flag(name) ?? ruleOf(name, "boolean").fallback;
  }

  /** Empty when it is not set. */
  list(name: string): readonly string[] {
    ruleOf(name, "list");
    const value = this.value(name);
    if (value === undefined) return [];
    const entries: readonly unknown[] | undefined =
      typeof value === "string" ? value.split(/[\s,]+/).filter((entry) => entry !== "") : asList(value);
    if (entries?.every((entry) => typeof entry === "string" && entry.trim() !== "") === true) {
      return entries.map((entry) => String(entry).trim());
    }
    throw this.refusal(name, "a list of texts", value);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const { fallback } = ruleOf(name, "choice");
    const value = this.value(name) ?? fallback;
    const found = choices.find(
      (each) => typeof value === "string" && each.toLowerCase() === value.trim().toLowerCase(),
    );
    if (found === undefined) throw this.refusal(name, `one of ${choices.join(", ")}`, value);
    return found;
  }

  /** In milliseconds. @param fallback where the table only says what it is made of */
  timeSpan(name: string, fallback?: number): number {
    const { leastMs, mostMs, ...rule } = ruleOf(name, "timeSpan");
    const value = this.value(name);
    if (value === undefined) return fallback ?? numberOf(rule.fallback);
    const ms = parseTimeSpan(value, this.path(name));
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw this.refusal(name, `from ${leastMs / 1000} to ${mostMs / 1000} seconds`, value);
  }

  refusal(name: string, wanted: string, value: unknown): DurableError {
    const shown = isSecret(value) ? "another text" : (JSON.stringify(value) ?? String(value));
    const override = `AzureFunctionsJobHost__${sectionPath}.${name}`.replaceAll(".", "__");
    const source = findSetting(this.#env, override) === undefined ? "" : ` (by the setting ${override})`;
    return new DurableError("InvalidOption", `${this.path(name)} must be ${wanted}, but is ${shown}${source}`);
  }

  /** What is written and changes nothing: unknown names, and known ones that nothing goes by. */
  unused(): readonly UnusedSetting[] {
    const section = memberOf(sectionOf(this.#hostJson, "extensions"), "durableTask");
    if (section !== undefined && section !== null && !isObject(section)) {
      throw new DurableError("InvalidOption", `host.json: ${sectionPath} must be an object`);
    }
    return [...this.#unusedBelow(section ?? {}, "")];
  }

  *#unusedBelow(section: JsonObject, prefix: string): Generator<UnusedSetting> {
    for (const [key, value] of Object.entries(section)) {
      const name = `${prefix}${key}`;
      const known = byName.get(name.toLowerCase());
      const setting = this.path(name);
      if (known !== undefined) {
        if (known.ignored !== undefined && value !== null) {
          assertValue(this, known);
          if (!isHarmless(known, value)) yield { setting, text: `${setting} has no effect: ${known.ignored}` };
        }
      } else if (isSection(`${name}.`)) {
        if (isObject(value)) yield* this.#unusedBelow(value, `${name}.`);
        else if (value !== null && value !== undefined) {
          throw new DurableError("InvalidOption", `${setting} must be an object`);
        }
      } else {
        yield { setting, text: `${setting} is unknown and has no effect${hintFor(name)}` };
      }
    }
  }
}

/** A value of a setting that nothing goes by is none the less one that its setting may have. */
function assertValue(section: DurableTaskSection, { name, rule }: KnownSetting): void {
  switch (rule.type) {
    case "integer":
      section.integer(name, 0);
      break;
    case "boolean":
      section.flag(name);
      break;
    case "timeSpan":
      section.timeSpan(name, 0);
      break;
    case "choice":
      section.choice(name, rule.choices);
      break;
    case "text":
      section.text(name);
      break;
    case "list":
      section.list(name);
      break;
    case "object":
    case "any":
  }
}

function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function isHarmless({ harmless }: KnownSetting, value: unknown): boolean {
  if (harmless === undefined) return true;
  return harmless.some((each) => String(each).toLowerCase() === String(value).trim().toLowerCase());
}

function ruleOf<T extends SettingRule["type"]>(name: string, type: T): RuleOf<T> {
  const rule = byName.get(name.toLowerCase())?.rule;
  if (rule?.type === type) return rule as RuleOf<T>;
  throw new DurableError("InternalError", `the table of settings has no ${type} '${name}'`);
}

function numberOf(fallback: number | string): number {
  if (typeof fallback === "number") return fallback;
  throw new DurableError("InternalError", `the table of settings has no number, but '${fallback}'`);
}

function isSection(prefix: string): boolean {
  return knownSettings.some(({ name }) => name.toLowerCase().startsWith(prefix.toLowerCase()));
}

/** The setting that was probably meant: one that is written nearly so, or so in another section. */
function hintFor(name: string): string {
  const last = lastOf(name);
  const siblings = new Set(knownSettings.flatMap((known) => namesOnTheWay(known.name)));
  const near = findNearName(name, [...siblings]);
  if (near !== undefined) return `: did you mean '${near}'?`;
  const elsewhere = knownSettings.find((known) => findNearName(last, [lastOf(known.name)]) !== undefined);
  return elsewhere === undefined ? "" : `: did you mean '${elsewhere.name}'?`;
}

/** `a.b.c` is `a`, `a.b` and `a.b.c`. */
function namesOnTheWay(name: string): readonly string[] {
  const parts = name.split(".");
  return parts.map((_, index) => parts.slice(0, index + 1).join("."));
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Connection strings are written where their names belong. */
function isSecret(value: unknown): boolean {
  return typeof value === "string" && /[;=]/.test(value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
