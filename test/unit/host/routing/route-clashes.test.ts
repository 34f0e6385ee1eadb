import { expect, it } from "vitest";
import { findRouteClashes } from "../../../../src/host/routing/route-clashes.ts";

const routes = (...all: readonly (readonly [string, string, ...string[]])[]) =>
  all.map(([functionName, route, ...methods]) => ({ functionName, route, methods }));

it.each([
  [routes(["a", "x/{id}"], ["b", "x/{name}"]), ["b behind a"]],
  [routes(["b", "x/{id}"], ["a", "x/{name}"]), ["b behind a"]],
  [routes(["a", "x/{id}", "GET"], ["b", "x/{name}", "POST"]), []],
  [routes(["a", "x/{id}", "GET", "POST"], ["b", "x/{name}", "post"]), ["b behind a for POST"]],
  [routes(["a", "x/{id:int}"], ["b", "x/{name:int}"]), ["b behind a"]],
  [routes(["a", "x/{id:int}"], ["b", "x/{name:alpha}"]), []],
  [routes(["a", "x/{id:int}"], ["b", "x/{name}"]), []],
  [routes(["a", "x/{id}"], ["b", "x/{name:int}"]), ["b behind a"]],
  [routes(["a", "x/{id}"], ["b", "x/all"]), ["b behind a"]],
  [routes(["a", "x/all"], ["b", "x/{id}"]), []],
  [routes(["a", "{*rest}"], ["b", "x/y/z"], ["c", "d"]), ["b behind a", "c behind a"]],
  [routes(["a", "x/{id}"], ["b", "x/{*rest}"]), []],
  [routes(["a", "x/{id?}"], ["b", "x"], ["c", "x/{other}"]), ["b behind a", "c behind a"]],
  [routes(["a", "x/{id}"], ["b", "x/{other?}"]), []],
  [routes(["a", "x"], ["b", "y"]), []],
])("of the routes %o these hide others: %j", (given, expected) => {
  const clashes = findRouteClashes(given).map(({ served, hidden, methods }) => {
    return `${hidden} behind ${served}${methods.length === 0 ? "" : ` for ${methods.join()}`}`;
  });

  expect(clashes).toEqual(expected);
});
