import { expect, it } from "vitest";
import type { HttpRoute } from "../../../../src/host/routing/route-table.ts";
import { RouteTable } from "../../../../src/host/routing/route-table.ts";

const route = (functionName: string, text?: string, methods?: string[]): HttpRoute => ({
  functionName,
  route: text,
  methods,
});

it("tries functions by name, ignoring case, and takes the first match however general", () => {
  const table = new RouteTable([route("b", "x/exact"), route("A", "x/{any}"), route("C", "{*all}")], "api");

  expect(table.match("GET", "/api/x/exact")?.functionName).toBe("A");
  expect(table.match("GET", "/api/else")?.functionName).toBe("C");
});

it("goes on to the next route when the method does not fit", () => {
  const table = new RouteTable([route("a", "x", ["POST"]), route("b", "x", ["GET"])], "api");

  expect(table.match("get", "/api/x")?.functionName).toBe("b");
  expect(table.match("DELETE", "/api/x")).toBeUndefined();
  expect(table.problems).toEqual([]);
});

it("uses the function's name for an empty route and honours an empty prefix", () => {
  const table = new RouteTable([route("hello"), route("other", "")], "");

  expect(table.match("GET", "/HELLO")?.functionName).toBe("hello");
  expect(table.templateOf("other")).toBe("other");
});

it.each([
  ["administrator/x", "built in routes"],
  ["Runtime", "built in routes"],
  ["/x", "must not start with"],
  ["{a", "without"],
])("refuses the route %s and serves the rest", (text, reason) => {
  const table = new RouteTable([route("bad", text), route("good", "ok")], "api");

  expect(table.problems).toEqual([{ functionName: "bad", message: expect.stringContaining(reason) }]);
  expect(table.match("GET", "/api/ok")?.functionName).toBe("good");
});

it("refuses the second of two functions with the same template and a common method", () => {
  const table = new RouteTable([route("one", "x/{a}", ["GET", "POST"]), route("two", "X/{A}", ["POST"])], "api");

  expect(table.problems).toEqual([
    { functionName: "two", message: "the route 'X/{A}' conflicts with the route of function 'one'" },
  ]);
});
