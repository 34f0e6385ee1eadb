import { describe, expect, it } from "vitest";
import { RouteTemplate, splitPath } from "../../../../src/host/routing/route-template.ts";

function match(template: string, path: string) {
  const values = new RouteTemplate(template).match(splitPath(path));
  return values === undefined ? undefined : { ...values };
}

describe("a route template", () => {
  it.each([
    ["api/hello", "/api/hello", {}],
    ["api/hello", "/API/Hello/", {}],
    ["api/hello", "/api/hello/x", undefined],
    ["api/hello", "/api", undefined],
    ["hi/{name}", "/hi/Ada", { name: "Ada" }],
    ["hi/{name}", "/hi", undefined],
    ["hi/{name}", "/hi/", undefined],
    ["hi/{name}", "/hi/a%20b", { name: "a b" }],
    ["hi/{name}", "/hi/a%2Fb%20c", { name: "a%2Fb c" }],
    ["hi/{name}", "/hi/100%", { name: "100%" }],
    ["hi/{name?}", "/hi", {}],
    ["hi/{name?}", "/hi/Ada", { name: "Ada" }],
    ["hi/{name=Bob}", "/hi", { name: "Bob" }],
    ["hi/{name=Bob}", "/hi/Ada", { name: "Ada" }],
    ["{a}/{b?}/{c?}", "/1", { a: "1" }],
    ["{a}/{b?}/{c?}", "/1/2", { a: "1", b: "2" }],
    ["{a?}/x", "/x", undefined],
    ["{a?}/x", "/1/x", { a: "1" }],
    ["files/{*rest}", "/files/a/b%20c/d", { rest: "a/b c/d" }],
    ["files/{**rest}", "/files/a/b", { rest: "a/b" }],
    ["files/{*rest}", "/files", {}],
    ["files/{*rest=index}", "/files", { rest: "index" }],
    ["{*all}", "/", {}],
    ["", "/", {}],
    ["v{major}.{minor}", "/v1.2", { major: "1", minor: "2" }],
    ["v{major}.{minor}", "/v1.2.3", { major: "1.2", minor: "3" }],
    ["v{major}.{minor}", "/v.2", undefined],
    ["{file}.{ext?}", "/a.txt", { file: "a", ext: "txt" }],
    ["{file}.{ext?}", "/a", { file: "a" }],
    ["{file}.{ext?}", "/a.", undefined],
    ["a{{b}}c", "/a%7Bb%7Dc", {}],
    ["{id:regex(^\\d{{2}}$)}", "/12", { id: "12" }],
    ["{id:regex(^\\d{{2}}$)}", "/123", undefined],
    ["{id:regex(^(a|b)$)}/x", "/b/x", { id: "b" }],
    ["{id:regex(^a/b$)}/x", "/a/x", undefined],
    ["{id:int:min(3)}", "/3", { id: "3" }],
    ["{id:int:min(3)}", "/2", undefined],
    ["{id:int?}", "/", {}],
    ["{id:int?}", "/x", undefined],
    ["{id:int=7}", "/", { id: "7" }],
  ])("%s on %s gives %o", (template, path, expected) => {
    expect(match(template, path)).toEqual(expected);
  });

  it.each([
    ["int", "42", "4.2"],
    ["int", "-2147483648", "2147483648"],
    ["long", "9223372036854775807", "9223372036854775808"],
    ["bool", "True", "yes"],
    ["datetime", "2024-05-01", "tomorrow"],
    ["decimal", "1.50", "1e3"],
    ["double", "1e3", "one"],
    ["float", "-.5", "."],
    ["guid", "0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b"],
    ["alpha", "Ada", "Ada1"],
    ["file", "a.txt", "a"],
    ["nonfile", "a", "a.txt"],
    ["length(3)", "abc", "ab"],
    ["length(1,2)", "ab", "abc"],
    ["minlength(2)", "ab", "a"],
    ["maxlength(2)", "ab", "abc"],
    ["min(10)", "10", "9"],
    ["max(10)", "10", "11"],
    ["range(1,3)", "3", "4"],
    ["regex(^a+$)", "AA", "b"],
  ])("constraint %s takes %s and refuses %s", (constraint, good, bad) => {
    expect(match(`{p:${constraint}}`, `/${good}`)).toEqual({ p: good });
    expect(match(`{p:${constraint}}`, `/${bad}`)).toBeUndefined();
  });

  it.each([
    ["/a", "must not start with"],
    ["a//b", "empty segment"],
    ["{a", "'{' without a '}'"],
    ["a}", "'}' without a '{'"],
    ["{a}{b}", "need a literal between"],
    ["{a}/{A}", "appears twice"],
    ["{*a}/b", "nothing may follow"],
    ["x{*a}", "segment of its own"],
    ["{*a?}", "cannot be optional"],
    ["{a=1?}", "cannot be optional and have a default"],
    ["{a}-{b?}", "after a '.'"],
    ["{}", "no usable parameter name"],
    ["{a:nope}", "'nope' is not known"],
    ["{a:length}", "whole number"],
    ["{a:int(3)}", "takes no argument"],
    ["{a:regex([)}", "not a regular expression"],
  ])("%s is refused", (template, reason) => {
    expect(() => new RouteTemplate(template)).toThrow(reason);
  });

  it("takes parameter names like __proto__ as plain names", () => {
    const values = new RouteTemplate("{__proto__}").match(["x"]);

    expect(Object.entries(values!)).toEqual([["__proto__", "x"]]);
  });
});
