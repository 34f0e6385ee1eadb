import { messageOf } from "../../core/errors.ts";
import type { RouteConstraint } from "./route-constraints.ts";
import { createRouteConstraint } from "./route-constraints.ts";

interface RouteParameter {
  readonly name: string;
  readonly constraints: readonly RouteConstraint[];
  /** The constraints as they were written: `int`, or `range` with the argument `1,9`. */
  readonly rules: readonly { readonly name: string; readonly argument: string | undefined }[];
  readonly optional: boolean;
  readonly defaultValue: string | undefined;
  readonly catchAll: boolean;
}

type RoutePart = { readonly literal: string } | { readonly parameter: RouteParameter };
type RouteSegment = readonly RoutePart[];

/** Values of the parameters of one matched path, by the names the template gives them. */
export type RouteValues = Readonly<Record<string, string>>;

/**
 * A route as ASP.NET's classic routing reads it: literals ignore case, `{p}`, `{p?}`, `{p=default}`,
 * `{p:constraint(arg)}`, `{*rest}`, several parts in one segment (`v{major}.{minor}`), `{{` and `}}` for braces.
 */
export class RouteTemplate {
  readonly text: string;
  readonly #segments: readonly RouteSegment[];

  /** @throws Error with the template and the reason, when it is not one. */
  constructor(text: string) {
    this.text = text;
    try {
      this.#segments = parseSegments(text);
    } catch (cause) {
      throw new Error(`the route '${text}' is not valid: ${messageOf(cause)}`, { cause });
    }
  }

  /** The parts between its slashes, each of texts and parameters in turns. */
  get segments(): readonly (readonly (string | RouteParameter)[])[] {
    return this.#segments.map((segment) => segment.map((part) => ("literal" in part ? part.literal : part.parameter)));
  }

  /**
   * The parameter values of a path (`splitPath`), or `undefined` when it does not match. An absent optional parameter
   * has no entry.
   */
  match(path: readonly string[]): RouteValues | undefined {
    const values: Record<string, string> = Object.create(null) as Record<string, string>;
    let position = 0;
    for (const segment of this.#segments) {
      const only = segment.length === 1 ? segment[0]! : undefined;
      if (only !== undefined && "parameter" in only && only.parameter.catchAll) {
        if (!accept(only.parameter, path.slice(position).join("/"), values)) return undefined;
        position = path.length;
        break;
      }
      const text = path[position++];
      if (text === undefined) {
        // The rest of the template may be left out only where every segment is one parameter that can do without.
        if (only === undefined || !("parameter" in only) || !accept(only.parameter, "", values)) return undefined;
      } else if (!matchSegment(segment, text, values)) return undefined;
    }
    return position >= path.length ? values : undefined;
  }
}

/**
 * The segments of a request path, each percent-decoded except for `%2F`, as the Functions host hands them to functions.
 * One trailing slash is ignored.
 */
export function splitPath(path: string): readonly string[] {
  const trimmed = path.replace(/^\//, "").replace(/\/$/, "");
  return trimmed === "" ? [] : trimmed.split("/").map(decodeSegment);
}

function decodeSegment(segment: string): string {
  return segment
    .split(/(%2f)/i)
    .map((piece) => {
      if (/^%2f$/i.test(piece)) return piece;
      try {
        return decodeURIComponent(piece);
      } catch {
        return piece;
      }
    })
    .join("");
}

/** Puts the value of one parameter in place; `false` when the parameter refuses it. Empty text means "absent". */
function accept(parameter: RouteParameter, text: string, values: Record<string, string>): boolean {
  const value = text === "" ? parameter.defaultValue : text;
  if (value === undefined) {
    if (!parameter.optional && !parameter.catchAll) return false;
    return true;
  }
  if (!parameter.constraints.every((allows) => allows(value))) return false;
  values[parameter.name] = value;
  return true;
}

function matchSegment(segment: RouteSegment, text: string, values: Record<string, string>): boolean {
  const only = segment.length === 1 ? segment[0]! : undefined;
  if (only !== undefined) {
    return "literal" in only
      ? only.literal.toLowerCase() === text.toLowerCase()
      : text !== "" && accept(only.parameter, text, values);
  }
  const whole = matchParts(segment, text, values);
  const last = segment.at(-1)!;
  if (whole || !("parameter" in last) || !last.parameter.optional) return whole;
  // `{file}.{ext?}`: the optional tail takes the dot before it along.
  return !text.endsWith(".") && matchParts(segment.slice(0, -2), text, values);
}

function matchParts(parts: RouteSegment, text: string, values: Record<string, string>): boolean {
  const pattern = parts.map((part) => ("literal" in part ? escapeRegex(part.literal) : "(.+)")).join("");
  const found = new RegExp(`^${pattern}$`, "is").exec(text);
  if (found === null) return false;
  const parameters = parts.flatMap((part) => ("parameter" in part ? [part.parameter] : []));
  return parameters.every((parameter, index) => accept(parameter, found[index + 1]!, values));
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function parseSegments(text: string): readonly RouteSegment[] {
  if (text.startsWith("/") || text.startsWith("~")) throw new Error("it must not start with '/' or '~'");
  const trimmed = text.endsWith("/") ? text.slice(0, -1) : text;
  if (trimmed === "") return [];

  const segments = splitOutsideBraces(trimmed).map(parseSegment);
  const seen = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    for (const part of segment) {
      if (!("parameter" in part)) continue;
      const { name, catchAll } = part.parameter;
      if (seen.has(name.toLowerCase())) throw new Error(`the parameter '${name}' appears twice`);
      seen.add(name.toLowerCase());
      if (catchAll && index < segments.length - 1) throw new Error(`nothing may follow the catch-all '${name}'`);
    }
  }
  return segments;
}

/** Splits at slashes; a slash inside `{...}` belongs to the parameter (its regex or default). */
function splitOutsideBraces(text: string): string[] {
  const segments = [""];
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const pair = text.slice(at, at + 2);
    if (pair === "{{" || pair === "}}") {
      // A parameter that ends right before another `}` of an escaped pair closes first: `{a:regex(x{{2}})}`.
      const closesParameter = inside && pair === "}}" && !text.slice(at + 2).startsWith(")");
      if (!closesParameter) {
        segments[segments.length - 1] += pair;
        at++;
        continue;
      }
    }
    const character = text[at]!;
    if (character === "{") inside = true;
    if (character === "}") inside = false;
    if (character === "/" && !inside) segments.push("");
    else segments[segments.length - 1] += character;
  }
  return segments;
}

function parseSegment(text: string): RouteSegment {
  if (text === "") throw new Error("it has an empty segment");
  const parts: RoutePart[] = [];
  let literal = "";
  const endLiteral = () => {
    if (literal !== "") parts.push({ literal });
    literal = "";
  };
  for (let at = 0; at < text.length; at++) {
    const pair = text.slice(at, at + 2);
    if (pair === "{{" || pair === "}}") {
      literal += pair[0];
      at++;
    } else if (text[at] === "}") {
      throw new Error("it has a '}' without a '{'");
    } else if (text[at] === "{") {
      endLiteral();
      const end = findParameterEnd(text, at + 1);
      parts.push({ parameter: parseParameter(unescapeBraces(text.slice(at + 1, end))) });
      at = end;
    } else literal += text[at];
  }
  endLiteral();
  assertMixedSegment(parts);
  return parts;
}

function findParameterEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const escaped = text.startsWith("{{", at) || (text.startsWith("}}", at) && text.indexOf("}", at + 2) >= 0);
    if (escaped) at++;
    else if (text[at] === "{") break;
    else if (text[at] === "}") return at;
  }
  throw new Error("it has a '{' without a '}'");
}

function unescapeBraces(text: string): string {
  return text.replaceAll("{{", "{").replaceAll("}}", "}");
}

function assertMixedSegment(parts: RouteSegment): void {
  for (const [index, part] of parts.entries()) {
    if (!("parameter" in part)) continue;
    const { name, catchAll, optional } = part.parameter;
    const before = parts[index - 1];
    if (before !== undefined && "parameter" in before) {
      throw new Error(`'${before.parameter.name}' and '${name}' need a literal between them`);
    }
    if (parts.length === 1) continue;
    if (catchAll) throw new Error(`the catch-all '${name}' must be a segment of its own`);
    if (optional && (index < parts.length - 1 || !(before !== undefined && before.literal === "."))) {
      throw new Error(`the optional '${name}' inside a segment must be its last part, after a '.'`);
    }
  }
}

function parseParameter(text: string): RouteParameter {
  const catchAll = text.startsWith("*");
  const body = text.replace(/^\*{1,2}/, "");
  const name = /^[^:=?]*/.exec(body)![0];
  if (name === "" || /[/{}*]/.test(name)) throw new Error(`'{${text}}' has no usable parameter name`);

  const constraints: RouteConstraint[] = [];
  const rules: RouteParameter["rules"][number][] = [];
  let rest = body.slice(name.length);
  while (rest.startsWith(":")) {
    // The parenthesis that closes an argument is one that ends the parameter or stands before ':', '=' or '?'.
    const found = /^:([^:=?(]*)(?:\((.*?)\)(?=$|[:=?]))?/s.exec(rest)!;
    if (found[1] === "") throw new Error(`'{${text}}' has an empty constraint`);
    constraints.push(createRouteConstraint(found[1]!, found[2]));
    rules.push({ name: found[1]!, argument: found[2] });
    rest = rest.slice(found[0].length);
  }
  const optional = rest === "?" || (rest.startsWith("=") && rest.endsWith("?"));
  const defaultValue = rest.startsWith("=") ? rest.slice(1, optional ? -1 : undefined) : undefined;
  if (rest !== "" && !optional && defaultValue === undefined) throw new Error(`'{${text}}' cannot be read`);
  if (optional && catchAll) throw new Error(`the catch-all '${name}' cannot be optional`);
  if (optional && defaultValue !== undefined) throw new Error(`'${name}' cannot be optional and have a default`);
  return { name, constraints, rules, optional, defaultValue, catchAll };
}
