/**
 * XML as the storage services speak it: elements, texts, and attributes that say nothing. A document type, which could
 * define entities, is refused.
 */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** What stands directly in it. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

/** Something that begins with `<`: a declaration, a comment, characters that are kept as they are, or a tag. */
const markup =
  /<(?:\?[\s\S]*?\?>|!--[\s\S]*?-->|!\[CDATA\[([\s\S]*?)\]\]>|(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>)/y;

/** @throws SyntaxError for what is no XML document */
export function parseXml(source: string): XmlElement {
  const text = source.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const document: OpenElement = { name: "", children: [], text: "" };
  const open: OpenElement[] = [document];
  let position = 0;
  while (position < text.length) {
    const inside = open.at(-1)!;
    const next = text.indexOf("<", position);
    const end = next === -1 ? text.length : next;
    if (end > position) inside.text += decode(text.slice(position, end));
    if (next === -1) break;
    markup.lastIndex = next;
    const match = markup.exec(text);
    if (match === null) throw new SyntaxError(`no XML at character ${next}`);
    const [whole, literal, closes, name, , isEmpty] = match;
    position = next + whole.length;
    if (literal !== undefined) inside.text += literal;
    if (name === undefined) continue;
    if (closes === "/") {
      if (open.length === 1 || inside.name !== name) throw new SyntaxError(`</${name}> closes nothing`);
      open.pop();
      continue;
    }
    const element: OpenElement = { name, children: [], text: "" };
    inside.children.push(element);
    if (isEmpty !== "/") open.push(element);
  }
  const [root, ...others] = document.children;
  if (open.length > 1) throw new SyntaxError(`<${open.at(-1)!.name}> is not closed`);
  if (root === undefined || others.length > 0 || document.text.trim() !== "")
    throw new SyntaxError("not one XML element");
  return root;
}

export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

export function textOf(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text;
}

const named = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function decode(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+))?(;?)/gi, (whole, hex, decimal, name, end) => {
    const code = hex !== undefined ? Number.parseInt(hex, 16) : decimal !== undefined ? Number(decimal) : undefined;
    const char = code === undefined ? named.get(name) : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (char === undefined || end !== ";") throw new SyntaxError(`the reference ${whole} means nothing`);
    return char;
  });
}

const escapes = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  // A reader makes a line feed of it, unless it is a reference.
  ["\r", "&#xD;"],
]);

/** A text as it stands in an element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (char) => escapes.get(char)!);
}
