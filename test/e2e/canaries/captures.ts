import { inspect } from "node:util";
import { canary, canaryKey, canaryNames } from "./canary.mjs";

export { canary, canaryKey, canaryNames };

/**
 * Everything that was said to somebody who had not asked for it: logs, answers, errors, files. Where canaries may stand
 * is not captured but looked at: see `allowedPlaces` in the test.
 */
export class Captures {
  readonly #texts: { readonly source: string; readonly text: string }[] = [];

  /** @param said a text, bytes, or an error, which is taken as `console.error` shows it, with all that it holds */
  add(source: string, said: unknown): void {
    if (said instanceof Error) this.#texts.push({ source, text: `${inspect(said, { depth: 20 })}\n${allOf(said)}` });
    else this.#texts.push({ source, text: Buffer.isBuffer(said) ? said.toString("latin1") : String(said) });
  }

  /** Of an answer, its headers too. */
  async addAnswer(source: string, response: Response): Promise<Response> {
    const text = await response.text();
    this.add(source, `${response.status} ${JSON.stringify([...response.headers])} ${text}`);
    return new Response(text.length === 0 ? null : text, { status: response.status === 204 ? 200 : response.status });
  }

  /** The secrets that were found, and where. */
  leaks(): Readonly<Record<string, readonly string[]>> {
    const found = canaryNames.flatMap((name) => {
      const places = this.find(canary(name));
      return places.length === 0 ? [] : [[name, places.slice(0, 5)] as const];
    });
    return Object.fromEntries(found);
  }

  /** Where a canary was found, with what stands around it. */
  find(value: string): readonly string[] {
    const forms = formsOf(value);
    return this.#texts.flatMap(({ source, text }) =>
      forms.flatMap(([form, written]) => {
        const at = text.indexOf(written);
        return at < 0 ? [] : [`${source} (${form}): ${text.slice(Math.max(0, at - 80), at + written.length + 20)}`];
      }),
    );
  }
}

/** All that can be reached from an error, as monitoring reaches it: what is not listed too. */
function allOf(value: unknown, depth = 0, seen = new Set<unknown>()): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || depth > 12 || seen.has(value)) return "";
  seen.add(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (value instanceof Map || value instanceof Set) return allOf([...value], depth + 1, seen);
  const members = Object.getOwnPropertyNames(value).map((name) => {
    try {
      return `${name}: ${allOf((value as Record<string, unknown>)[name], depth + 1, seen)}`;
    } catch {
      return name;
    }
  });
  return members.filter((member) => !member.endsWith(": ")).join("\n");
}

/** The ways in which a text may stand in another one. */
function formsOf(value: string): readonly (readonly [form: string, written: string])[] {
  const bytes = Buffer.from(value, "utf8");
  const forms = new Map<string, string>([
    [value, "plain"],
    [JSON.stringify(value).slice(1, -1), "JSON"],
    [encodeURIComponent(value), "URL"],
    [bytes.toString("hex"), "hex"],
    [Buffer.from(value, "utf16le").toString("hex"), "UTF-16 hex"],
  ]);
  // Where it begins in a group of three bytes is not known; what its neighbours have a part in is left out.
  for (const before of [0, 1, 2]) {
    for (const [name, own] of [["Base64", bytes] as const, ["UTF-16 Base64", Buffer.from(value, "utf16le")] as const]) {
      const text = Buffer.concat([Buffer.alloc(before), own, Buffer.alloc(2)]).toString("base64");
      forms.set(text.slice(before === 0 ? 0 : 4, 4 * Math.floor((before + own.length) / 3)), name);
    }
  }
  return [...forms].map(([written, form]) => [form, written]);
}
