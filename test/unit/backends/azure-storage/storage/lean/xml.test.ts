import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeXml, parseXml, textOf } from "../../../../../../src/backends/azure-storage/storage/lean/xml.ts";
import { anyCharacter } from "../../../../../support/any-character.ts";

const isXml = (char: string) =>
  ["\t", "\n", "\r"].includes(char) || (char >= " " && !["\ufffe", "\uffff"].includes(char));

describe("XML", () => {
  it("gives back any text that it can hold", () => {
    const text = fc.string({ unit: anyCharacter.filter(isXml) });
    fc.assert(
      fc.property(text, (text) => {
        expect(textOf(parseXml(`<a><b>${escapeXml(text)}</b></a>`), "b")).toBe(text);
      }),
    );
  });

  it("is read as the services write it", () => {
    const source = `\ufeff<?xml version="1.0" encoding="utf-8"?>
<List ServiceEndpoint="https://a/?b=1&amp;c" x='"'><!-- <no> --><Item a="1"><Name>a &lt;b&gt; &#x1F680;&#10;</Name><Empty/><None></None></Item
><Item><Name><![CDATA[<&>]]>!</Name></Item></List>
`;
    const list = parseXml(source);
    expect(list.name).toBe("List");
    expect(list.children.map((item) => textOf(item, "Name"))).toEqual(["a <b> \u{1f680}\n", "<&>!"]);
    expect(list.children.map((item) => [textOf(item, "Empty"), textOf(item, "None")])).toEqual([
      ["", ""],
      [undefined, undefined],
    ]);
  });

  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "</a>",
    "<a/><b/>",
    "<a/>text",
    "<a><b></a></b>",
    "<a>&unknown;</a>",
    "<a>& b</a>",
    "<a>&#x110000;</a>",
    "<a>&amp</a>",
    "<a b=c/>",
    "<a b='<'/>",
    "<a><!-- </a>",
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "<a",
    "{}",
    "<html><body><br></body></html>",
  ])("refuses what is none: %j", (source) => {
    expect(() => parseXml(source)).toThrow(SyntaxError);
  });

  it("refuses in a time that does not grow with the square of the length", () => {
    const timeOf = (count: number) => {
      const begin = performance.now();
      for (const part of ["<a ", "<a>&", '<a b="', "<!--", "<a b = ", "  "]) {
        expect(() => parseXml(part.repeat(count))).toThrow(SyntaxError);
      }
      return performance.now() - begin;
    };
    timeOf(2_000);
    expect(timeOf(40_000)).toBeLessThan(100 * Math.max(1, timeOf(4_000)));
  });
});
